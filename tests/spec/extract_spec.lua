-- extract: what it keeps is read as it was read in the log that it is of, also where that is damaged.
local copy = require "tracereel.extract.copy"
local exact_json = require "tests.spec.exact_json"
local helper = require "tests.spec.helper"
local reel = require "tracereel"

local function extract(log, ...)
    local directory = helper.directory()
    return helper.run { "extract", log, "-o", directory, ... }, directory
end

-- What is read of the traces that are meant: records, gaps without their places, and the traces' states.
local function reading(path, is_meant)
    local lines = {}
    local log = reel.open(path)
    local function note(trace)
        if trace and is_meant(trace.id) then
            lines[#lines + 1] = trace:json()
        end
    end
    log:replay({
        record = function(rec)
            if is_meant(rec.trace_id) then
                lines[#lines + 1] = ("%d %s %s"):format(rec.sequence, tostring(rec.suspect), rec:json())
            end
        end,
        gap = function(gap)
            lines[#lines + 1] = ("gap %s %s %d %d"):format(gap.class, gap.segment, gap.length, gap.missing_count)
        end,
    }, {
        trace_complete = function(_, trace) note(trace) end,
        trace_failed = function(_, trace) note(trace) end,
    })
    for _, trace in ipairs(log:traces()) do
        note(trace)
    end
    return lines
end

local function ids_of(path)
    local ids, is_known = {}, {}
    for rec in reel.open(path):records() do
        if not is_known[rec.trace_id] then
            is_known[rec.trace_id] = true
            ids[#ids + 1] = rec.trace_id
        end
    end
    return ids
end

local function random_ids(path, share)
    local chosen = {}
    for _, id in ipairs(ids_of(path)) do
        chosen[id] = math.random() < share or nil
    end
    return chosen
end

-- Copies as the command does, and compares.
local function check_copy(path, chosen)
    local directory = helper.directory()
    local function is_meant(id)
        return chosen[id] ~= nil
    end
    local is_same
    for _, keeps_spans in ipairs { false, true } do
        local expected = copy.new(reel.open(path), directory, { ids = chosen, keeps_spans = keeps_spans }):run()
        is_same = expected == copy.digest(reel.open(directory), chosen)
        if is_same then
            break
        end
    end
    assert.is_true(is_same)
    assert.same(reading(path, is_meant), reading(directory, is_meant))
    return directory
end

local damaged = { "bad-type", "bit-flip-length", "bit-flip-payload", "edge", "garbage-middle", "lost-page",
    "missing-segment", "orders", "restarted", "short-middle-segment", "short-record", "torn-tail", "zero-tail" }

local function spoil(bytes)
    for _ = 1, math.random(1, 4) do
        local at, length = math.random(1, #bytes - 1), math.random(1, 200)
        local how = math.random(4)
        if how == 1 then
            bytes = bytes:sub(1, at - 1) .. string.char(bytes:byte(at) ~ 1 << math.random(0, 7)) .. bytes:sub(at + 1)
        elseif how == 2 then
            bytes = bytes:sub(1, at) .. bytes:sub(at + length)
        elseif how == 3 then
            bytes = bytes:sub(1, at) .. ("\0"):rep(length) .. bytes:sub(at + length + 1)
        else
            bytes = bytes:sub(1, at) .. ("g"):rep(length) .. bytes:sub(at + 1)
        end
    end
    return bytes
end

-- Records whose metadata is three others, and whose own bytes are broken: what is found inside is suspect.
local function with_records_in_records(path)
    local directory, parts = helper.directory(), {}
    for rec in reel.open(path):records() do
        parts[#parts + 1] = rec:bytes()
        if #parts % 20 == 0 then
            local inside = parts[#parts - 9] .. parts[#parts - 5] .. rec:bytes()
            local carrier = rec:copy { metadata = inside }:bytes()
            parts[#parts + 1] = carrier:sub(1, 30) .. string.char(carrier:byte(31) ~ 1) .. carrier:sub(32)
        end
    end
    helper.write(directory .. "/wal_0000000000000000.log", table.concat(parts))
    return directory
end

describe("extract", function()
    after_each(helper.clean)

    it("leaves gaps, taints and orders as they were in every sample log", function()
        math.randomseed(31)
        for _, name in ipairs(damaged) do
            for _, share in ipairs { 0, 0.2, 1 } do
                check_copy(helper.log(name), random_ids(helper.log(name), share))
            end
        end
    end)

    it("does so in logs that were spoiled at random, and in those with records in broken records", function()
        math.randomseed(32)
        local source = helper.read(helper.log("orders/wal_0000000000000001.log"))
        for _ = 1, 12 do
            local directory = helper.directory()
            helper.write(directory .. "/wal_0000000000000001.log", spoil(source))
            helper.write(directory .. "/wal_0000000000000002.log", spoil(source:sub(1, 4000)))
            check_copy(directory, random_ids(directory, math.random()))
        end
        local log = with_records_in_records(helper.log("orders"))
        local made = check_copy(log, random_ids(log, 0.1))
        assert.truthy(helper.run({ "check", "--json", made }).stdout:find("suspect_record", 1, true))
    end)

    it("takes the traces that traces --where shows, and says what it wrote", function()
        local log = helper.log("lost-page")
        local expression = 'error ~ "declined" or duration > 250ms'
        local shown = helper.run({ "traces", "--json", "--where", expression, log }).stdout
        local result, directory = extract(log, "--where", expression)
        assert.equal(3, result.status, result.stderr)
        assert.equal(shown, helper.run({ "traces", "--json", directory }).stdout)
        local records, beside = result.stdout:match("^wrote [^\n]*: (%d+) of [^\n]*\n(%d+) record")
        local read = 0
        for _ in reel.open(directory):records() do
            read = read + 1
        end
        assert.equal(tostring(read), records)
        local summary = exact_json((extract(log, "--where", expression, "--json")).stdout)
        assert.equal("#" .. beside, summary.beside_damage)
        assert.equal(helper.run({ "check", "--json", log }).status, helper.run({ "check", "--json", directory }).status)
    end)

    it("writes nothing where a log is, none is meant, or there is a pipe; and leaves the source as it was", function()
        local log = helper.log("orders")
        local before = helper.shell("sha256sum " .. log .. "/*")
        assert.equal(6, helper.run({ "extract", log, "-o", log }).status)
        local none, directory = extract(log, "--where", "duration > 10h")
        assert.equal(2, none.status)
        assert.truthy(none.stderr:find("nothing was written", 1, true))
        assert.equal("", (helper.shell("ls -A " .. directory)))
        assert.equal(2, helper.run({ "extract", "-", "-o", directory }).status)
        local open = helper.directory()
        helper.shell("rmdir " .. open)
        assert.equal(0, helper.run({ "extract", log, "--open", "-o", open .. "/" }).status)
        assert.equal("wal_0000000000000000.log\nwal_0000000000000001.log\nwal_0000000000000002.log\n",
            (helper.shell("ls -A " .. open)))
        assert.equal(before, (helper.shell("sha256sum " .. log .. "/*")))
    end)
end)

describe("extract --redact", function()
    after_each(helper.clean)

    local function sizes(path)
        local list = {}
        for rec in reel.open(path):records() do
            list[#list + 1] = ("%s %s %d %d %d"):format(rec.type, rec.trace_id, rec.timestamp_ns, #rec,
                #(rec.metadata or ""))
        end
        return list
    end

    it("covers texts and not keys, each as long as it was, also in bytes that cannot be read", function()
        for _, name in ipairs { "orders", "bit-flip-payload", "torn-tail", "edge" } do
            local log = helper.log(name)
            local _, directory = extract(log, "--redact", "metadata,errors")
            assert.same(sizes(log), sizes(directory))
            local function gaps(path)
                return (helper.run({ "check", "--json", path }).stdout:gsub('"[a-z_]*":"[^"]*: [^"]*"', ""))
            end
            assert.equal(gaps(log):match("^.-{\"summary"), gaps(directory):match("^.-{\"summary"))
            local bytes = helper.shell("cat " .. directory .. "/wal_*")
            for _, word in ipairs { "gateway", "declined", "order_processing", "ü" } do
                assert.is_nil(bytes:find(word, 1, true), name .. ": " .. word)
            end
        end
        local _, directory = extract(helper.log("orders"), "--redact", "metadata")
        local rec = reel.open(directory):records()()
        assert.equal('{"pipeline":"xxxxxxxxxxxxxxxx","order":11111,"customer":"xxxxx"}', rec.metadata)
        assert.equal(reel.open(helper.log("orders")):stats().open_traces, reel.open(directory):stats().open_traces)
        local suspensions = reel.open(directory):records { types = "trace_suspended" }
        for rec_before in reel.open(helper.log("orders")):records { types = "trace_suspended" } do
            -- What the engine goes by stays: how long, and what then.
            assert.equal((rec_before.metadata:gsub('("hook_id":")([^"]*)', function(key, value)
                return key .. ("x"):rep(#value)
            end)), suspensions().metadata)
        end
    end)

    it("takes what a Lua file makes, as long as the text was where that is asked for", function()
        local script = helper.script([[
            return function(text, field, rec)
                return field == "metadata" and "{}" or rec.type .. text:sub(1, 3)
            end
        ]])
        local log = helper.log("orders")
        local _, directory = extract(log, "--redact", script)
        for rec in reel.open(directory):records() do
            assert.is_true(rec.metadata == nil or rec.metadata == "{}")
            assert.is_true(rec.error_message == nil or rec.error_message:find("^" .. rec.type) ~= nil)
        end
        local _, filled = extract(log, "--redact", script, "--keep-lengths")
        assert.same(sizes(log), sizes(filled))
        local wrong = helper.script("return 1")
        local result = extract(log, "--redact", wrong)
        assert.equal(2, result.status)
        assert.truthy(result.stderr:find("a function (text, field, rec) expected, got 1", 1, true), result.stderr)
        assert.equal(2, (extract(log, "--redact", "names")).status)
    end)
end)

-- --since and --until in all their forms, time zones, and what `traces --json` says of when and how traces ran.
local exact_json = require "tests.spec.exact_json"
local helper = require "tests.spec.helper"
local reel = require "tracereel"

local orders = helper.log("orders")
-- The last timestamp of the log, and so many ns before it.
local end_ns, before_ns = 1764000000714781278, 250000000

local function run(...)
    local result = helper.run { ... }
    assert.equal(0, result.status, result.stderr)
    return result.stdout
end

local function start_times()
    local starts = {}
    for line in run("dump", "--json", orders):gmatch("[^\n]+") do
        local id = line:match('"trace_id":"([^"]+)"')
        starts[id] = starts[id] or math.tointeger(tonumber(line:match('"timestamp_ns":(%d+)')))
    end
    return starts
end

local function ids_of(text)
    local ids = {}
    for id in text:gmatch('"trace_id":"([^"]+)"') do
        ids[id] = true
    end
    return ids
end

describe("--since and --until", function()
    after_each(helper.clean)

    it("take the same time before the end, in nanoseconds, and as a date with and without a zone", function()
        local absolute = tostring(end_ns - before_ns)
        local forms = { "-250ms", "2025-11-24T16:00:00.464781278Z", "2025-11-24T17:00:00.464781278+01:00",
            "2025-11-24 16:00:00.464781278" }
        for _, words in ipairs { { "traces" }, { "dump", "--json" }, { "run", "--json", "throughput" },
            { "export", "--format", "csv" } } do
            local function with(form)
                local arguments = table.move(words, 1, #words, 1, {})
                table.move({ "--since", form, orders }, 1, 3, #arguments + 1, arguments)
                return run(table.unpack(arguments))
            end
            local expected = with(absolute)
            assert.is_true(expected ~= with("0"))
            for _, form in ipairs(words[1] == "traces" and forms or { "-250ms" }) do
                assert.equal(expected, with(form))
            end
        end
    end)

    it("of traces: those that began in the time", function()
        local expected, count = {}, 0
        for id, start_ns in pairs(start_times()) do
            if start_ns >= end_ns - 500000000 and start_ns < end_ns - before_ns then
                expected[id], count = true, count + 1
            end
        end
        assert.is_true(count > 5)
        assert.same(expected, ids_of(run("traces", "--json", "--since", "-500ms", "--until", "-250ms", orders)))
        assert.truthy(run("traces", "--since", "2026-01-01", orders):find("no trace that is meant began", 1, true))
    end)

    it("are refused where there is no end to count from", function()
        for words, message in pairs {
            [{ "traces", "--since", "-1h", "-" }] = "a pipe can be read only once",
            [{ "run", "throughput", "--since", "-1h", "--follow", orders }] = "followed has no end",
            [{ "run", "throughput", "--since", "-1h", "--partial", "no/file", orders }] = "--partial knows no end",
            [{ "dump", "--since", "-1h", "--until", "-2h", orders }] = "--since is not before --until",
        } do
            local result = helper.run(words)
            assert.equal(2, result.status)
            assert.truthy(result.stderr:find(message, 1, true), result.stderr)
        end
    end)
end)

-- A log of two traces, in winter and in summer.
local winter_s, summer_s = 1768435199, 1784073599

local function two_seasons()
    local directory = helper.directory()
    local writer = reel.writer(directory)
    for index, second in ipairs { winter_s, summer_s } do
        local id = ("0000000%d-0000-4000-8000-000000000000"):format(index)
        writer:append(reel.record.trace_start { trace_id = id, timestamp_ns = second * 1000000000 + 5 })
        writer:append(reel.record.trace_complete { trace_id = id, timestamp_ns = second * 1000000000 + 9 })
    end
    writer:close()
    return directory
end

describe("times in texts", function()
    after_each(helper.clean)

    it("are in UTC, in the machine's zone with its summer, or in one that is named", function()
        local log = two_seasons()
        local function by_date(zone, second)
            return (helper.shell(("TZ=%s date -d @%d '+%%F %%T%%:z'"):format(zone, second)):gsub("%s+$", ""))
        end
        local function shown(...)
            return helper.run({ "traces", log, ... }, { env = { TZ = "Europe/Berlin" } }).stdout
        end
        for _, second in ipairs { winter_s, summer_s } do
            assert.truthy(shown("--local"):find(by_date("Europe/Berlin", second), 1, true))
            assert.truthy(shown("--tz", "-03:30"):find(by_date("XXX3:30", second), 1, true))
            local utc = by_date("UTC", second):gsub("%+00:00$", "Z")
            assert.truthy(shown():find(utc, 1, true))
            assert.equal(shown(), shown("--utc"))
            assert.equal(shown(), shown("--tz", "Z"))
        end
        local dumped = run("dump", "--tz", "+02:00", log)
        assert.truthy(dumped:find("^%-%- 2026%-01%-15 %(%+02:00%)\n01:59:59%.000000 "), dumped)
        assert.truthy(run("dump", "--full", "--tz", "+02:00", log):find("^2026%-01%-15T01:59:59%.000000005%+02:00 "))
        assert.truthy(run("dump", "--stats", "--tz", "+02:00", log):find("from 2026-01-15T01:59:59.000000005+02:00",
            1, true))
        assert.truthy(run("show", "00000002", log, "--tz", "+02:00"):find("2026-07-15T01:59:59.000000005+02:00", 1,
            true))
        assert.equal(run("traces", "--json", log), run("traces", "--json", "--tz", "+02:00", log))
        assert.equal(run("dump", "--stats", "--json", log), run("dump", "--stats", "--json", "--tz", "+02:00", log))
    end)

    it("are refused in two zones, and in one that is none", function()
        assert.equal(2, helper.run({ "traces", "--utc", "--tz", "+02:00", orders }).status)
        local result = helper.run { "traces", "--tz", "CET", orders }
        assert.equal(2, result.status)
        assert.truthy(result.stderr:find('"CET" is not a time zone', 1, true), result.stderr)
    end)
end)

describe("traces --json", function()
    it("has duration_ns, outcome, metadata and last_error, as the records say", function()
        local expected, starts, lasts = {}, {}, {}
        for line in run("dump", "--json", orders):gmatch("[^\n]+") do
            local record = exact_json(line)
            local one = expected[record.trace_id] or { outcome = "open" }
            expected[record.trace_id] = one
            local time_ns = math.tointeger(tonumber(line:match('"timestamp_ns":(%d+)')))
            starts[record.trace_id] = starts[record.trace_id] or time_ns
            lasts[record.trace_id] = math.max(lasts[record.trace_id] or 0, time_ns)
            one.duration_ns = "#" .. lasts[record.trace_id] - starts[record.trace_id]
            one.metadata = one.metadata or record.type == "trace_start" and record.metadata or nil
            if record.type == "node_error" or record.type == "trace_failed" then
                one.last_error = record.error_message
            end
            one.outcome = record.type:match("^trace_(complete)$") or record.type:match("^trace_(failed)$")
                or one.outcome
        end
        expected["00000000-0000-0000-0000-000000000000"] = nil -- of checkpoints
        local found, error_count = {}, 0
        for line in run("traces", "--json", orders):gmatch("[^\n]+") do
            local object = exact_json(line)
            local message = line:find('"last_error":null', 1, true) == nil and object.last_error or nil
            error_count = error_count + (message and 1 or 0)
            found[object.trace_id] = { outcome = object.outcome, metadata = object.metadata,
                duration_ns = object.duration_ns, last_error = message }
        end
        assert.same(expected, found)
        assert.is_true(error_count > 10)
    end)

    it("has no duration of a trace of which only a snapshot knows", function()
        local text = run("traces", "--json", "--snapshot", helper.log("snapshot"))
        assert.truthy(text:find('"duration_ns":null,[^\n]*"start_ns":0,'))
        for line in text:gmatch("[^\n]+") do
            assert.equal(line:find('"start_ns":0,', 1, true) ~= nil, line:find('"duration_ns":null', 1, true) ~= nil)
        end
    end)
end)

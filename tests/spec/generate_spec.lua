-- `tracereel generate`: what it writes is a log that looks like the engine's, and always the same one.
local dkjson = require "dkjson"

local program = os.getenv("TRACEREEL") or "build/tracereel"
local directory

local function quote(text)
    return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function path_of(name)
    return directory .. "/" .. name
end

local function read_file(path)
    local file = assert(io.open(path, "rb"))
    local bytes = file:read("a")
    file:close()
    return bytes
end

-- Runs the program; gives its exit status and what it wrote to standard output and standard error.
local function tracereel(...)
    local words = { quote(program) }
    for _, argument in ipairs { ... } do
        words[#words + 1] = quote(argument)
    end
    local errors = path_of("stderr.txt")
    local process = io.popen(table.concat(words, " ") .. " 2>" .. quote(errors))
    local text = process:read("a")
    local _, _, status = process:close()
    local error_text = read_file(errors)
    return status, text, error_text
end

local function generate(name, ...)
    local status, text, error_text = tracereel("generate", path_of(name), "--json", ...)
    assert.are.equal("", error_text)
    assert.are.equal(0, status)
    return (dkjson.decode(text))
end

local function json_lines(...)
    local _, text = tracereel(...)
    local objects = {}
    for line in text:gmatch("[^\n]+") do
        objects[#objects + 1] = dkjson.decode(line, 1, nil)
    end
    return objects
end

-- What check lists before its summary.
local function checked(name)
    local objects = json_lines("check", "--json", path_of(name))
    assert.truthy(table.remove(objects).summary)
    return objects
end

local function dump(name)
    return json_lines("dump", "--json", path_of(name))
end

local function segment_path(log, sequence)
    return ("%s/wal_%016x.log"):format(log, sequence)
end

-- The bytes of all segments, one after another, read without tracereel.
local function bytes_of_log(log, segment_count)
    local parts = {}
    for sequence = 0, segment_count - 1 do
        parts[#parts + 1] = read_file(segment_path(log, sequence))
    end
    assert.is_nil(io.open(segment_path(log, segment_count), "rb"))
    return table.concat(parts)
end

local function log_bytes(name, segment_count)
    return bytes_of_log(path_of(name), segment_count)
end

-- FNV-1a, 64 bits.
local function fingerprint(bytes)
    local hash = 0xCBF29CE484222325
    for index = 1, #bytes do
        hash = (hash ~ bytes:byte(index)) * 0x100000001B3
    end
    return ("%016x"):format(hash)
end

local function count_types(records)
    local counts = setmetatable({}, {
        __index = function()
            return 0
        end,
    })
    for _, record in ipairs(records) do
        counts[record.type] = counts[record.type] + 1
    end
    return counts
end

local function by_trace(records)
    local traces = {}
    for _, record in ipairs(records) do
        local list = traces[record.trace_id] or {}
        traces[record.trace_id] = list
        list[#list + 1] = record
    end
    return traces
end

local function is_closed(records)
    local last = records[#records].type
    return last == "trace_complete" or last == "trace_failed"
end

describe("tracereel generate", function()
    setup(function()
        local process = io.popen("mktemp -d")
        directory = process:read("l")
        process:close()
    end)

    teardown(function()
        os.execute("rm -rf " .. quote(directory))
    end)

    it("writes the same bytes for the same seed and options, and others for another seed", function()
        local first = generate("first", "--traces", "50", "--seed", "7")
        local second = generate("second", "--traces", "50", "--seed", "7")
        local other = generate("other", "--traces", "50", "--seed", "8")
        assert.are.equal(log_bytes("first", first.segments), log_bytes("second", second.segments))
        assert.are_not.equal(log_bytes("first", first.segments), log_bytes("other", other.segments))
    end)

    it("writes these bytes on every machine", function()
        -- The expected value was computed with another encoder (Lua's string.pack and a CRC-32 of its own).
        local summary = generate("known", "--traces", "20", "--seed", "42", "--wait-done")
        assert.are.equal(28370, summary.bytes)
        assert.are.equal("d53d63cf2b922c2e", fingerprint(log_bytes("known", summary.segments)))
    end)

    it("reports exactly what it wrote", function()
        local summary = generate("summary", "--traces", "80", "--crash-after", "500ms", "--segment-size", "20000")
        local records = dump("summary")
        local open = 0
        for id, list in pairs(by_trace(records)) do
            if not id:match("^0000") and not is_closed(list) then
                open = open + 1
            end
        end
        assert.are.equal(#records, summary.records)
        assert.are.equal(count_types(records).trace_start, summary.traces)
        assert.are.equal(open, summary.open_traces)
        assert.are.equal(open, #json_lines("traces", "--open", "--json", path_of("summary")))
        assert.are.equal(#log_bytes("summary", summary.segments), summary.bytes)
        assert.is_true(summary.segments > 1)
    end)

    it("writes a log in which check and the state machine find nothing wrong", function()
        generate("clean", "--traces", "300", "--error-rate", "0.2", "--segment-size", "50000")
        assert.are.equal(0, (tracereel("check", path_of("clean"))))
        assert.are.same({}, checked("clean"))
        local script = path_of("violations.lua")
        local file = assert(io.open(script, "wb"))
        file:write([[
            local codes = {}
            return {
                api = 1,
                violation = function(_, _, code) codes[#codes + 1] = code end,
                finish = function() return table.concat(codes, " ") .. "." end,
            }]])
        file:close()
        local status, text = tracereel("run", script, path_of("clean"))
        assert.are.equal(0, status)
        assert.are.equal(".", (text:gsub("%s+$", "")))
    end)

    it("writes every kind of event of an order", function()
        generate("rich", "--traces", "300", "--error-rate", "0.2")
        local records = dump("rich")
        local counts = count_types(records)
        for _, name in ipairs {
            "trace_start", "node_start", "node_done", "node_error", "trace_complete", "trace_failed", "trace_suspended",
            "trace_resumed", "checkpoint", "loop_iteration", "loop_exit",
        } do
            assert.is_true(counts[name] > 0, "no " .. name)
        end
        local dropped, interleaved = 0, 0
        for _, list in pairs(by_trace(records)) do
            if list[#list].type == "node_error" then
                dropped = dropped + 1
            end
        end
        for index = 2, #records do
            if records[index].trace_id ~= records[index - 1].trace_id then
                interleaved = interleaved + 1
            end
        end
        assert.is_true(dropped > 0)
        assert.is_true(interleaved > 300)
    end)

    it("follows the pipeline in every order that completes", function()
        generate("flow", "--traces", "200")
        for _, list in pairs(by_trace(dump("flow"))) do
            if list[#list].type == "trace_complete" then
                local done, outputs_end = {}, 128
                for _, record in ipairs(list) do
                    if record.type == "node_done" then
                        done[#done + 1] = record.node_id
                        assert.is_true(record.output_offset >= outputs_end)
                        outputs_end = record.output_offset + record.output_size
                    end
                end
                local order = table.concat(done, " ")
                assert.is_truthy(order:match("^0 1 2 7 3 5 6$") or order:match("^0 1 7 2 3 5 6$"), order)
            end
        end
    end)

    it("leaves out node_start records, and nothing else, with --no-starts", function()
        generate("with-starts", "--checkpoint-every", "0")
        generate("done-only", "--checkpoint-every", "0", "--no-starts")
        local expected = {}
        for _, record in ipairs(dump("with-starts")) do
            if record.type ~= "node_start" then
                expected[#expected + 1] = record
            end
        end
        local records = dump("done-only")
        assert.are.equal(100, count_types(records).trace_start)
        assert.are.same(expected, records)
    end)

    it("writes waits as the engine does, and with --wait-done a node_done besides", function()
        local function records(name, ...)
            generate(name, "--checkpoint-every", "0", "--traces", "200", "--approval-share", "0.5", ...)
            return dump(name)
        end
        local expected, waited = {}, 0
        for _, record in ipairs(records("wait-done", "--wait-done")) do
            if record.type == "node_done" and record.node_id == 4 then
                waited = waited + 1
            else
                expected[#expected + 1] = record
            end
        end
        local written = records("wait")
        local counts = count_types(written)
        assert.is_true(waited > 50)
        assert.are.equal(waited, counts.trace_resumed)
        assert.are.equal(waited, counts.trace_suspended)
        assert.are.same(expected, written)
    end)

    it("stops after a number of records or a span of time", function()
        assert.are.equal(123, generate("after-records", "--crash-after", "123").records)
        assert.are.equal(123, #dump("after-records"))
        generate("after-time", "--crash-after", "300ms", "--start-time", "2026-01-02T03:04:05Z")
        local records = dump("after-time")
        local start_ns = 1767323045000000000
        assert.are.equal(start_ns, records[1].timestamp_ns)
        assert.is_true(records[#records].timestamp_ns < start_ns + 300000000)
        assert.is_true(records[#records].timestamp_ns > start_ns + 200000000)
    end)

    it("leaves a torn tail after the same records with --torn", function()
        local whole = generate("whole", "--crash-after", "500")
        local torn = generate("torn", "--crash-after", "500", "--torn")
        local more = generate("one-more", "--crash-after", "501")
        local whole_bytes, torn_bytes = log_bytes("whole", whole.segments), log_bytes("torn", torn.segments)
        assert.are.equal(500, torn.records)
        assert.are.equal(#whole_bytes + torn.torn_bytes, #torn_bytes)
        assert.are.equal(log_bytes("one-more", more.segments):sub(1, #torn_bytes), torn_bytes)
        assert.are.equal(0, (tracereel("check", path_of("torn"))))
        assert.are.same({
            {
                class = "torn_tail",
                segment = "wal_0000000000000000.log",
                offset = #whole_bytes,
                length = torn.torn_bytes,
            },
        }, checked("torn"))
    end)

    it("lets orders wait for ever with --approval-wait never", function()
        local summary = generate("waiting", "--approval-share", "1", "--approval-wait", "never", "--error-rate", "0")
        assert.are.equal(100, summary.open_traces)
        local open = json_lines("traces", "--open", "--json", path_of("waiting"))
        assert.are.equal(100, #open)
        for _, trace in ipairs(open) do
            assert.are.equal(4, trace.suspended_at)
            assert.are.same({ action = "await_resume", node = 4 }, trace.recovery)
        end
    end)

    it("reproduces the example log with the documented command", function()
        local readme = read_file("examples/logs/README.md"):gsub("\\\n", " ")
        local arguments = {}
        for word in readme:match("tracereel generate examples/logs/orders ([^\n]+)"):gmatch("%S+") do
            arguments[#arguments + 1] = word
        end
        local summary = generate("example", table.unpack(arguments))
        local expected = bytes_of_log("examples/logs/orders", summary.segments)
        assert.are.equal(expected, log_bytes("example", summary.segments))
    end)

    it("never writes into an existing log", function()
        local summary = generate("there", "--traces", "5")
        local before = log_bytes("there", summary.segments)
        local status, text, error_text = tracereel("generate", path_of("there"), "--traces", "5")
        assert.are.equal(6, status)
        assert.are.equal("", text)
        assert.is_truthy(error_text:find(path_of("there"), 1, true))
        assert.are.equal(before, log_bytes("there", summary.segments))
    end)

    it("leaves nothing when it is interrupted, and says so", function()
        -- Interrupted as soon as something was written; after 20 seconds in any case.
        local shell = [[
            %s generate %s --traces 100000000 2>&1 &
            for _ in $(seq 400); do [ -s %s ] && break; sleep 0.05; done
            kill -INT $!; wait $!; echo $?]]
        local segment = segment_path(path_of("interrupted.tracereel-unfinished"), 0)
        local process = io.popen(shell:format(quote(program), quote(path_of("interrupted")), quote(segment)))
        local text = process:read("a")
        process:close()
        assert.are.equal(("tracereel: interrupted: the log was not written to its end\n"
            .. "tracereel: %s was not written: nothing of it is left\n130\n"):format(path_of("interrupted")), text)
        assert.is_nil(io.open(segment, "rb"))
    end)

    it("names what is wrong with an option", function()
        for _, case in ipairs {
            { "--traces", "0" },
            { "--rate", "-1" },
            { "--error-rate", "1.5" },
            { "--approval-wait", "long" },
            { "--crash-after", "0s" },
            { "--segment-size", "68" },
            { "--start-time", "yesterday" },
        } do
            local status, _, error_text = tracereel("generate", path_of("wrong"), case[1] .. "=" .. case[2])
            assert.are.equal(2, status)
            assert.is_truthy(error_text:find('"' .. case[2] .. '"', 1, true), error_text)
        end
        assert.is_nil(io.open(path_of("wrong")))
    end)

    it("names a directory that it cannot write to", function()
        local status, _, error_text = tracereel("generate", path_of("no/such/parent"))
        assert.are.equal(4, status)
        assert.is_truthy(error_text:find("no/such/parent", 1, true))
    end)
end)

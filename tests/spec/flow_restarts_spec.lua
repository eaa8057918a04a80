-- Restarts of the engine in a log, and nodes that have other numbers since.
local flow_logs = require "tests.spec.flow_logs"
local helper = require "tests.spec.helper"
local restarts = require "tracereel.log.restarts"
local tracereel = require "tracereel"

local twice = "tests/fixtures/logs-engine/orders-killed-twice/wal"

local flow = { names = { "t", "a", "b", "w", "z" }, triggers = { t = true }, waits = { w = true },
    edges = { { "t", "out", "a" }, { "a", "out", "b" }, { "b", "out", "w" }, { "w", "out", "z" } } }
local first_numbers = { t = 0, a = 1, b = 2, w = 3, z = 4 }
local other_numbers = { t = 0, a = 2, b = 1, w = 4, z = 3 }

local function traces(first, last)
    local list = {}
    for trace = first, last do
        list[#list + 1] = trace
    end
    return list
end

-- Twelve traces with the first numbers and two that a crash leaves open, which a recovery goes on with; then twelve
-- more, with these numbers. Returns the directory, and the offset of the recovery's first record.
local function killed_once(numbers)
    local log = flow_logs.writer()
    flow_logs.run(log, flow, first_numbers, traces(1, 14), math.random, { [13] = 1, [14] = 1 })
    local _, offset = log.append("trace_resumed", 13)
    log.append("node_done", 13, { node_id = 1 })
    log.append("trace_resumed", 14)
    flow_logs.run(log, flow, numbers, traces(15, 26), math.random)
    return log.close(), offset
end

local function check_lines(directory, ...)
    local ran = helper.run { "check", "--json", directory, ... }
    local lines = {}
    for line in ran.stdout:gmatch("[^\n]+") do
        lines[#lines + 1] = tracereel.json_decode(line)
    end
    assert.truthy(table.remove(lines).summary)
    return lines, ran
end

describe("restarts in a log", function()
    teardown(helper.clean)

    it("are at the first trace that a recovery resumes, and not where a person resumes one", function()
        local list = restarts.find(twice)
        assert.equal(1, #list)
        -- The records after it go on with 3dfa9f00, which was not suspended; those before it resume suspended traces.
        assert.equal(13419, list[1].offset)
        assert.same({}, restarts.find("tests/fixtures/logs-engine/wait-min/log"))
        assert.same({}, restarts.find("tests/fixtures/logs-engine/orders-killed/wal"))
    end)

    it("are counted again when a recovery resumes a trace that has moved on since the latest one", function()
        local log = flow_logs.writer()
        local offsets = {}
        for trace = 1, 3 do
            log.append("trace_start", trace)
        end
        for trace = 1, 2 do
            local _, offset = log.append("trace_resumed", trace)
            offsets[trace] = offset
        end
        log.append("trace_start", 4)
        local _, second = log.append("trace_resumed", 2)
        log.append("trace_resumed", 4)
        log.append("trace_resumed", 3)
        local _, third = log.append("trace_resumed", 4)
        local found = {}
        for index, restart in ipairs(restarts.find(log.close())) do
            found[index] = restart.offset
        end
        assert.same({ offsets[1], second, third }, found)
    end)

    it("are at a torn record inside the log, counted once whatever a recovery then writes", function()
        local list = restarts.find(helper.log("restarted"))
        assert.equal(1, #list)
        assert.equal("torn_write", list[1].sign)
        local gap = check_lines(helper.log("restarted"))[1]
        assert.equal("torn_write", gap.class)
        assert.equal(gap.offset, list[1].offset)
    end)

    it("are not at a record that a plan wrote", function()
        local log = flow_logs.writer()
        log.append("trace_start", 1)
        log.append("trace_resumed", 1, { metadata = '{"tracereel":{"plan":1}}' })
        assert.same({}, restarts.find(log.close()))
    end)
end)

describe("--since-restart", function()
    teardown(helper.clean)

    it("reads what was written between two restarts and nothing else", function()
        local directory, offset = killed_once(first_numbers)
        local function records(number)
            local ran = helper.run { "check", directory, "--since-restart", number }
            return math.tointeger(tonumber(ran.stdout:match("(%d+) records"))), ran
        end
        local all = math.tointeger(tonumber(helper.run({ "check", directory }).stdout:match("(%d+) records")))
        local before = 0
        for rec in tracereel.open(directory):records() do
            before = before + (rec.offset < offset and 1 or 0)
        end
        assert.equal(before, (records("0")))
        assert.equal(all - before, (records("1")))
        local ran = helper.run { "check", directory, "--since-restart", "2" }
        assert.equal(2, ran.status)
        assert.matches(("shows 1 restart: 1 at wal_0000000000000000.log:%d, "):format(offset), ran.stderr, 1, true)
    end)

    it("is an option of each command that reads traces, and leaves out traces from before", function()
        local directory = killed_once(first_numbers)
        local report = helper.run({ "timing", "--json", "--since-restart", "1", directory }).stdout
        assert.equal(12, tracereel.json_decode(report).traces.complete_count)
        local rows = helper.run({ "export", "--format", "jsonl", "--since-restart", "0", directory }).stdout
        assert.equal(14, select(2, rows:gsub("\n", "\n")))
        local open = helper.run({ "traces", "--json", "--open", "--since-restart", "0", directory }).stdout
        assert.equal(2, select(2, open:gsub('"trace_id"', "")))
        local ran = helper.run { "show", "--since-restart", "1", flow_logs.trace_id(1), directory }
        assert.matches("no trace whose id begins with", ran.stderr, 1, true)
    end)

    it("is refused beside --from and --snapshot, and for a pipe", function()
        for _, words in ipairs { { "--from", "0:0", twice }, { "--snapshot", twice }, { "-" } } do
            local ran = helper.run({ "check", "--since-restart", "0", table.unpack(words) }, { stdin = "" })
            assert.equal(2, ran.status)
            assert.matches("--since-restart", ran.stderr, 1, true)
        end
    end)
end)

describe("nodes with other numbers since a restart", function()
    teardown(helper.clean)

    it("are reported by check, timing and flow, with the restart and the nodes", function()
        local directory, offset = killed_once(other_numbers)
        local lines = check_lines(directory)
        assert.same({ class = "renumbered", restart = 1, segment = "wal_0000000000000000.log", offset = offset,
            nodes = { 1, 2, 3, 4 } }, lines[1])
        for _, words in ipairs { { "check" }, { "timing" }, { "flow" } } do
            words[#words + 1] = directory
            local ran = helper.run(words)
            assert.equal(0, ran.status, ran.stderr)
            local text = ran.stdout .. ran.stderr
            assert.matches(("restart 1 (wal_0000000000000000.log:%d, 20"):format(offset), text, 1, true)
            -- Twelve whole traces on both sides, and the two that the crash left had run no further than the trigger.
            assert.matches("node 1 was over before 2 began in all 12 traces, and since then 2 before 1 in all 12",
                text, 1, true)
            assert.matches("node 3 waited, and since then runs", text, 1, true)
        end
    end)

    it("are not reported if the numbers are the same, nor for one period alone", function()
        for _, directory in ipairs { killed_once(first_numbers), twice, "tests/fixtures/logs-engine/overlap/wal",
            helper.log("restarted") } do
            for _, line in ipairs((check_lines(directory))) do
                assert.not_equal("renumbered", line.class)
            end
            assert.equal("", helper.run({ "flow", directory }).stderr)
        end
        local directory = killed_once(other_numbers)
        assert.same({}, (check_lines(directory, "--since-restart", "1")))
    end)

    it("are not reported on the evidence of a few traces", function()
        local log = flow_logs.writer()
        flow_logs.run(log, flow, first_numbers, traces(1, 3), math.random, { [3] = 1 })
        log.append("trace_resumed", 3)
        flow_logs.run(log, flow, { t = 0, a = 2, b = 1, w = 3, z = 4 }, traces(4, 5), math.random)
        assert.same({}, (check_lines(log.close())))
    end)

    it("get the numbers that --yaml finds in each period", function()
        local directory = killed_once(other_numbers)
        local yaml = flow_logs.yaml(flow, helper.directory() .. "/flow.yaml")
        local ran = helper.run { "flow", "--yaml", yaml, directory }
        assert.equal(6, ran.status)
        assert.matches("numbers the nodes anew at each start, and the log shows restarts: --since-restart",
            ran.stderr, 1, true)
        for number, expected in pairs { ["0"] = first_numbers, ["1"] = other_numbers } do
            ran = helper.run { "flow", "--json", "--yaml", yaml, "--since-restart", number, directory }
            local answer, found = tracereel.json_decode(ran.stdout), {}
            assert.same({}, answer.ambiguous)
            for id, node in pairs(answer.nodes) do
                found[node.name] = math.tointeger(tonumber(id))
            end
            assert.same(expected, found)
        end
    end)
end)

describe("a log that is opened up to a position", function()
    it("ends there, whatever follows", function()
        for _, path in ipairs { helper.log("orders"), helper.log("archived"), helper.log("garbage-middle"), twice } do
            local places = {}
            for rec in tracereel.open(path):records() do
                places[#places + 1] = { sequence = rec.sequence, offset = rec.offset }
            end
            for index = 1, #places, #places // 20 do
                local count = 0
                local log = tracereel.open(path, { to = places[index] })
                for _ in log:records() do
                    count = count + 1
                end
                assert.equal(index - 1, count)
                assert.equal(0, log:stats().gaps.torn_tail)
            end
        end
        assert.has_error(function()
            tracereel.open(twice, { to = 3 })
        end, "to must be a table with sequence and offset, is 3")
    end)
end)

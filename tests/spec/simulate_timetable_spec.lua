local core = require "tracereel.core"
local helper = require "tests.spec.helper"
local reel = require "tracereel"
local simulation_logs = require "tests.spec.simulation_logs"

local ms, start_ns = simulation_logs.millisecond, simulation_logs.start_ns

-- Trace 1 runs 10 ms and closes, trace 2 runs 20 ms and closes, trace 3 is open at the end.
local function log_of_three()
    return simulation_logs.write {
        { "trace_start", 0, 0, 1 },
        { "node_start", 0, 1, 1 },
        { "trace_start", 5, 0, 2 },
        { "node_start", 5, 1, 2 },
        { "node_done", 10, 1, 1 },
        { "trace_complete", 10, 0, 1 },
        { "trace_start", 15, 0, 3 },
        { "node_start", 15, 1, 3 },
        { "node_done", 25, 1, 2 },
        { "trace_complete", 25, 0, 2 },
    }
end

local function never()
    error("nothing is asked")
end

-- The records of the simulated log: type@ms, and of trace_start the number of the trace that the id is recorded of.
local function simulated(recording, timetable)
    local directory = helper.directory() .. "/simulated"
    local stats = recording:simulate({ seed = 1, timetable = timetable }, directory, never)
    local lines = {}
    for rec in reel.open(directory):records { types = { "trace_start", "trace_complete" } } do
        local number = rec.trace_id:match("^00000000%-0000%-4000%-8000%-0*(%d+)$")
        lines[#lines + 1] = ("%s@%d %s"):format(rec.type, (rec.timestamp_ns - start_ns) // ms, number or "copy")
    end
    return lines, stats
end

describe("a simulation by a timetable", function()
    after_each(helper.clean)

    it("lets recorded traces arrive at its times and in its order, copies of them under new ids", function()
        local lines, stats = simulated(core.recording(log_of_three()), {
            times_ns = { start_ns, start_ns + 100 * ms, start_ns + 101 * ms }, traces = { 2, 1, 2 },
            are_copies = { false, false, true },
        })
        assert.same({ "trace_start@0 2", "trace_complete@20 2", "trace_start@100 1", "trace_start@101 copy",
            "trace_complete@110 1", "trace_complete@121 copy" }, lines)
        assert.equal(3, stats.traces)
    end)

    it("has no trace where it is empty", function()
        local lines, stats = simulated(core.recording(log_of_three()), { times_ns = {}, traces = {}, are_copies = {} })
        assert.same({}, lines)
        assert.equal(0, stats.traces)
    end)

    it("refuses a trace that the recording does not have", function()
        for _, index in ipairs { 0, 4, -1 } do
            local called, problem = pcall(simulated, core.recording(log_of_three()),
                { times_ns = { start_ns }, traces = { index }, are_copies = { false } })
            assert.False(called)
            assert.matches("timetable: a trace that the log does not have", tostring(problem))
        end
    end)
end)

describe("a recording", function()
    after_each(helper.clean)

    local function traces_of(recording)
        local traces = {}
        for index = 1, recording:stats().traces do
            local _, records, trace_start_ns, _, last_ns, is_closed = recording:trace_at(index)
            traces[index] = ("%d records, %d to %d%s"):format(records, (trace_start_ns - start_ns) // ms,
                (last_ns - start_ns) // ms, is_closed and ", closed" or "")
        end
        return traces
    end

    it("knows of each trace when it began, when its last record came, and whether it is closed", function()
        assert.same({ "4 records, 0 to 10, closed", "4 records, 5 to 25, closed", "2 records, 15 to 15" },
            traces_of(core.recording(log_of_three())))
    end)

    it("ends before a position, as if the log ended there", function()
        local log = log_of_three()
        local cut
        for rec in reel.open(log):records { types = "trace_start" } do
            cut = { sequence = rec.sequence, offset = rec.offset }
        end
        assert.same({ "4 records, 0 to 10, closed", "2 records, 5 to 5" },
            traces_of(core.recording(log, nil, cut)))
    end)
end)

-- A trace that begins at the time 0: an imported log can, and 0 is a time like any other there.
local helper = require "tests.spec.helper"
local tracereel = require "tracereel"

local trace_id = "00000000-0000-4000-8000-000000000001"

local function log_from_zero()
    local log = helper.directory()
    local writer = tracereel.writer(log)
    for _, record in ipairs {
        { "trace_start", 0 }, { "node_start", 10, 1 }, { "node_done", 250, 1 }, { "trace_complete", 300 },
    } do
        writer:append(tracereel.record[record[1]] { trace_id = trace_id, timestamp_ns = record[2],
            node_id = record[3] })
    end
    writer:close()
    return log
end

describe("a trace that begins at the time 0", function()
    teardown(helper.clean)

    it("lasts from there to its end, for scripts, traces and show", function()
        local log, durations = log_from_zero(), {}
        tracereel.open(log):replay { trace_complete = function(_, trace)
            durations[#durations + 1] = trace.duration_ns
        end }
        assert.same({ 300 }, durations)
        assert.matches("1970%-01%-01 00:00:00Z +300 ns", helper.output_of("traces", log))
        local shown = helper.output_of("show", trace_id, log)
        assert.matches("started +1970%-01%-01T00:00:00", shown)
        assert.matches("took +300 ns", shown)
    end)

    it("has its makespan in simulate --sweep", function()
        local scenario = helper.write(helper.directory() .. "/scenario.lua", "return {}")
        local ran = helper.output_of("simulate", scenario, log_from_zero(), "--sweep", "limits.nodes=1,2", "--json")
        for _, point in ipairs(tracereel.json_decode(ran).points) do
            assert.equal(300, math.tointeger(point.measures.makespan_p50.simulated))
        end
    end)
end)

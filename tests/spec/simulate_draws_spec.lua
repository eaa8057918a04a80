local helper = require "tests.spec.helper"
local reel = require "tracereel"
local simulation_logs = require "tests.spec.simulation_logs"

-- Three traces, each with node 2 beside node 3, and node 3 once more.
local function log_of_three()
    local traces = {}
    for number = 1, 3 do
        local at = number * 5
        traces[number] = {
            { "trace_start", at, 0 }, { "node_start", at, 2 }, { "node_start", at, 3 }, { "node_done", at + 10, 2 },
            { "node_done", at + 20, 3 }, { "node_start", at + 20, 3 }, { "node_done", at + 40, 3 },
            { "trace_complete", at + 40, 0 },
        }
    end
    return simulation_logs.write_traces(traces)
end

-- Run times of a node's attempts, trace by trace, in the simulated log.
local function run_times(scenario, node)
    local _, _, directory = simulation_logs.play(scenario, log_of_three())
    local times, started = {}, {}
    for rec in reel.open(directory):records { nodes = { node } } do
        if rec.type == "node_start" then
            started[rec.trace_id] = rec.timestamp_ns
        elseif rec.type == "node_done" or rec.type == "node_error" then
            local of_trace = times[rec.trace_id] or {}
            of_trace[#of_trace + 1] = rec.timestamp_ns - started[rec.trace_id]
            times[rec.trace_id] = of_trace
        end
    end
    return times
end

local draws = "function(ns, _, _, random) return random.exponential(ns) end"

describe("what a scenario's function draws", function()
    after_each(helper.clean)

    local alone = ("return { node = { [3] = { time = %s } } }"):format(draws)

    it("does not depend on another node's times or number of draws", function()
        local expected = run_times(alone, 3)
        local three = "function(_, _, _, random) return random(9) + random(9) + random(9) end"
        for _, other in ipairs { draws, "'7s'", three } do
            assert.same(expected, run_times(("return { node = { [3] = { time = %s }, [2] = { time = %s } } }")
                :format(draws, other), 3))
        end
    end)

    it("does not depend on arrivals, limits or other traces", function()
        local expected = run_times(alone, 3)
        for _, more in ipairs { 'arrivals = { every = "1s" }', "limits = { nodes = 1 }", "traces = 3" } do
            assert.same(expected, run_times(("return { node = { [3] = { time = %s } }, %s }"):format(draws, more), 3))
        end
        local fewer = run_times(("return { node = { [3] = { time = %s } }, traces = 2 }"):format(draws), 3)
        for id, times in pairs(fewer) do
            assert.same(expected[id], times)
        end
    end)

    it("is a different number for each trace, run, attempt and question", function()
        local scenario = [[return { node = { [3] = { retry = { max = 1 },
            time = function(_, _, _, random) return random(1, 1000000000) end,
            fail = function(_, attempt, random) return random() < 1 and attempt == 1 end } } }]]
        local all, count = {}, 0
        for _, times in pairs(run_times(scenario, 3)) do
            for _, time in ipairs(times) do
                all[time] = true
                count = count + 1
            end
        end
        assert.equal(3 * 2 * 2, count)
        local different = 0
        for _ in pairs(all) do
            different = different + 1
        end
        assert.equal(count, different)
    end)

    it("differs with another seed", function()
        local other = alone:gsub("return {", "return { seed = 1,")
        assert.not_same(run_times(alone, 3), run_times(other, 3))
    end)

    it("does not move the arrivals", function()
        local function starts(scenario)
            local found = {}
            for _, line in ipairs((simulation_logs.play(scenario, log_of_three()))) do
                found[#found + 1] = line:match("^trace_start .*")
            end
            return found
        end
        local expected = starts "return { traces = 50, arrivals = { rate = 100 } }"
        assert.equal(50, #expected)
        assert.same(expected, starts(("return { traces = 50, arrivals = { rate = 100 }, node = { default = { time = %s "
            .. "} } }"):format(draws)))
    end)
end)

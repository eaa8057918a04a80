-- Simulations of a log whose flow names its nodes: which nodes the names of a scenario mean, and the order by a flow
-- that has more nodes than the log.
local dkjson = require "dkjson"
local helper = require "tests.spec.helper"
local imported = require "tests.spec.imported"
local simulation_logs = require "tests.spec.simulation_logs"

-- Node 1 waits for 20 ms of its own; node 2 begins 1 ms after that.
local function named_log(flow)
    local function wait(kind, ms)
        return { kind, ms, 1, fields = { metadata = dkjson.encode { wait = "timer" } } }
    end
    local log = simulation_logs.write {
        { "trace_start", 0 }, { "node_start", 1, 1 }, wait("trace_suspended", 1), wait("trace_resumed", 21),
        { "node_done", 21, 1 }, { "node_start", 22, 2 }, { "node_done", 25, 2 }, { "trace_complete", 25 },
    }
    helper.write(log .. "/tracereel.flow.lua", flow)
    return log
end

local function bytes(scenario, log)
    local directory, result = simulation_logs.simulate(scenario, log)
    assert.equal("", result.stderr)
    return imported.bytes(directory)
end

describe("a simulation of a log with names", function()
    after_each(helper.clean)

    it("takes a name in the place of a number for suspensions, too", function()
        local log = named_log 'return { nodes = { [1] = { name = "nap" }, [2] = { name = "work" } } }'
        local by_name = bytes("return { suspension = { nap = { time = 2 } } }", log)
        assert.equal(bytes("return { suspension = { [1] = { time = 2 } } }", log), by_name)
        assert.not_equal(bytes("return {}", log), by_name)
    end)

    it("refuses a name that several nodes have", function()
        local log = named_log 'return { nodes = { [1] = { name = "twin" }, [2] = { name = "twin" } } }'
        local scenario = helper.write(helper.directory() .. "/scenario.lua",
            "return { api = 1, node = { twin = { time = 2 } } }")
        local run = helper.run { "simulate", scenario, log, "-o", helper.directory() .. "/out" }
        assert.equal(2, run.status, run.stderr)
        assert.matches('node["twin"]', run.stderr, 1, true)
    end)

    it("has a node come after what comes before those of the flow that are not in the log", function()
        local log = named_log [[return { nodes = { [1] = { name = "nap", after = {} },
            [8] = { name = "routed", after = { 1 } }, [9] = { name = "round", after = { 8 } },
            [2] = { name = "work", after = { 9 } } } }]]
        local direct = named_log [[return { nodes = { [1] = { name = "nap", after = {} },
            [2] = { name = "work", after = { 1 } } } }]]
        local slower = "return { suspension = { [1] = { time = 3 } } }"
        assert.equal(bytes(slower, direct), bytes(slower, log))
        assert.not_equal(bytes("return {}", log), bytes(slower, log))
    end)

    it("takes names in the place of numbers for loops and what is inside of them", function()
        local log = simulation_logs.write {
            { "trace_start", 0 }, { "loop_iteration", 1, 8, fields = { iteration = 0 } }, { "node_start", 2, 3 },
            { "node_done", 12, 3 }, { "loop_exit", 14, 8, fields = { iteration = 1 } }, { "trace_complete", 15 },
        }
        helper.write(log .. "/tracereel.flow.lua",
            'return { nodes = { [8] = { name = "again" }, [3] = { name = "step" } } }')
        local by_name = bytes('return { loop = { again = { iterations = 3, body = { "step" } } } }', log)
        assert.equal(bytes("return { loop = { [8] = { iterations = 3, body = { 3 } } } }", log), by_name)
        assert.not_equal(bytes("return {}", log), by_name)
    end)
end)

-- Arguments of a scenario: declared as a script's are, and handed to its `start`, whose answer becomes part of it.
local helper = require "tests.spec.helper"
local simulation = require "tracereel.simulation"
local simulation_logs = require "tests.spec.simulation_logs"

local log = simulation_logs.one_node

local slower = [[
local added
return {
    args = { ms = { type = "number", default = 5, min = 0 } },
    seed = 7,
    node = { [1] = { fail = 1 } },
    start = function(args)
        added = args.ms * 1000000
        return { node = { [1] = { time = function(ns) return ns + added end } } }
    end,
}]]

local function lasted(arguments)
    local directory, ran = simulation_logs.simulate(slower, log(), arguments)
    assert.equal(0, ran.status, ran.stderr)
    return simulation_logs.lines(directory)
end

describe("a scenario's arguments", function()
    after_each(helper.clean)

    it("have their defaults, and the values of --arg", function()
        -- The recorded node takes 10 ms. That it fails is in a table that start's answer replaces as a whole.
        assert.same({ "trace_start 0@0", "node_start 1@0", "node_done 1@15", "trace_complete 0@15" }, lasted {})
        assert.equal("node_done 1@30", lasted({ "-a", "ms=20" })[3])
    end)

    it("of type duration are nanoseconds where a time is expected, and keep their unit where a number is a factor",
        function()
            local directory, ran = simulation_logs.simulate([[return {
                args = { gap = { type = "duration" } }, traces = 2,
                start = function(args)
                    return { arrivals = { every = args.gap }, node = { [1] = { time = args.gap .. "ns" } } }
                end }]], log(), { "-a", "gap=7ms" })
            assert.equal(0, ran.status, ran.stderr)
            local lines = table.concat(simulation_logs.lines(directory), ", ")
            -- The second trace (#2) begins 7 ms after the first; its node takes 7 ms as well.
            assert.equal("trace_start 0@0, node_start 1@0, trace_start 0@7 #2, node_start 1@7 #2, node_done 1@7, "
                .. "trace_complete 0@7, node_done 1@14 #2, trace_complete 0@14 #2", lines)
        end)

    it("can be set anew on a loaded scenario without changing it", function()
        local path = helper.script(slower, "scenario")
        local first = simulation.load(path, { given = { ms = "1" } })
        local second = first:with_arguments { ms = 2 }
        assert.equal(1000010, first.value.node[1].time(10))
        assert.equal(2000010, second.value.node[1].time(10))
        assert.equal(7, second.value.seed)
        assert.has_error(function()
            first:with_arguments { speed = 2 }
        end)
    end)

    local refused = {
        { "args = { ms = { typ = 1 } }", {}, 2, "args%.ms: unknown key typ" },
        { 'args = { ms = { type = "number" } }', { "-a", "ms=soon" }, 2, '%-%-arg ms: "soon" is not a number' },
        { "args = { ms = { required = true } }", {}, 2, "needs an argument: %-%-arg ms" },
        { "args = {}", { "-a", "ms=1" }, 2, "%-%-arg ms: no script declares it" },
        { "start = 7", {}, 2, "start: a function expected" },
        { "start = function() return 7 end", {}, 1, "start: a table of the scenario's keys" },
        { "start = function() return { args = {} } end", {}, 1, "it cannot answer with `args`" },
        { "start = function() return { trace = 3 } end", {}, 2, 'unknown key "trace"' },
        { "start = function() return { traces = -3 } end", {}, 2, "traces: a whole number" },
        { "start = function()\n error('oops') end", {}, 1, "scenario%.lua:2: oops %(in start%)" },
    }
    for _, case in ipairs(refused) do
        it("are checked before anything runs: " .. case[1], function()
            local directory, ran = simulation_logs.simulate(("return { %s }"):format(case[1]), log(), case[2])
            assert.equal(case[3], ran.status, ran.stderr)
            assert.matches(case[4], ran.stderr)
            assert.equal("", (helper.shell("ls " .. directory .. " 2>/dev/null")))
        end)
    end
end)

describe("a scenario's functions", function()
    after_each(helper.clean)

    it("start afresh for each run, which equals a single run with that seed", function()
        local counting = [[
            local count = 0
            return { node = { [1] = { time = function() count = count + 1 return count * 1000000 end } } }]]
        local several = simulation_logs.simulate(counting, log(), { "--runs", "2", "--seed", "5" })
        local alone = simulation_logs.simulate(counting, log(), { "--seed", "6" })
        assert.equal("node_done 1@1", simulation_logs.lines(alone)[3])
        assert.same(simulation_logs.lines(alone), simulation_logs.lines(several .. "/run-2"))
    end)
end)

describe("a scenario's limits", function()
    after_each(helper.clean)

    it("are those of scripts", function()
        local endless = "return { node = { [1] = { time = function() while true do end end } } }"
        local _, ran = simulation_logs.simulate(endless, log(), { "--max-time", "100ms" })
        assert.equal(5, ran.status)
        assert.matches("more time than %-%-max%-time", ran.stderr)
        local greedy = "return { node = { [1] = { time = function() return #('x'):rep(1 << 28) end } } }"
        _, ran = simulation_logs.simulate(greedy, log(), { "--max-memory", "64MiB" })
        assert.equal(5, ran.status)
        assert.matches("more memory than %-%-max%-memory", ran.stderr)
    end)

    it("on the standard library are lifted by --unsafe", function()
        local outside = "return { traces = os.time() > 0 and 1 or 2 }"
        local _, ran = simulation_logs.simulate(outside, log())
        assert.equal(1, ran.status)
        _, ran = simulation_logs.simulate(outside, log(), { "--unsafe" })
        assert.equal(0, ran.status, ran.stderr)
    end)
end)

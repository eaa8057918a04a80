local helper = require "tests.spec.helper"
local reel = require "tracereel"
local simulation_logs = require "tests.spec.simulation_logs"

local play, write = simulation_logs.play, simulation_logs.write
local millisecond = simulation_logs.millisecond

local function report_of(directory)
    local timing = reel.timing(nil, 0)
    local function add(_, trace)
        timing:add(trace)
    end
    reel.open(directory):replay { trace_complete = add, trace_failed = add }
    return timing:report()
end

local function near(expected, found, tolerance)
    assert.is_true(math.abs(found / expected - 1) <= tolerance,
        ("expected about %g, found %g"):format(expected, found))
end

describe("a simulated node", function()
    after_each(helper.clean)

    it("takes the time that a factor, a time or a function gives", function()
        local log = simulation_logs.one_node()
        for text, end_ms in pairs { ["0.5"] = 5, ["2"] = 20, ["0"] = 0, ['"3ms"'] = 3,
            ["function(ns, trace, attempt) return ns + attempt + trace.number end"] = 10.000002 } do
            local lines = play(("return { node = { [1] = { time = %s } } }"):format(text), log)
            assert.same({ "trace_start 0@0", "node_start 1@0", ("node_done 1@%g"):format(end_ms),
                ("trace_complete 0@%g"):format(end_ms) }, lines)
        end
    end)

    it("moves what depends on it, and only that, with the recorded lag", function()
        local log = write {
            { "trace_start", 0 }, { "node_start", 1, 1 }, { "node_start", 1, 2 }, { "node_done", 11, 1 },
            { "node_start", 12, 3 }, { "node_done", 21, 2 }, { "node_done", 22, 3 }, { "trace_complete", 25 },
        }
        assert.same({ "trace_start 0@0", "node_start 1@1", "node_start 2@1", "node_done 1@6", "node_start 3@7",
            "node_done 3@17", "node_done 2@21", "trace_complete 0@24" },
            (play("return { node = { [1] = { time = 0.5 } } }", log)))
    end)

    it("without a written start begins when its predecessors have ended", function()
        local log = write {
            { "trace_start", 0 }, { "node_done", 10, 1 }, { "node_done", 30, 2 }, { "trace_complete", 31 },
        }
        assert.same({ "trace_start 0@0", "node_done 1@20", "node_done 2@40", "trace_complete 0@41" },
            (play("return { node = { [1] = { time = 2 } } }", log)))
    end)

    it("keeps its suspension out of its run time", function()
        local log = write {
            { "trace_start", 0 }, { "node_start", 0, 4 }, { "trace_suspended", 4, 4 }, { "trace_resumed", 104 },
            { "node_done", 110, 4 }, { "trace_complete", 110 },
        }
        assert.same({ "trace_start 0@0", "node_start 4@0", "trace_suspended 4@2", "trace_resumed 0@1002",
            "node_done 4@1005", "trace_complete 0@1005" },
            (play('return { node = { [4] = { time = 0.5 } }, suspension = { [4] = { time = "1s" } } }', log)))
        assert.equal("trace_resumed 0@7",
            play("return { suspension = { [4] = { time = function() return 3000000 end } } }", log)[4])
        assert.equal("trace_resumed 0@29", play("return { suspension = { [4] = { time = 0.25 } } }", log)[4])
    end)

    it("follows the end of its suspension in a log without starts", function()
        local log = write {
            { "trace_start", 0 }, { "trace_suspended", 5, 4 }, { "trace_resumed", 105 }, { "node_done", 110, 4 },
            { "trace_complete", 110 },
        }
        assert.same({ "trace_start 0@0", "trace_suspended 4@5", "trace_resumed 0@15", "node_done 4@20",
            "trace_complete 0@20" }, (play('return { suspension = { [4] = { time = "10ms" } } }', log)))
    end)

    it("that was started again after a silent failure has that attempt's time scaled, too", function()
        local log = write {
            { "trace_start", 0 }, { "node_start", 0, 1 }, { "node_start", 20, 1 }, { "node_done", 30, 1 },
        }
        assert.same({ "trace_start 0@0", "node_start 1@0", "node_start 1@10", "node_done 1@15" },
            (play("return { node = { [1] = { time = 0.5 } } }", log)))
    end)
end)

describe("a diamond", function()
    after_each(helper.clean)

    -- 1, then 2 (10 ms) beside 3 (20 ms), then 4 (5 ms).
    local records = {
        { "trace_start", 0 }, { "node_start", 0, 1 }, { "node_done", 1, 1 }, { "node_start", 1, 2 },
        { "node_start", 1, 3 }, { "node_done", 11, 2 }, { "node_done", 21, 3 }, { "node_start", 21, 4 },
        { "node_done", 26, 4 }, { "trace_complete", 26 },
    }

    it("takes as long as its longer branch when the flow is given", function()
        local flow = "flow = { nodes = { [1] = {}, [2] = { after = {1} }, [3] = { after = {1} }, "
            .. "[4] = { after = {2, 3} } } }"
        for factor, end_ms in pairs { ["1"] = 26, ["0.75"] = 21, ["0.5"] = 16, ["0.1"] = 16, ["3"] = 66 } do
            local lines = play(("return { node = { [3] = { time = %s } }, %s }"):format(factor, flow), write(records))
            assert.equal(("trace_complete 0@%g"):format(end_ms), lines[#lines])
        end
    end)

    it("makes a node without predecessors wait only for the trace's start", function()
        local lines = play([[return { node = { [1] = { time = 9 } },
            flow = { nodes = { [1] = {}, [2] = {}, [3] = {}, [4] = { after = {1, 2, 3} } } } }]], write(records))
        assert.same({ "trace_start 0@0", "node_start 1@0", "node_start 2@1", "node_start 3@1", "node_done 1@9",
            "node_done 2@11", "node_done 3@21", "node_start 4@21", "node_done 4@26", "trace_complete 0@26" }, lines)
    end)
end)

describe("failures of a node", function()
    after_each(helper.clean)

    it("are retried after growing delays, and the last one ends the trace as in the engine", function()
        local lines, ran, directory = play([[return { node = { [1] = { fail = 1, error = "declined",
            retry = { max = 2, delay = "5ms", factor = 3 } } } }]], simulation_logs.one_node())
        assert.same({ "trace_start 0@0", "node_start 1@0", "node_error 1@10", "node_start 1@15", "node_error 1@25",
            "node_start 1@40", "node_error 1@50" }, lines)
        assert.matches("3 simulated errors", ran.stdout)
        assert.matches("1 trace given up", ran.stdout)
        assert.equal("declined", reel.open(directory):traces()[1].errors[1].message)
    end)

    it("without retries end the trace at once", function()
        for _, retry in ipairs { "", "retry = { max = 0 }" } do
            assert.same({ "trace_start 0@0", "node_start 1@0", "node_error 1@10" },
                (play(("return { node = { [1] = { fail = 1, %s } } }"):format(retry), simulation_logs.one_node())))
        end
    end)

    it("can be decided by a function, attempt by attempt", function()
        local lines = play([[return { node = { [1] = { retry = { max = 5 },
            fail = function(_, attempt) return attempt < 3 end } } }]], simulation_logs.one_node())
        assert.equal("trace_complete 0@30", lines[#lines])
    end)

    -- A chance taken for "true" would let every attempt fail.
    it("can have a probability that a function returns", function()
        for chance, max_off in pairs { [0] = 0, [0.25] = 0.015, [1] = 0 } do
            local _, ran = play(([[return { seed = 5, traces = 10000,
                node = { [1] = { fail = function() return %g end } } }]]):format(chance), simulation_logs.one_node())
            local failed = tonumber(ran.stdout:match("(%d+) simulated errors")) or 0
            assert.is_true(math.abs(failed / 10000 - chance) <= max_off, failed)
        end
        local others = { ["-0.1"] = "-0.1", ["2"] = "2", ["0/0"] = "nan", ["'yes'"] = '"yes"', ["{}"] = "a table" }
        for answer, shown in pairs(others) do
            local scenario = ("return { node = { [1] = { fail = function() return %s end } } }"):format(answer)
            local _, ran = simulation_logs.simulate(scenario, simulation_logs.one_node())
            assert.equal(1, ran.status)
            assert.truthy(ran.stderr:find("fail of node 1, trace 00000000-0000-4000-8000-000000000001: true, false or "
                .. "the chance from 0 to 1 expected, got " .. shown .. "\n", 1, true), ran.stderr)
        end
    end)

    it("cost the expected time: half of the attempts fail, 10 ms each, 5 ms between them", function()
        local _, _, directory = play([[return { seed = 1, traces = 10000, arrivals = { every = "1ms" },
            node = { [1] = { fail = 0.5, retry = { max = 60, delay = "5ms" } } } }]], simulation_logs.one_node())
        local traces = report_of(directory).traces
        assert.equal(10000, traces.complete_count)
        near(2 * 10 * millisecond + 5 * millisecond, traces.makespan.mean_ns, 0.03)
    end)
end)

describe("a queue", function()
    after_each(helper.clean)

    -- Service of 1 ms on average, 600 arrivals a second: the server is busy for 0.6 of the time.
    local load_share, count = 0.6, 40000

    local function mean_wait(service)
        local log = write {
            { "trace_start", 0 }, { "node_start", 0, 1 }, { "node_done", 1, 1 }, { "trace_complete", 1 },
        }
        local _, _, directory = play(([[return { seed = 3, traces = %d, arrivals = { rate = %g },
            node = { [1] = { time = %s } }, limits = { nodes = 1 } }]]):format(count, load_share * 1000, service), log)
        local node = report_of(directory).nodes[1]
        assert.equal(count, node.count)
        return node.queue.mean_ns
    end

    it("of the kind M/M/1 waits as long as its formula says", function()
        near(load_share / (1 - load_share) * millisecond,
            mean_wait "function(ns, _, _, random) return random.exponential(ns) end", 0.06)
    end)

    it("of the kind M/D/1 waits half as long", function()
        near(load_share / (1 - load_share) / 2 * millisecond, mean_wait "1", 0.06)
    end)
end)

describe("a limit", function()
    after_each(helper.clean)

    -- Two traces at once, each with two nodes side by side.
    local function busy_log()
        local records = {}
        for trace = 1, 2 do
            records[#records + 1] = { "trace_start", 0, 0, trace }
            records[#records + 1] = { "node_start", 0, 1, trace }
            records[#records + 1] = { "node_start", 0, 2, trace }
        end
        for trace = 1, 2 do
            records[#records + 1] = { "node_done", 10, 1, trace }
            records[#records + 1] = { "node_done", 10, 2, trace }
            records[#records + 1] = { "trace_complete", 10, 0, trace }
        end
        return write(records)
    end

    local function starts(scenario)
        local found = {}
        for _, line in ipairs((play(scenario, busy_log()))) do
            found[#found + 1] = line:match("^node_start (.*)")
        end
        return found
    end

    it("of one for a node makes its runs follow one another, in the order in which they were ready", function()
        assert.same({ "1@0", "2@10", "1@20 #2", "2@30 #2" }, starts "return { limits = { nodes = 1 } }")
    end)

    it("of one for a node in a trace does not affect parallel traces", function()
        assert.same({ "1@0", "1@0 #2", "2@10", "2@10 #2" }, starts "return { limits = { nodes_per_trace = 1 } }")
    end)

    it("of one trace makes the second wait for the end of the first", function()
        assert.same({ "1@0", "2@0", "1@10 #2", "2@10 #2" }, starts "return { limits = { traces = 1 } }")
    end)

    it("of one for a node keeps its order if each trace has a limit, too", function()
        local log = write {
            { "trace_start", 0, 0, 1 }, { "node_start", 0, 1, 1 },
            { "trace_start", 1, 0, 2 }, { "node_start", 1, 1, 2 },
            { "node_start", 2, 2, 1 },
            { "node_done", 10, 1, 1 }, { "node_done", 11, 1, 2 }, { "node_done", 12, 2, 1 },
            { "trace_complete", 12, 0, 1 }, { "trace_complete", 12, 0, 2 },
        }
        local found = {}
        for _, line in ipairs((play("return { limits = { nodes = 1, nodes_per_trace = 1 } }", log))) do
            found[#found + 1] = line:match("^node_start (.*)")
        end
        assert.same({ "1@0", "1@10 #2", "2@20" }, found)
    end)

    it("frees the slot of an attempt that ends without a record when the node starts again", function()
        local lines = play("return { limits = { nodes = 1 } }", write {
            { "trace_start", 0 }, { "node_start", 0, 1 }, { "node_start", 5, 1 }, { "node_done", 10, 1 },
            { "trace_complete", 10 },
        })
        assert.equal("trace_complete 0@10", lines[#lines])
    end)

    it("gives no slot to nodes of a trace that ended while they were queued", function()
        local log = write {
            { "trace_start", 0, 0, 1 }, { "node_start", 0, 1, 1 }, { "node_start", 0, 2, 1 },
            { "node_done", 10, 1, 1 }, { "node_done", 10, 2, 1 }, { "trace_complete", 11, 0, 1 },
            { "trace_start", 12, 0, 2 }, { "node_start", 12, 1, 2 }, { "node_done", 22, 1, 2 },
            { "trace_complete", 22, 0, 2 },
        }
        -- The first trace's node 1 fails, and is queued again after node 2, which fails for good.
        local lines = play([[return { limits = { nodes = 1 }, node = {
            [1] = { retry = { max = 1, delay = "1ms" }, fail = function(trace, attempt)
                return trace.number == 1 and attempt == 1 end },
            [2] = { fail = 1 } } }]], log)
        assert.same({ "trace_start 0@0", "node_start 1@0", "node_error 1@10", "node_start 2@10", "trace_start 0@12 #2",
            "node_error 2@20", "node_start 1@20 #2", "node_done 1@30 #2", "trace_complete 0@30 #2" }, lines)
    end)

    it("of both kinds holds for a node that fails and is retried", function()
        local lines = play([[return { limits = { nodes = 1, traces = 2 }, node = { [1] = { retry = { max = 1 },
            fail = function(_, attempt) return attempt == 1 end } } }]], busy_log())
        local running, most = 0, 0
        for _, line in ipairs(lines) do
            running = running + (line:find("^node_start") and 1 or line:find("^node_[de]") and -1 or 0)
            most = math.max(most, running)
        end
        assert.equal(1, most)
        assert.equal("trace_complete 0@60", lines[#lines]:match("^%S+ %S+"))
    end)
end)

describe("a record whose clock was behind", function()
    after_each(helper.clean)

    it("keeps its distance from what happened before it, wherever it is moved", function()
        local log = write {
            { "trace_start", 0 }, { "node_start", 0, 1 }, { "node_done", 10, 1 }, { "node_start", 7, 2 },
            { "node_done", 20, 2 }, { "trace_complete", 20 },
        }
        local lines = play("return { node = { [1] = { time = 2 } } }", log)
        assert.same({ "trace_start 0@0", "node_start 1@0", "node_done 1@20", "node_start 2@17", "node_done 2@30",
            "trace_complete 0@30" }, lines)
    end)
end)

describe("arrivals", function()
    after_each(helper.clean)

    local function arrival_lines(scenario)
        local found = {}
        for _, line in ipairs((play(scenario, simulation_logs.one_node()))) do
            found[#found + 1] = line:match("^trace_start (.*)")
        end
        return found
    end

    it("come at the given rate, and additional traces get new ids", function()
        assert.same({ "0@0", "0@4 #2", "0@8 #3" }, arrival_lines 'return { traces = 3, arrivals = { every = "4ms" } }')
    end)

    it("of additional traces have the recorded intervals, each as often as recorded", function()
        local log = write {
            { "trace_start", 0, 0, 1 }, { "trace_complete", 1, 0, 1 },
            { "trace_start", 10, 0, 2 }, { "trace_complete", 11, 0, 2 },
            { "trace_start", 40, 0, 3 }, { "trace_complete", 41, 0, 3 },
        }
        local last, count_of = nil, {}
        for _, line in ipairs((play("return { traces = 2002 }", log))) do
            local at = tonumber(line:match("^trace_start 0@(%S+)"))
            if at and last then
                count_of[at - last] = (count_of[at - last] or 0) + 1
            end
            last = at or last
        end
        assert.equal(2001, count_of[10] + count_of[30])
        assert.is_true(math.abs(count_of[10] - 1000) < 3 * math.sqrt(2001) / 2)
    end)

    it("of fewer traces are the first ones recorded", function()
        local lines = play("return { traces = 7 }", helper.log("all-complete"))
        local count = 0
        for _, line in ipairs(lines) do
            count = count + (line:find("^trace_start") and 1 or 0)
        end
        assert.equal(7, count)
    end)
end)

local helper = require "tests.spec.helper"
local reel = require "tracereel"
local simulation_logs = require "tests.spec.simulation_logs"

local play, write = simulation_logs.play, simulation_logs.write

-- { short name, time in ms, node, iteration } as records; the short names are those that the expected texts have.
local types = {
    trace = "trace_start", start = "node_start", done = "node_done", error = "node_error", closed = "trace_complete",
    iteration = "loop_iteration", exit = "loop_exit", suspended = "trace_suspended", resumed = "trace_resumed",
}

local function log_of(records)
    local written = {}
    for index, record in ipairs(records) do
        written[index] = {
            types[record[1]], record[2], record[3] or 0, fields = { iteration = record[4] },
        }
    end
    return write(written)
end

local short_names = {}
for short, type in pairs(types) do
    short_names[type] = short
end

-- What comes out, as one text.
local function played(scenario, log)
    local texts = {}
    for index, line in ipairs((play(scenario, log))) do
        texts[index] = line:gsub("^%S+", short_names):gsub(" 0@", " @")
    end
    return table.concat(texts, ", ")
end

local function iterations(count, more)
    return ("return { loop = { [8] = { iterations = %s %s } } }"):format(count, more or "")
end

-- Node 3 fails for 10 ms, and 3 ms later is done after 5; then node 5.
local retried = {
    { "trace", 0 }, { "iteration", 1, 8, 0 }, { "start", 2, 3 }, { "error", 12, 3 }, { "iteration", 15, 8, 1 },
    { "start", 16, 3 }, { "done", 21, 3 }, { "exit", 22, 8, 2 }, { "start", 23, 5 }, { "done", 33, 5 },
    { "closed", 34 },
}

describe("a loop", function()
    after_each(helper.clean)

    it("of fewer iterations keeps the one that led to its exit, and what follows comes earlier", function()
        assert.equal("trace @0, iteration 8[0]@1, start 3@2, done 3@7, exit 8[1]@8, start 5@9, done 5@19, closed @20",
            played(iterations(1), log_of(retried)))
    end)

    it("of more iterations repeats those before the last, with their lags, and what follows comes later", function()
        assert.equal("trace @0, iteration 8[0]@1, start 3@2, error 3@12, iteration 8[1]@15, start 3@16, error 3@26, "
            .. "iteration 8[2]@29, start 3@30, error 3@40, iteration 8[3]@43, start 3@44, done 3@49, exit 8[4]@50, "
            .. "start 5@51, done 5@61, closed @62", played(iterations(4), log_of(retried)))
    end)

    it("repeats several in their order", function()
        local log = log_of {
            { "trace", 0 }, { "iteration", 0, 8, 0 }, { "done", 1, 3 }, { "iteration", 2, 8, 1 }, { "done", 4, 3 },
            { "iteration", 7, 8, 2 }, { "done", 11, 3 }, { "exit", 11, 8, 3 },
        }
        assert.equal("trace @0, iteration 8[0]@0, done 3@1, iteration 8[1]@2, done 3@4, iteration 8[2]@5, done 3@6, "
            .. "iteration 8[3]@7, done 3@9, iteration 8[4]@10, done 3@11, iteration 8[5]@14, done 3@18, exit 8[6]@18",
            played(iterations(6), log))
        assert.equal("trace @0, iteration 8[0]@0, done 3@1, iteration 8[1]@4, done 3@8, exit 8[2]@8",
            played(iterations(2), log))
    end)

    it("of a single iteration repeats that one, with the exit's lag between them", function()
        assert.equal("trace @0, iteration 8[0]@1, start 3@2, done 3@12, iteration 8[1]@14, start 3@15, done 3@25, "
            .. "iteration 8[2]@27, start 3@28, done 3@38, exit 8[3]@40, closed @41",
            played(iterations(3), log_of { { "trace", 0 }, { "iteration", 1, 8, 0 }, { "start", 2, 3 },
                { "done", 12, 3 }, { "exit", 14, 8, 1 }, { "closed", 15 } }))
    end)

    it("repeats what its nodes do, retries and suspensions included", function()
        local log = log_of {
            { "trace", 0 }, { "iteration", 0, 8, 0 }, { "start", 0, 3 }, { "start", 4, 3 }, { "done", 6, 3 },
            { "start", 6, 4 }, { "suspended", 7, 4 }, { "resumed", 17 }, { "done", 18, 4 }, { "exit", 20, 8, 1 },
            { "closed", 20 },
        }
        assert.equal("trace @0, iteration 8[0]@0, start 3@0, start 3@4, done 3@6, start 4@6, suspended 4@7, "
            .. "resumed @17, done 4@18, iteration 8[1]@20, start 3@20, start 3@24, done 3@26, start 4@26, "
            .. "suspended 4@27, resumed @37, done 4@38, exit 8[2]@40, closed @40", played(iterations(2), log))
    end)

    it("has its body found even in logs without starts", function()
        local log = log_of {
            { "trace", 0 }, { "done", 1, 1 }, { "iteration", 1, 8, 0 }, { "error", 11, 3 }, { "iteration", 12, 8, 1 },
            { "suspended", 14, 4 }, { "resumed", 24 }, { "done", 25, 4 }, { "exit", 25, 8, 2 }, { "closed", 26 },
        }
        assert.equal("trace @0, done 1@1, iteration 8[0]@1, suspended 4@3, resumed @13, done 4@14, exit 8[1]@14, "
            .. "closed @15", played(iterations(1), log))
        assert.equal("trace @0, done 1@1, iteration 8[0]@1, error 3@11, iteration 8[1]@12, error 3@22, "
            .. "iteration 8[2]@23, suspended 4@25, resumed @35, done 4@36, exit 8[3]@36, closed @37",
            played(iterations(3), log))
    end)
end)

describe("in parallel with a loop", function()
    after_each(helper.clean)

    -- 7 began before the loop, 9 follows it, 6 ends after it.
    local records = {
        { "trace", 0 }, { "start", 0, 7 }, { "iteration", 1, 8, 0 }, { "start", 1, 3 }, { "start", 2, 6 },
        { "done", 4, 7 }, { "start", 4, 9 }, { "done", 8, 9 }, { "done", 11, 3 }, { "iteration", 12, 8, 1 },
        { "start", 13, 3 }, { "done", 23, 3 }, { "exit", 24, 8, 2 }, { "done", 30, 6 }, { "closed", 31 },
    }

    it("nothing is left out", function()
        assert.equal("trace @0, start 7@0, iteration 8[0]@1, start 6@2, start 3@2, done 7@4, start 9@4, done 9@8, "
            .. "done 3@12, exit 8[1]@13, done 6@30, closed @31", played(iterations(1), log_of(records)))
    end)

    it("nothing is repeated", function()
        assert.equal("trace @0, start 7@0, iteration 8[0]@1, start 3@1, start 6@2, done 7@4, start 9@4, done 9@8, "
            .. "done 3@11, iteration 8[1]@12, start 3@12, done 3@22, iteration 8[2]@23, start 3@24, done 6@30, "
            .. "done 3@34, exit 8[3]@35, closed @36", played(iterations(3), log_of(records)))
    end)

    it("a branch that ends earlier lets no record of the loop come before the one before it", function()
        local scenario = "return { node = { [7] = { time = 0.1 } } }"
        assert.equal("trace @0, start 7@0, done 7@1, iteration 8[0]@5, iteration 8[1]@6, exit 8[2]@8",
            played(scenario, log_of { { "trace", 0 }, { "start", 0, 7 }, { "iteration", 5, 8, 0 }, { "done", 10, 7 },
                { "iteration", 11, 8, 1 }, { "exit", 13, 8, 2 } }))
    end)

    it("a branch that comes between two nodes of the body hides the second, unless the body is given", function()
        local log = log_of {
            { "trace", 0 }, { "start", 0, 7 }, { "iteration", 0, 8, 0 }, { "start", 0, 3 }, { "done", 10, 3 },
            { "done", 11, 7 }, { "start", 12, 4 }, { "done", 20, 4 }, { "exit", 20, 8, 1 }, { "closed", 20 },
        }
        local function starts_of_4(scenario)
            return select(2, played(scenario, log):gsub("start 4@", ""))
        end
        assert.equal(1, starts_of_4(iterations(3)))
        assert.equal(3, starts_of_4(iterations(3, ", body = { 3, 4 }")))
        assert.equal("trace @0, start 7@0, iteration 8[0]@0, start 3@0, done 3@10, done 7@11, start 4@12, done 4@20, "
            .. "iteration 8[1]@20, start 3@20, done 3@30, start 4@32, done 4@40, exit 8[2]@40, closed @40",
            played(iterations(2, ", body = { 3, 4 }"), log))
    end)
end)

describe("loops in loops", function()
    after_each(helper.clean)

    -- Twice 8, in it once 9, in it node 3 for 10 ms and for 20.
    local log
    before_each(function()
        log = log_of {
            { "trace", 0 }, { "iteration", 0, 8, 0 }, { "iteration", 0, 9, 0 }, { "start", 0, 3 }, { "done", 10, 3 },
            { "exit", 10, 9, 1 }, { "iteration", 11, 8, 1 }, { "iteration", 11, 9, 0 }, { "start", 11, 3 },
            { "done", 31, 3 }, { "exit", 31, 9, 1 }, { "exit", 32, 8, 2 }, { "closed", 32 },
        }
    end)

    it("are repeated and removed with the loop around them", function()
        assert.equal("trace @0, iteration 8[0]@0, iteration 9[0]@0, start 3@0, done 3@20, exit 9[1]@20, "
            .. "exit 8[1]@21, closed @21", played(iterations(1), log))
        assert.equal("trace @0, iteration 8[0]@0, iteration 9[0]@0, start 3@0, done 3@10, exit 9[1]@10, "
            .. "iteration 8[1]@11, iteration 9[0]@11, start 3@11, done 3@21, exit 9[1]@21, iteration 8[2]@22, "
            .. "iteration 9[0]@22, start 3@22, done 3@42, exit 9[1]@42, exit 8[3]@43, closed @43",
            played(iterations(3), log))
    end)

    it("are changed first, and repeated in their changed form", function()
        local function both(outer, inner)
            return ("return { loop = { [8] = { iterations = %d }, [9] = { iterations = %d } } }"):format(outer, inner)
        end
        assert.equal("trace @0, iteration 8[0]@0, iteration 9[0]@0, start 3@0, done 3@20, iteration 9[1]@20, "
            .. "start 3@20, done 3@40, exit 9[2]@40, exit 8[1]@41, closed @41", played(both(1, 2), log))
        -- Outer iterations of 10, 10 and 20 ms for each inner one, 1 ms after each.
        for inner = 1, 4 do
            local text = played(both(3, inner), log)
            assert.equal(3 * inner, select(2, text:gsub("start 3@", "")))
            assert.equal(3 * inner, select(2, text:gsub("iteration 9%[", "")))
            assert.matches(("exit 8%%[3%%]@%d, closed @%d$"):format(inner * 40 + 3, inner * 40 + 3), text)
        end
    end)
end)

describe("iterations", function()
    after_each(helper.clean)

    for _, name in ipairs { "orders", "done-only", "all-complete", "edge" } do
        it(("as recorded reproduce the log %s byte for byte"):format(name), function()
            local _, _, directory = play(iterations "function(n, trace, random) random() return n end",
                helper.log(name))
            assert.equal("", (helper.shell(("diff -rq %s %s"):format(helper.log(name), directory))))
        end)
    end

    it("of orders are three if three are asked for, with one charge in each", function()
        local _, _, directory = play(iterations(3), helper.log("orders"))
        local all_three = " iteration0 start end iteration1 start end iteration2 start end"
        local text_of = {}
        for rec in reel.open(directory):records() do
            local short = rec.type:match("^loop_(.*)") or rec.node_id == 3 and rec.type:match("^node_(.*)")
            if short then
                short = rec.node_id == 8 and short .. rec.iteration or short
                text_of[rec.trace_id] = (text_of[rec.trace_id] or "") .. " " .. short
            end
        end
        local whole = 0
        for _, text in pairs(text_of) do
            local shape = text:gsub("done", "end"):gsub("error", "end")
            if text:find("exit") then
                assert.equal(all_three .. " exit3", shape)
                whole = whole + 1
            else -- the log, or the trace, ended before the loop
                assert.equal(1, all_three:find(shape, 1, true))
            end
        end
        assert.equal(53, whole)
        assert.equal(0, helper.run({ "check", directory }).status)
    end)

    it("can be given by a function for each run of a loop with an exit, called when the trace arrives", function()
        local log = log_of {
            { "trace", 0 }, { "iteration", 1, 8, 0 }, { "iteration", 2, 8, 1 }, { "exit", 3, 8, 2 },
            { "iteration", 4, 8, 0 }, { "iteration", 5, 8, 0 }, { "iteration", 6, 8, 1 }, { "iteration", 7, 8, 2 },
            { "exit", 8, 8, 3 }, { "iteration", 9, 8, 0 },
        }
        local _, ran = play(iterations [[function(n, trace)
            print("asked", n, trace.number, trace.node, trace.now_ns == trace.arrival_ns)
            return n + 1 end]], log)
        assert.equal("asked\t2\t1\t8\ttrue\nasked\t3\t1\t8\ttrue\n", ran.stdout:match("asked.*true\n"))
    end)

    it("must be whole numbers from 1", function()
        for _, answer in ipairs { "0", "-1", "1.5", "'2'", "nil", "1000001" } do
            local _, ran = simulation_logs.simulate(iterations(("function() return %s end"):format(answer)),
                helper.log("orders"))
            assert.equal(1, ran.status)
            assert.matches("loop of node 8, trace .*: a whole number of iterations from 1 to 1000000 expected, got",
                ran.stderr)
        end
    end)

    it("that are repeated follow the rules for nodes, each with draws of its own", function()
        local scenario = [[return { loop = { [8] = { iterations = %d } }, node = { [3] = {
            time = function(ns, _, _, random) return random(1000) * 1000000 end } } }]]
        local function times(count)
            local found, started = {}, nil
            for name, at in played(scenario:format(count), log_of(retried)):gmatch("(%S+) 3@(%d+)") do
                if name == "start" then
                    started = at
                else
                    found[#found + 1] = at - started
                end
            end
            return found
        end
        local as_recorded, more = times(2), times(6)
        assert.same({ as_recorded[1], as_recorded[2] }, { more[1], more[6] })
        local different = {}
        for _, time in ipairs(more) do
            assert.is_nil(different[time])
            different[time] = true
        end
        assert.equal(6, #more)
    end)

    it("in which a node fails end the trace there", function()
        local scenario = [[return { loop = { [8] = { iterations = 3 } }, node = { [3] = {
            time = 1, fail = function(trace) return trace.now_ns > trace.arrival_ns + 40000000 end } } }]]
        local log = log_of {
            { "trace", 0 }, { "iteration", 0, 8, 0 }, { "start", 0, 3 }, { "done", 21, 3 }, { "exit", 21, 8, 1 },
        }
        assert.equal("trace @0, iteration 8[0]@0, start 3@0, done 3@21, iteration 8[1]@21, start 3@21, done 3@42, "
            .. "iteration 8[2]@42, start 3@42, error 3@63", played(scenario, log))
    end)

    it("that are left out are not hit by faults", function()
        assert.equal("trace @0, iteration 8[0]@1, start 3@2, exit 8[1]@8, start 5@9, done 5@19, closed @20",
            played([[return { loop = { [8] = { iterations = 1 } },
                faults = { { trace = 1, record = 4, lost = true } } }]], log_of(retried)))
    end)

    it("agree with a flow in which a node follows its own last attempt", function()
        local scenario = [[return { loop = { [8] = { iterations = %d } },
            flow = { nodes = { [8] = {}, [3] = { after = {8} }, [5] = { after = {8} } } } }]]
        assert.equal(played(iterations(1), log_of(retried)), played(scenario:format(1), log_of(retried)))
        assert.equal(played(iterations(4), log_of(retried)), played(scenario:format(4), log_of(retried)))
    end)

    it("agree with a flow in which what follows the loop comes after a node in it", function()
        local single = log_of {
            { "trace", 0 }, { "iteration", 1, 8, 0 }, { "start", 2, 3 }, { "done", 12, 3 }, { "exit", 14, 8, 1 },
            { "start", 15, 5 }, { "done", 20, 5 }, { "closed", 21 },
        }
        local flow = ", flow = { nodes = { [8] = {}, [3] = { after = {8} }, [5] = { after = {3} } } }"
        for _, log in ipairs { single, log_of(retried) } do
            for _, count in ipairs { 1, 3, 5 } do
                local plain = iterations(count)
                assert.equal(played(plain, log), played(plain:gsub(" }$", flow .. " }"), log))
            end
        end
    end)

    it("agree with a flow that does not have the loop, when the body is given", function()
        local log = log_of {
            { "trace", 0 }, { "start", 0, 2 }, { "done", 1, 2 }, { "iteration", 1, 8, 0 }, { "start", 2, 3 },
            { "error", 12, 3 }, { "iteration", 15, 8, 1 }, { "start", 16, 3 }, { "error", 22, 3 },
            { "iteration", 24, 8, 2 }, { "start", 25, 3 }, { "done", 30, 3 }, { "exit", 31, 8, 3 },
            { "start", 32, 5 }, { "done", 42, 5 }, { "closed", 43 },
        }
        for _, nodes in ipairs { "[3] = {}", "[2] = {}, [3] = { after = {2} }" } do
            for _, count in ipairs { 1, 2, 4, 5 } do
                local more = (", flow = { nodes = { %s, [5] = { after = {3} } } } }"):format(nodes)
                local plain, flowing = iterations(count), iterations(count, ", body = {3}"):gsub(" }$", more)
                assert.equal(played(plain, log), played(flowing, log))
            end
        end
    end)

    it("are refused with a flow in which no node belongs to them", function()
        local flow = "flow = { nodes = { [3] = {}, [5] = { after = {3} } } }"
        local _, ran = simulation_logs.simulate(("return { loop = { [8] = { iterations = 2 } }, %s }"):format(flow),
            log_of(retried))
        assert.equal(2, ran.status)
        assert.matches("loop%[8%]: by the flow no node comes after 8, so nothing belongs to an iteration", ran.stderr)
    end)
end)

-- Each definition of docs/timing.md in its hard cases, on logs of a few records. Times are counted from the trace's
-- start.
local helper = require "tests.spec.helper"
local tracereel = require "tracereel"

local base_ns = 1764000000000000000

-- A log of records { type, node_id, time, trace number or nil }; gives its traces to a new timing.
local function timed(steps, flow)
    local directory = helper.directory()
    local writer = tracereel.writer(directory)
    for _, step in ipairs(steps) do
        writer:append(tracereel.record[step[1]] {
            trace_id = ("00000000-0000-0000-0000-%012x"):format(step[4] or 1), node_id = step[2],
            timestamp_ns = base_ns + step[3], iteration = step[5],
        })
    end
    writer:close()
    local timing = tracereel.timing(flow)
    local log = tracereel.open(directory)
    local function add(_, trace)
        timing:add(trace)
    end
    log:replay { trace_complete = add, trace_failed = add }
    for _, trace in ipairs(log:traces()) do
        timing:add(trace)
    end
    return timing:report()
end

local function nodes_of(report)
    local nodes = {}
    for _, node in ipairs(report.nodes) do
        nodes[node.id] = node
    end
    return nodes
end

local function trace_of(...)
    local steps = { { "trace_start", 0, 0 }, ... }
    return steps
end

describe("a timing", function()
    after_each(helper.clean)

    it("uses the written start, and the latest earlier event as the time when a node was ready", function()
        local node = nodes_of(timed(trace_of(
            { "node_start", 1, 10 }, { "node_done", 1, 30 },
            { "node_start", 2, 34 }, { "node_done", 2, 40 }, { "trace_complete", 0, 41 })))
        assert.are.equal(10, node[1].queue_ns)
        assert.are.equal(20, node[1].run_ns)
        assert.are.equal(4, node[2].queue_ns)
        assert.are.equal(6, node[2].run_ns)
        assert.are.equal(0, node[2].estimated_count)
    end)

    it("computes the mean of times whose sum exceeds the 584 years that 64 bits hold", function()
        local years_220 = 6942672000000000000
        local steps = {}
        for trace = 1, 3 do
            for _, step in ipairs { { "trace_start", 0, 0 }, { "node_start", 1, 0 }, { "node_done", 1, years_220 },
                { "trace_complete", 0, years_220 } } do
                steps[#steps + 1] = { step[1], step[2], step[3], trace }
            end
        end
        local report = timed(steps)
        assert.is_true(math.abs(report.traces.makespan.mean_ns - years_220) <= 2048) -- a double's precision there
        assert.is_true(math.abs(nodes_of(report)[1].run.mean_ns - years_220) <= 2048)
    end)

    it("subtracts from an attempt that a flow starts later only its suspension from then on", function()
        -- Suspended from 20 to 50; the flow lets node 2 begin when node 1 is done, at 30.
        local node = nodes_of(timed(trace_of(
            { "trace_suspended", 2, 20 }, { "node_done", 1, 30 }, { "trace_resumed", 0, 50 }, { "node_done", 2, 60 },
            { "trace_complete", 0, 60 }), { nodes = { [1] = {}, [2] = { after = { 1 } } } }))
        assert.are.equal(10, node[2].run_ns)
        assert.are.equal(30, node[2].suspended_ns)
    end)

    it("counts an engine's downtime as queue time, and estimates starts after it", function()
        local node = nodes_of(timed(trace_of(
            { "node_start", 1, 10 }, { "node_done", 1, 20 }, { "trace_resumed", 0, 1000 },
            { "node_start", 2, 1005 }, { "node_done", 2, 1010 }, { "trace_complete", 0, 1011 })))
        assert.are.equal(985, node[2].queue_ns)
        assert.are.equal(5, node[2].run_ns)
        node = nodes_of(timed(trace_of(
            { "node_done", 1, 20 }, { "trace_resumed", 0, 1000 }, { "node_done", 2, 1010 },
            { "trace_complete", 0, 1011 })))
        assert.are.equal(10, node[2].run_ns)
    end)

    it("estimates an unwritten start, marks it, and adds no waiting", function()
        local node = nodes_of(timed(trace_of(
            { "node_done", 1, 30 }, { "node_done", 2, 40 }, { "trace_complete", 0, 41 })))
        assert.are.equal(30, node[1].run_ns)
        assert.are.equal(10, node[2].run_ns)
        assert.are.equal(0, node[2].queue.count)
        assert.are.equal(1, node[2].estimated_count)
        assert.is_true(node[2].estimated)
    end)

    it("counts a node that was started twice as a retry, and the first attempt as lost", function()
        local node = nodes_of(timed(trace_of(
            { "node_start", 1, 10 }, { "node_start", 1, 25 }, { "node_done", 1, 30 }, { "trace_complete", 0, 31 })))[1]
        assert.are.equal(1, node.count)
        assert.are.equal(5, node.run_ns)
        assert.are.equal(15, node.retry_ns)
        assert.are.equal(1, node.retry_count)
        assert.are.equal(0, node.error_count)
        assert.are.equal(0, node.unfinished_count)
    end)

    it("counts a second node_done as a second run, whose estimated time is left out beside an exact one", function()
        local node = nodes_of(timed(trace_of(
            { "node_start", 1, 10 }, { "node_done", 1, 20 }, { "node_done", 1, 27 }, { "trace_complete", 0, 31 })))[1]
        assert.are.equal(2, node.count)
        assert.are.equal(10, node.run_ns)
        assert.are.same({ 1, 10 }, { node.run.count, node.run.max_ns })
        assert.are.same({ 1, 1, 1 }, { node.exact_count, node.estimated_count, node.left_out_count })
        assert.is_false(node.estimated)
        assert.are.equal(0, node.retry_count)
    end)

    it("keeps failed attempts out of the run time", function()
        local node = nodes_of(timed(trace_of(
            { "node_start", 1, 10 }, { "node_error", 1, 110 }, { "node_start", 1, 120 }, { "node_done", 1, 127 },
            { "trace_complete", 0, 131 })))[1]
        assert.are.equal(7, node.run_ns)
        assert.are.equal(7, node.run.max_ns)
        assert.are.equal(100, node.retry_ns)
        assert.are.equal(1, node.error_count)
        assert.are.equal(1, node.retry_count)
    end)

    it("never mixes waiting for a person into run time", function()
        local report = timed(trace_of(
            { "node_start", 4, 10 }, { "trace_suspended", 4, 15 }, { "trace_resumed", 0, 1015 },
            { "node_done", 4, 1018 }, { "trace_complete", 0, 1020 }))
        local node = nodes_of(report)[4]
        assert.are.equal(8, node.run_ns)
        assert.are.equal(1000, node.suspended_ns)
        assert.are.equal(1, node.suspended.count)
        assert.are.equal(1020, report.traces.makespan.max_ns)
        assert.are.equal(1000, report.traces.suspended.max_ns)
        -- Ready at 0: 10 of queue.
        assert.are.same({ 8, 1010 }, { node.critical_ns, node.critical_wait_ns })
        local path = report.traces.critical_path
        assert.are.same({ 1020, 10, 1000, 0, 2, 0 }, { path.total_ns, path.queue_ns, path.person_ns, path.timer_ns,
            path.gap_ns, path.left_out_ns })
    end)

    it("finds the parallel branch that decided, and the slack of the other", function()
        local node = nodes_of(timed(trace_of(
            { "node_start", 1, 0 }, { "node_done", 1, 10 },
            { "node_start", 2, 10 }, { "node_start", 7, 10 }, { "node_done", 7, 30 }, { "node_done", 2, 90 },
            { "node_start", 3, 95 }, { "node_done", 3, 100 }, { "trace_complete", 0, 100 })))
        assert.are.equal(80, node[2].critical_ns)
        assert.are.equal(0, node[7].critical_count)
        assert.are.equal(65, node[7].slack.max_ns)
        assert.are.equal(0, node[2].slack.count)
        assert.are.equal(0.8, node[2].critical_share)
    end)

    it("counts a clock that stepped back as 0 ns, and says how often", function()
        local report = timed(trace_of(
            { "node_start", 1, 50 }, { "node_done", 1, 20 }, { "node_done", 2, 10 }, { "trace_complete", 0, 60 }))
        local node = nodes_of(report)
        assert.are.equal(0, node[1].run.max_ns)
        assert.are.equal(1, node[1].clock_step_count)
        assert.are.equal(1, node[2].clock_step_count)
        assert.are.equal(0, node[2].run_ns)
        -- By the clock, node 2 had ended at 10: that made node 1 ready.
        assert.are.equal(40, node[1].queue_ns)
        local all = timed(trace_of({ "trace_complete", 0, -5 }))
        assert.are.equal(0, all.traces.makespan.max_ns)
        assert.are.equal(1, all.traces.clock_step_count)
    end)

    it("has a queue time of 0 ns for a node that started before its trace", function()
        local node = nodes_of(timed(trace_of({ "node_start", 1, -7 }, { "node_done", 1, 5 })))[1]
        assert.are.equal(0, node.queue_ns)
        assert.are.equal(12, node.run_ns)
    end)

    it("counts finished nodes of an open trace, but neither its makespan nor its path", function()
        local report = timed(trace_of(
            { "node_start", 1, 10 }, { "node_done", 1, 20 }, { "node_start", 2, 20 }, { "node_start", 4, 20 },
            { "trace_suspended", 4, 22 }))
        local node = nodes_of(report)
        assert.are.equal(1, report.traces.open_count)
        assert.are.equal(0, report.traces.makespan.count)
        assert.are.equal(10, node[1].run_ns)
        assert.are.equal(0, node[1].critical_count)
        assert.are.equal(1, node[2].unfinished_count)
        assert.are.equal(0, node[4].suspended.count)
    end)

    it("includes both lives of a trace that started again, from its first start on", function()
        local report = timed(trace_of(
            { "node_start", 1, 10 }, { "node_done", 1, 20 }, { "trace_start", 0, 100 }, { "node_done", 2, 130 },
            { "trace_complete", 0, 150 }))
        assert.are.equal(150, report.traces.makespan.max_ns)
        assert.are.equal(1, report.traces.restarted_count)
        assert.are.same({ 10, 30 }, { nodes_of(report)[1].run_ns, nodes_of(report)[2].run_ns })
    end)

    it("times iterations from one loop event to the next, and the n-th of all loops together", function()
        local report = timed {
            { "trace_start", 0, 0 }, { "loop_iteration", 8, 10, 1, 0 }, { "loop_iteration", 8, 30, 1, 1 },
            { "loop_exit", 8, 70, 1, 2 }, { "trace_complete", 0, 71 },
            { "trace_start", 0, 100, 2 }, { "loop_iteration", 8, 110, 2, 0 }, { "loop_exit", 8, 150, 2, 1 },
            { "trace_complete", 0, 151, 2 },
        }
        local node = nodes_of(report)[8]
        assert.are.equal(3, node.iteration.count)
        assert.are.equal(100, node.loop_ns)
        assert.are.equal(0, node.total_ns)
        assert.are.same({ { n = 1, count = 2, mean_ns = 30 }, { n = 2, count = 1, mean_ns = 40 } }, node.trend)
    end)

    it("counts the iterations of a loop that is entered again from the first", function()
        local node = nodes_of(timed(trace_of(
            { "loop_iteration", 8, 10, 1, 0 }, { "loop_iteration", 8, 30, 1, 1 }, { "loop_exit", 8, 70, 1, 2 },
            { "loop_iteration", 8, 80, 1, 0 }, { "loop_exit", 8, 90, 1, 1 }, { "trace_complete", 0, 91 })))[8]
        assert.are.same({ { n = 1, count = 2, mean_ns = 15 }, { n = 2, count = 1, mean_ns = 40 } }, node.trend)
    end)

    it("counts a node that ran when its trace closed as unfinished, without any time", function()
        local node = nodes_of(timed(trace_of(
            { "node_start", 1, 10 }, { "node_done", 1, 20 }, { "node_start", 2, 20 }, { "trace_failed", 0, 90 })))[2]
        assert.are.equal(1, node.unfinished_count)
        assert.are.equal(0, node.count)
        assert.are.equal(0, node.total_ns)
        assert.are.equal(0, node.exact_count)
    end)

    local flow = {
        name = "orders",
        nodes = {
            [1] = {}, [2] = { after = { 1 } }, [7] = { name = "reserve", after = { 1 } },
            [3] = { after = { 2, 7 } }, [5] = { after = { 3, 4 } }, [4] = { after = { 3 } },
        },
    }

    it("knows with a flow when a node was ready, even without written starts", function()
        local steps = trace_of({ "node_done", 1, 10 }, { "node_done", 7, 30 }, { "node_done", 2, 90 },
            { "node_done", 3, 100 }, { "node_done", 5, 110 }, { "trace_complete", 0, 110 })
        assert.are.equal(60, nodes_of(timed(steps))[2].run_ns)
        local report = timed(steps, flow)
        local node = nodes_of(report)
        assert.are.equal(80, node[2].run_ns)
        assert.are.equal(20, node[7].run_ns)
        assert.are.equal(10, node[5].run_ns)
        assert.are.equal("reserve", node[7].name)
        assert.are.equal("orders", report.flow_name)
        assert.are.equal(60, node[7].slack.max_ns)
    end)

    it("finds with a flow waiting that other branches hide", function()
        local steps = trace_of({ "node_start", 1, 0 }, { "node_done", 1, 10 }, { "node_start", 2, 12 },
            { "node_done", 2, 30 }, { "node_start", 7, 33 }, { "node_done", 7, 40 }, { "trace_complete", 0, 50 })
        assert.are.equal(3, nodes_of(timed(steps))[7].queue_ns)
        assert.are.equal(23, nodes_of(timed(steps, flow))[7].queue_ns)
    end)

    it("falls back to events for nodes that a flow lacks or has in the wrong order", function()
        local steps = trace_of({ "node_done", 98, 2 }, { "node_start", 3, 5 }, { "node_done", 3, 10 },
            { "node_start", 99, 14 }, { "node_done", 99, 20 }, { "trace_complete", 0, 20 })
        local node = nodes_of(timed(steps, flow))
        assert.are.equal(3, node[3].queue_ns)
        assert.are.equal(4, node[99].queue_ns)
    end)

    it("refuses an impossible flow, and names what is wrong", function()
        local wrong = {
            ["in a circle: 1 after 2 after 1"] = { nodes = { [1] = { after = { 2 } }, [2] = { after = { 1 } } } },
            ["in a circle: 1 after 1"] = { nodes = { [1] = { after = { 1 } } } },
            ["node 1: it comes after 9, which is not in"] = { nodes = { [1] = { after = { 9 } } } },
            ['unknown key "befor"'] = { nodes = { [1] = { befor = { 2 } } } },
            ['unknown key "node"'] = { node = {} },
            ["occurs twice in \"after\""] = { nodes = { [1] = {}, [2] = { after = { 1, 1 } } } },
            ["is not a node number"] = { nodes = { charge = {} } },
            ['no "nodes"'] = { name = "x" },
            ["must be a list"] = { nodes = { [1] = {}, [2] = { after = { x = 1 } } } },
        }
        for message, value in pairs(wrong) do
            assert.error_matches(function()
                tracereel.timing(value)
            end, message, 1, true)
        end
    end)
end)

-- All orders of a list.
local function permutations(list)
    if #list <= 1 then
        return { list }
    end
    local all = {}
    for index, item in ipairs(list) do
        local rest = table.move(list, 1, #list, 1, {})
        table.remove(rest, index)
        for _, order in ipairs(permutations(rest)) do
            table.insert(order, 1, item)
            all[#all + 1] = order
        end
    end
    return all
end

describe("a handler table's timing", function()
    it("adds each trace that closes, as a handler would", function()
        local by_key, by_handler = tracereel.timing(), tracereel.timing()
        local function add(_, trace)
            if trace then
                by_handler:add(trace)
            end
        end
        tracereel.open(helper.log("orders")):replay({ timing = by_key }, { trace_complete = add, trace_failed = add })
        assert.is_true(by_key:report().traces.makespan.count > 0)
        assert.are.equal(tracereel.json(by_handler:report()), tracereel.json(by_key:report()))
    end)

    it("works in a script and with a filter, and is an ordinary timing", function()
        local ran = helper.run_script("local timing = tracereel.timing() return { api = 1, timing = timing, "
            .. "types = 'trace_failed', finish = function() return timing:report().traces.failed_count end }")
        assert.are.equal("", ran.stderr)
        assert.are.equal("3\n", ran.stdout)
        assert.error_matches(function()
            tracereel.open(helper.log("orders")):replay { timing = {} }
        end, "timing must be a timing, as tracereel.timing() gives it, is a table", 1, true)
    end)
end)

describe("parts of a log", function()
    -- Three timings, each with every third trace.
    local function parts(name, flow)
        local timings, count = {}, 3
        for index = 1, count do
            timings[index] = tracereel.timing(flow)
        end
        local number = 0
        local function add(_, trace)
            if trace then
                number = number + 1
                timings[number % count + 1]:add(trace)
            end
        end
        local log = tracereel.open(helper.log(name))
        log:replay { trace_complete = add, trace_failed = add }
        for _, trace in ipairs(log:traces()) do
            add(nil, trace)
        end
        return timings
    end

    for _, name in ipairs { "orders", "edge", "restarted", "snapshot", "garbage-middle" } do
        it("give the same bytes when merged in any order: " .. name, function()
            local whole
            for _, order in ipairs(permutations { 1, 2, 3 }) do
                local timings = parts(name)
                local merged = timings[order[1]]:merge(timings[order[2]]):merge(timings[order[3]])
                local text = tracereel.json(merged:report())
                whole = whole or text
                assert.is_true(whole == text)
                timings = parts(name)
                timings[order[2]]:merge(timings[order[3]])
                assert.is_true(whole == tracereel.json(timings[order[1]]:merge(timings[order[2]]):report()))
            end
            local ran = helper.run { "timing", "--json", "--sort", "id", helper.log(name) }
            local report = tracereel.json_decode(ran.stdout)
            report.log = nil
            -- The command writes times unsigned.
            local expected = whole:gsub('_ns":(%-%d+)', function(number)
                return '_ns":' .. tracereel.unsigned(math.tointeger(number))
            end)
            assert.are.same(tracereel.json_decode(expected), report)
        end)
    end

    it("cannot be merged with parts of another flow, nor with themselves", function()
        local plain, other = tracereel.timing(), tracereel.timing { nodes = { [1] = {} } }
        assert.has_error(function()
            plain:merge(other)
        end, "bad argument #1 to 'merge' (was made with another flow: what it holds cannot be added)")
        assert.has_error(function()
            plain:merge(plain)
        end, "bad argument #1 to 'merge' (a timing cannot be merged with itself)")
        tracereel.timing({ nodes = { [1] = {} } }):merge(other)
    end)
end)

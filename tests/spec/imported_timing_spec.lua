-- The timing of imported logs: instances of nodes, waits of their own, what the source says of attempts and outcomes.
local expected_timing = require "tests.spec.timing_expected"
local helper = require "tests.spec.helper"
local imported_log = require "tests.spec.imported_log"
local record_bytes = require "tests.spec.record_bytes"
local timing_checks = require "tests.spec.timing_checks"
local tracereel = require "tracereel"

local at = imported_log.at

local function report_of(records, flow)
    local timing = tracereel.timing(flow)
    local log = tracereel.open(record_bytes.write_log(helper.directory(), records)):replay { timing = timing }
    for _, trace in ipairs(log:traces()) do
        timing:add(trace)
    end
    return timing:report()
end

local function nodes_of(...)
    local nodes = {}
    for _, node in ipairs(report_of(...).nodes) do
        nodes[node.id] = node
    end
    return nodes
end

local function of(instance, more)
    return ('{"instance":"%s"%s}'):format(instance, more or "")
end

local at_node = { node_start = true, node_done = true, node_error = true, trace_suspended = true, trace_resumed = true,
    loop_iteration = true, loop_exit = true }

-- Records of a few traces at random: what is open is known, so that most of them are of what can happen next, but not
-- all; and now and then the clock steps back.
local function random_records(random, count)
    local records, time_ns, traces = {}, 1000000, {}
    local function pick(list)
        return list[random(#list)]
    end
    local function metadata(type_name)
        local parts = {}
        local function add(chance, text)
            if random(100) <= chance then
                parts[#parts + 1] = text
            end
        end
        if at_node[type_name] then
            add(70, ('"instance":"%d"'):format(random(3)))
        end
        if type_name == "node_start" then
            add(30, ('"scheduled_ns":%d'):format(time_ns - random(-20, 300)))
            add(40, ('"attempt":%d'):format(random(5)))
        elseif type_name == "node_error" then
            add(60, ('"kind":"%s"'):format(pick { "error", "timed_out", "cancelled", "terminated", "lost" }))
        elseif type_name == "trace_suspended" or type_name == "trace_resumed" then
            add(100, ('"wait":"%s"'):format(pick { "timer", "timer", "signal", "person" }))
        elseif type_name == "trace_complete" or type_name == "trace_failed" then
            add(60, ('"outcome":"%s"'):format(pick { "continued", "cancelled", "timed_out", "terminated", "odd" }))
        end
        return #parts > 0 and "{" .. table.concat(parts, ",") .. "}" or nil
    end
    local types = { "node_start", "node_start", "node_start", "node_done", "node_done", "node_done", "node_error",
        "trace_suspended", "trace_suspended", "trace_resumed", "trace_resumed", "loop_iteration", "loop_exit" }
    for _ = 1, count do
        time_ns = time_ns + random(0, 100) - (random(40) == 1 and 200 or 0)
        local id = ("aaaaaaaa-0000-4000-8000-%012x"):format(random(3))
        local type_name = pick(types)
        if not traces[id] or random(60) == 1 then
            type_name = "trace_start"
        elseif random(25) == 1 then
            type_name = pick { "trace_complete", "trace_failed" }
        end
        traces[id] = type_name ~= "trace_complete" and type_name ~= "trace_failed"
        records[#records + 1] = at(type_name, time_ns, at_node[type_name] and random(4), metadata(type_name),
            { trace_id = id })
    end
    return records
end

describe("the timing of an imported log", function()
    after_each(helper.clean)

    it("is that of an independent computation, for logs with instances, waits and imported fields at random", function()
        for seed = 1, 25 do
            math.randomseed(seed)
            local records = random_records(math.random, 150)
            local traces, nodes = expected_timing.of(records)
            local right, problem = pcall(timing_checks.report, report_of(records), traces, nodes)
            assert.is_true(right, ("seed %d: %s"):format(seed, tostring(type(problem) == "table"
                and problem.message or problem)))
        end
    end)

    it("takes a suspension of the whole trace that names an instance out of that instance's attempt", function()
        local nodes = nodes_of {
            at("trace_start", 0), at("trace_suspended", 10, 5, '{"wait":"timer"}'),
            at("trace_suspended", 20, 6, of "a"), at("trace_resumed", 50, 6), at("node_done", 60, 6, of "a"),
            at("trace_complete", 70),
        }
        assert.are.same({ 1, 60 - 30, 30 }, { nodes[6].count, nodes[6].run_ns, nodes[6].suspended_ns })
        assert.are.same({ 1, 60 }, { nodes[5].unfinished_count, nodes[5].suspended_ns })
    end)

    it("counts twelve instances in parallel as twelve runs, and the time of each", function()
        local records = { at("trace_start", 0) }
        for number = 1, 12 do
            records[#records + 1] = at("node_start", number, 4, of(number))
        end
        for number = 1, 12 do
            records[#records + 1] = at("node_done", 100 + 7 * number, 4, of(number))
        end
        records[#records + 1] = at("trace_complete", 200)
        local node = nodes_of(records)[4]
        assert.are.same({ 12, 0, 0, 12 * 100 + 6 * (12 * 13 // 2) },
            { node.count, node.retry_count, node.unfinished_count, node.run_ns })
    end)

    it("lets an instance wait by the flow for the same instance of the node before, and a join for all", function()
        local flow = { name = "map", nodes = { [1] = { name = "plan", after = {} },
            [2] = { name = "fetch", after = { 1 } },
            [3] = { name = "parse", after = { 2 } }, [4] = { name = "join", after = { 3 } } } }
        local records = {
            at("trace_start", 0), at("node_start", 0, 1), at("node_done", 10, 1),
            at("node_start", 12, 2, of "a"), at("node_start", 15, 2, of "b"), at("node_done", 20, 2, of "a"),
            at("node_done", 30, 2, of "b"), at("node_start", 31, 3, of "a"), at("node_start", 33, 3, of "b"),
            at("node_done", 40, 3, of "a"), at("node_done", 50, 3, of "b"), at("node_start", 57, 4),
            at("node_done", 60, 4), at("trace_complete", 60),
        }
        local nodes = nodes_of(records, flow)
        -- fetch: both ready at 10; parse: a ready at 20, not at 30, when b was fetched; join: at 50.
        assert.are.same({ 2 + 5, 11 + 3, 7 }, { nodes[2].queue_ns, nodes[3].queue_ns, nodes[4].queue_ns })
        -- The path: join, parse b, fetch b, plan.
        assert.are.same({ 10, 15, 17, 3 }, { nodes[1].critical_ns, nodes[2].critical_ns, nodes[3].critical_ns,
            nodes[4].critical_ns })
        local without = nodes_of(records)
        assert.are.same({ 2 + 5, 1 + 3, 7 }, { without[2].queue_ns, without[3].queue_ns, without[4].queue_ns })
    end)

    -- docs/timing.md's formula for ready by the flow, of attempts that were all started and done.
    -- Where nothing that an attempt waits for has ended, it is ready by the latest event.
    local function latest_end(attempts, attempt)
        local latest_ns = 0
        for _, other in ipairs(attempts) do
            local counts = other ~= attempt and other.end_ns <= attempt.start_ns
            latest_ns = counts and math.max(latest_ns, other.end_ns) or latest_ns
        end
        return latest_ns
    end

    local function queue_by_formula(attempts, after)
        local queue_ns = {}
        for _, attempt in ipairs(attempts) do
            local ready_ns = #after[attempt.id] == 0 and 0 or nil
            local function note(other)
                if other ~= attempt and other.end_ns <= attempt.start_ns then
                    ready_ns = math.max(ready_ns or 0, other.end_ns)
                end
            end
            for _, before in ipairs(after[attempt.id]) do
                local has_same = false
                for _, other in ipairs(attempts) do
                    has_same = has_same or other.id == before and attempt.instance
                        and other.instance == attempt.instance
                end
                for _, other in ipairs(attempts) do
                    if other.id == before and (not has_same or other.instance == attempt.instance) then
                        note(other)
                    end
                end
            end
            for _, other in ipairs(attempts) do
                if other.id == attempt.id and other.instance == attempt.instance then
                    note(other)
                end
            end
            queue_ns[attempt.id] = (queue_ns[attempt.id] or 0) + attempt.start_ns
                - (ready_ns or latest_end(attempts, attempt))
        end
        return queue_ns
    end

    it("has the queue time of the formula in short traces and in long ones, however the instances overlap", function()
        local after = { [1] = {}, [2] = { 1 }, [3] = { 2 }, [4] = { 2, 3 } }
        local flow = { name = "map", nodes = {} }
        for id, list in ipairs(after) do
            flow.nodes[id] = { name = "node " .. id, after = list }
        end
        for seed, count in ipairs { 20, 30, 60, 70, 200, 300 } do
            math.randomseed(seed)
            local attempts, free_ns = {}, {}
            local records = { at("trace_start", 0), at("node_start", 0, 1), at("node_done", 1, 1) }
            attempts[1] = { id = 1, start_ns = 0, end_ns = 1 }
            for _ = 1, count do
                local id = math.random(2, 4)
                local instance = math.random(6) > 1 and tostring(math.random(1, count // 8)) or nil
                local key = id .. (instance or "")
                local start_ns = math.max(free_ns[key] or 2, math.random(2, count * 10))
                local end_ns = start_ns + math.random(40)
                free_ns[key] = end_ns + 1
                attempts[#attempts + 1] = { id = id, instance = instance, start_ns = start_ns, end_ns = end_ns }
                local metadata = instance and of(instance)
                records[#records + 1] = at("node_start", start_ns, id, metadata)
                records[#records + 1] = at("node_done", end_ns, id, metadata)
            end
            table.sort(records, function(a, b)
                return a.timestamp_ns < b.timestamp_ns
            end)
            local nodes = nodes_of(records, flow)
            for id, queue_ns in pairs(queue_by_formula(attempts, after)) do
                assert.are.equal(queue_ns, nodes[id].queue_ns, ("seed %d, node %d"):format(seed, id))
            end
        end
    end)

    it("has each of several waits at its node, and counts the time in which a trace waited once", function()
        local report = report_of { at("trace_start", 0),
            at("trace_suspended", 10, 5, '{"wait":"timer"}'), at("trace_suspended", 20, 6, '{"wait":"signal"}'),
            at("node_start", 25, 7), at("trace_resumed", 30, 5, '{"wait":"timer"}'), at("node_done", 60, 7),
            at("trace_resumed", 90, 6, '{"wait":"signal"}'), at("trace_complete", 100) }
        local suspended, runs = {}, {}
        for _, node in ipairs(report.nodes) do
            suspended[node.id], runs[node.id] = node.suspended_ns, node.run_ns
            assert.are.equal(1, node.count)
        end
        assert.are.same({ [5] = 20, [6] = 70, [7] = 0 }, suspended)
        assert.are.same({ [5] = 0, [6] = 0, [7] = 35 }, runs)
        assert.are.equal(80, report.traces.suspended.sum_ns)
    end)

    it("shows kinds of errors, hidden attempts and outcomes beside the counts of all", function()
        local ran = helper.run { "timing", imported_log.write() }
        assert.are.equal(0, ran.status)
        assert.is_truthy(ran.stdout:find("outcomes    1 failed\n +of these 1 cancelled\n"), ran.stdout)
        assert.is_truthy(ran.stdout:find("Kinds of errors[^\n]*\nNODE +TIMED OUT +CANCELLED +TERMINATED +HIDDEN\n"
            .. "4 +1 +%- +%- +1\n"), ran.stdout)
    end)
end)

-- The critical path as a whole: what its parts are, and that they add up to the traces' time, with flows and children.
local gather = require "tracereel.timing.gather"
local grouping = require "tracereel.timing.grouping"
local helper = require "tests.spec.helper"
local record_bytes = require "tests.spec.record_bytes"
local tracereel = require "tracereel"

local function id_of(number)
    return ("%08x-0000-4000-8000-000000000000"):format(number)
end

local function record(time_ns, type, trace, node, metadata)
    return { type = type, trace_id = id_of(trace), timestamp_ns = time_ns, node_id = node or 0,
        metadata = metadata and tracereel.json(metadata) or nil }
end

-- Attempts of a trace between two times, of which some run at once, some fail, some have no start, some wait for a
-- timer or a person, and some were scheduled.
local function add_attempts(records, random, trace, from_ns, to_ns)
    local attempts = {}
    for index = 1, random(0, 6) do
        local node, instance = random(5), random(3) == 1 and tostring(random(2)) or nil
        local start_ns = random(from_ns, to_ns)
        local end_ns = random(start_ns, to_ns)
        attempts[index] = { node = node, instance = instance, start_ns = start_ns, end_ns = end_ns }
        local function add(time_ns, type, more)
            more = more or {}
            more.instance = instance
            records[#records + 1] = record(time_ns, type, trace, node, next(more) and more or nil)
        end
        if random(4) > 1 then
            add(start_ns, "node_start", random(3) == 1 and { scheduled_ns = random(from_ns, start_ns) } or nil)
        end
        if random(3) == 1 then
            local wait = random(2) == 1 and "timer" or "signal"
            local wait_ns = random(start_ns, end_ns)
            add(wait_ns, "trace_suspended", { wait = wait })
            if random(5) > 1 then
                add(random(wait_ns, end_ns), "trace_resumed", { wait = wait })
            end
        end
        if random(8) > 1 then
            add(end_ns, random(5) == 1 and "node_error" or "node_done")
        end
    end
    return attempts
end

-- A trace and, in it, traces that its nodes have started, some of which outlive it or stay open.
local function add_family(records, random, numbers, from_ns, to_ns, parent, depth)
    local number = #numbers + 1
    numbers[number] = true
    records[#records + 1] = record(from_ns, "trace_start", number, nil, parent or {})
    local attempts = add_attempts(records, random, number, from_ns, to_ns)
    for _ = 1, depth < 4 and random(0, 3) or 0 do
        local attempt = attempts[random(math.max(1, #attempts))] or { start_ns = from_ns, end_ns = to_ns, node = 5 }
        local start_ns = random(attempt.start_ns, attempt.end_ns)
        add_family(records, random, numbers, start_ns, random(start_ns, to_ns + 50),
            { parent = id_of(number), parent_node = attempt.node, parent_instance = attempt.instance }, depth + 1)
    end
    if random(10) > 1 then
        records[#records + 1] = record(to_ns, random(6) == 1 and "trace_failed" or "trace_complete", number)
    end
end

local function random_log(random)
    local records, numbers = {}, {}
    for _ = 1, 3 do
        local from_ns = random(1000000, 1001000)
        add_family(records, random, numbers, from_ns, from_ns + random(0, 1000), nil, 1)
    end
    for place, one in ipairs(records) do
        one.place = place
    end
    table.sort(records, function(a, b)
        return a.timestamp_ns < b.timestamp_ns or a.timestamp_ns == b.timestamp_ns and a.place < b.place
    end)
    -- Now and then the clock is wrong.
    for _, one in ipairs(records) do
        one.timestamp_ns = one.timestamp_ns - (random(60) == 1 and random(200) or 0)
    end
    return record_bytes.write_log(helper.directory(), records)
end

local flow = { name = "f", nodes = { [1] = { after = {} }, [2] = { after = { 1 } }, [3] = { after = { 1 } },
    [4] = { after = { 2, 3 } } } }

local function report_of(path, by, order)
    local gatherer = gather.gatherer { grouping = grouping.parse(by), worst_count = 10, has_own_ids = true,
        flow = order }
    gatherer:read(tracereel.open(path), path, nil, {})
    return gatherer:report()
end

local kinds = { "queue", "person", "timer", "gap", "left_out" }

local function sum_of(nodes, path)
    local sum_ns, shares = 0, 0
    for _, node in ipairs(nodes) do
        sum_ns, shares = sum_ns + node.critical_ns, shares + node.critical_share
    end
    for _, kind in ipairs(kinds) do
        sum_ns, shares = sum_ns + path[kind .. "_ns"], shares + path[kind .. "_share"]
    end
    return sum_ns, shares
end

describe("the critical path", function()
    after_each(helper.clean)

    it("is as long as the traces to the nanosecond, for families at random, with a flow and without", function()
        local children, with_children_on_path = 0, 0
        for seed = 1, 60 do
            math.randomseed(seed)
            local path = random_log(math.random)
            for _, order in ipairs { false, flow } do
                local report = report_of(path, "node", order or nil)
                local all = report.traces.critical_path
                local sum_ns, shares = sum_of(report.nodes, all)
                assert.are.equal(report.traces.makespan.sum_ns, sum_ns, "seed " .. seed)
                assert.are.equal(all.total_ns, sum_ns, "seed " .. seed)
                assert.is_true(sum_ns == 0 or math.abs(shares - 1) < 1e-9)
                children = children + (report.traces.child_count or 0)
                for _, trace in ipairs(report.worst_traces) do
                    assert.are.equal(trace.makespan_ns, trace.critical_ns + trace.queue_ns + trace.person_ns
                        + trace.timer_ns + trace.gap_ns, "seed " .. seed)
                end
                local worst_ns = 0
                for _, trace in ipairs(report.worst_traces) do
                    worst_ns = worst_ns + trace.gap_ns
                end
                with_children_on_path = with_children_on_path + (worst_ns ~= all.gap_ns and 1 or 0)
            end
        end
        assert.is_true(children > 400 and with_children_on_path > 10)
    end)

    it("adds up in each group, wherever a trace's children are", function()
        local group_count = 0
        for seed = 1, 15 do
            math.randomseed(seed)
            local report = report_of(random_log(math.random), "outcome")
            for _, group in ipairs(report.groups) do
                local sum_ns = sum_of(group.nodes, group.traces.critical_path)
                assert.are.equal(group.traces.critical_path.total_ns, sum_ns, "seed " .. seed)
                group_count = group_count + 1
            end
        end
        assert.is_true(group_count > 30)
    end)
end)

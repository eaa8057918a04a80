-- Which attempt of its parent a child counts for in timing, where several could be meant.
local helper = require "tests.spec.helper"
local reel = require "tracereel"

local second = 1000000000
local start_ns = 1764000000 * second

local function id_of(number)
    return ("%08x-0000-4000-8000-000000000000"):format(number)
end

-- Writes the records, of which each is { seconds, type, trace, node, metadata }, in the order of their times.
local function write_log(records)
    local directory = helper.directory() .. "/log"
    local writer = reel.writer(directory)
    for place, one in ipairs(records) do
        one.place = place
    end
    table.sort(records, function(a, b)
        return a[1] < b[1] or a[1] == b[1] and a.place < b.place
    end)
    for _, one in ipairs(records) do
        writer:append(reel.record[one[2]] { trace_id = id_of(one[3]), timestamp_ns = start_ns + one[1] * second,
            node_id = one[4], metadata = one[5] and reel.json(one[5]) })
    end
    writer:close()
    helper.write(directory .. "/tracereel.flow.lua",
        'return { name = "jobs", nodes = { [1] = { name = "plan" } }, origin = { rule = "jobs" } }')
    return directory
end

-- A trace from 0 to 100 s that runs node 1 (0 to 10), instance "0" of node 2 (10 to 40), which delays nothing, "1" (12
-- to 90) and node 3 (90 to 95); with a child for each { from, to, node, instance, parent }, which runs node 100 and
-- its own number from its start to its end.
local function log_of(children)
    local records = {}
    local function run(trace, node, from, to, instance)
        local metadata = instance and { instance = instance }
        table.insert(records, { from, "node_start", trace, node, metadata })
        table.insert(records, { to, "node_done", trace, node, metadata })
    end
    table.insert(records, { 0, "trace_start", 1 })
    run(1, 1, 0, 10)
    run(1, 2, 10, 40, "0")
    run(1, 2, 12, 90, "1")
    run(1, 3, 90, 95)
    table.insert(records, { 100, "trace_complete", 1 })
    for number, child in pairs(children) do
        table.insert(records, { child[1], "trace_start", number, nil,
            { parent = id_of(child[5] or 1), parent_node = child[3], parent_instance = child[4] } })
        run(number, 100 + number, child[1], child[2])
        table.insert(records, { child[2], child[6] or "trace_complete", number })
    end
    return write_log(records)
end

local function report_of(log, ...)
    return helper.objects(helper.output_of("timing", "--json", log, ...))[1]
end

-- The numbers of the children that are on the critical path.
local function on_path(children)
    local found = {}
    for _, node in ipairs(report_of(log_of(children)).nodes) do
        local id = math.tointeger(tonumber(node.id:sub(2)))
        found[#found + 1] = id > 100 and node.critical_ns ~= "#0" and id - 100 or nil
    end
    table.sort(found)
    return found
end

describe("timing of children that begin", function()
    teardown(helper.clean)

    it("counts them for the last attempt to begin, where they name no instance", function()
        -- At 11 s only "0" runs, at 15 s both do.
        assert.are.same({ 11 }, on_path { [10] = { 11, 14, 2 }, [11] = { 15, 20, 2 } })
        assert.are.same({ 12, 13 }, on_path { [12] = { 15, 20, 2, "1" }, [13] = { 20, 25, 2 },
            [14] = { 15, 20, 2, "0" } })
    end)

    it("counts them for an attempt from its first instant to its last, and for none outside of it", function()
        -- 12 has no more than an instant of it.
        assert.are.same({ 11 }, on_path { [10] = { 11, 13, 2, "1" }, [11] = { 12, 20, 2, "1" },
            [12] = { 90, 93, 2, "1" }, [13] = { 91, 93, 2, "1" } })
        assert.are.same({ 10, 11 }, on_path { [10] = { 12, 89, 2, "1" }, [11] = { 89, 93, 2, "1" } })
        assert.are.same({}, on_path { [10] = { 89, 93, 3 }, [11] = { 96, 97, 3 } })
    end)

    it("puts no child of a child on the path that is not on it itself", function()
        -- Each begins in the whole of what its own parent ran.
        assert.are.same({ 11, 13 }, on_path { [10] = { 15, 30, 2, "0" }, [11] = { 15, 30, 2, "1" },
            [12] = { 16, 29, 110, nil, 10 }, [13] = { 16, 29, 111, nil, 11 } })
    end)

    it("counts those that were chosen by their outcome by themselves", function()
        local log = log_of { [10] = { 15, 30, 2, "0", 1, "trace_failed" }, [11] = { 16, 20, 110, nil, 10 } }
        local traces = report_of(log, "--outcome", "failed").traces
        assert.are.same({ "#1", "#15000000000" }, { traces.failed_count, traces.makespan.max_ns or "none" })
        assert.is_nil(traces.child_count)
        traces = report_of(log).traces
        assert.are.same({ "#1", "#2" }, { traces.makespan.count, traces.child_count })
    end)
end)

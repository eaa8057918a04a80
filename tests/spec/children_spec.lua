-- Traces that a node of another trace started, as an imported log says it.
local helper = require "tests.spec.helper"
local reel = require "tracereel"

local output_of = helper.output_of

local second = 1000000000
local start_ns = 1764000000 * second

local function id_of(number)
    return ("%08x-0000-4000-8000-000000000000"):format(number)
end

local function new_log(name)
    local directory = helper.directory() .. "/" .. (name or "log")
    local writer = reel.writer(directory)
    local log = { path = directory }
    function log.add(type, number, seconds, fields)
        fields = fields or {}
        fields.trace_id, fields.timestamp_ns = id_of(number), start_ns + seconds * second
        writer:append(reel.record[type](fields))
    end
    -- For records that are not given in the order of their times.
    local queue = {}
    function log.queue(seconds, type, number, fields)
        queue[#queue + 1] = { type, number, seconds, fields, place = #queue }
    end
    function log.write()
        table.sort(queue, function(a, b)
            return a[3] < b[3] or a[3] == b[3] and a.place < b.place
        end)
        for _, one in ipairs(queue) do
            log.add(one[1], one[2], one[3], one[4])
        end
        return log.close()
    end
    function log.start(number, seconds, metadata)
        log.add("trace_start", number, seconds, { metadata = metadata and reel.json(metadata) })
    end
    function log.close(outcome)
        writer:close()
        helper.write(directory .. "/tracereel.flow.lua", ([[return {
            name = "jobs", nodes = { [1] = { name = "plan" }, [2] = { name = "fan out", after = {1} },
                [3] = { name = "sub", after = {2} }, [7] = { name = "work" } },
            %s }]]):format(outcome == "no origin" and "" or 'origin = { rule = "jobs" }'))
        return directory
    end
    return log
end

-- A trace with four children at "fan out", of which the second has one of its own at "work":
--   1: 0 s to 60 s; 2 (10 to 20), 3 (10 to 40, failed), 4 (12 to 15, cancelled), 5 (30 on, open), 6 of 3 (15 to 35)
local function family_log(how)
    local log = new_log()
    log.start(1, 0, { id = "order 1", name = "order" })
    log.add("node_start", 1, 1, { node_id = 1 })
    log.add("node_done", 1, 9, { node_id = 1 })
    log.add("node_start", 1, 9, { node_id = 2 })
    log.start(2, 10, { id = "a", name = "job", parent = id_of(1), parent_node = 2, parent_instance = "0" })
    log.start(3, 10, { id = "b", name = "job", parent = id_of(1), parent_node = 2, parent_instance = "1" })
    log.start(4, 12, { parent = id_of(1), parent_node = 2 })
    log.add("node_start", 3, 14, { node_id = 7 })
    log.add("trace_failed", 4, 15, { metadata = '{"outcome":"cancelled"}' })
    log.start(6, 15, { name = "sub", parent = id_of(3), parent_node = 7 })
    log.add("trace_complete", 2, 20)
    log.start(5, 30, { parent = id_of(1), parent_node = 2 })
    log.add("trace_complete", 6, 35)
    log.add("node_done", 3, 36, { node_id = 7 })
    log.add("trace_failed", 3, 40, { error_message = "boom" })
    log.add("node_done", 1, 50, { node_id = 2 })
    log.add("trace_complete", 1, 60)
    return log.close(how)
end

describe("children of a trace", function()
    local log
    setup(function()
        log = family_log()
    end)
    teardown(helper.clean)

    it("are counted beneath it by show, those of children, too, and listed with --children", function()
        local folded = output_of("show", "00000001", log)
        assert.matches("\n  5 children, 2 failed (1 cancelled) (--children lists them)\n", folded, 1, true)
        local listed = output_of("show", "--children", "00000001", log)
        assert.matches("\n\nchildren\n", listed, 1, true)
        assert.same({
            "0:00:10.000     10.0 s  complete    fan out [0]: job (a 00000002)",
            "0:00:10.000     30.0 s  failed      fan out [1]: job (b 00000003)",
            "0:00:15.000     20.0 s  complete      work: sub (00000006)",
            "0:00:12.000     3.00 s  cancelled   fan out: 00000004",
            "0:00:30.000       0 ns  open        fan out: 00000005",
            "  5 children, 2 failed (1 cancelled)",
        }, (function()
            local lines = {}
            for line in listed:match("\nchildren\n(.*)$"):gmatch("[^\n]+") do
                lines[#lines + 1] = line
            end
            return lines
        end)())
        local some = output_of("show", "--children", "--outcome", "complete", "00000001", log)
        assert.matches("job (a 00000002)", some, 1, true)
        assert.matches("job (b 00000003)", some, 1, true) -- it leads to one
        assert.is_nil(some:find("00000004", 1, true))
        assert.matches("\nno such children\n", output_of("show", "--children", "--outcome", "terminated", "00000001",
            log), 1, true)
    end)

    it("are listed with --children in no more than 80 columns, and without a loss", function()
        local long = new_log()
        long.start(1, 0)
        local id = ("a long id "):rep(9) .. "end"
        long.start(2, 10, { id = id, name = "job", parent = id_of(1), parent_node = 2 })
        long.start(3, 11, { id = id, name = "job", parent = id_of(2), parent_node = 7 })
        local listed = output_of("show", "--children", "00000001", long.close()):match("\nchildren\n(.*)\n  2 children")
        for line in listed:gmatch("[^\n]+") do
            assert.is_true(#line <= 80, line)
        end
        local words = listed:gsub("%s+", " ")
        assert.matches("open fan out: job (" .. id .. " 00000002)", words, 1, true)
        assert.matches("open work: job (" .. id .. " 00000003)", words, 1, true)
    end)

    it("name their parent, where it is in the log and where it is not", function()
        assert.matches("\n  parent    order 1 (" .. id_of(1) .. "), at fan out [1]\n",
            output_of("show", "00000003", log), 1, true)
        local lost = new_log()
        lost.start(2, 1, { id = "x", parent = id_of(9) })
        lost.add("trace_complete", 2, 2)
        local directory = lost.close()
        assert.matches("\n  parent    " .. id_of(9) .. ": it is not in this log\n",
            (output_of("show", "00000002", directory):gsub("\n            ", " ")), 1, true)
        assert.matches("child of 00000009\n", output_of("traces", directory), 1, true)
    end)

    it("are told by traces, with how they ended", function()
        local lines = output_of("traces", log)
        assert.matches("\n00000004  +cancelled .* child of 00000001 at fan out\n", lines)
        assert.matches("\n00000006  +complete .* child of 00000003 at work\n", lines)
        assert.matches("\n00000003  b +failed .* child of 00000001 at fan out; boom\n", lines)
        assert.matches("1 running, 3 complete, 1 failed, 1 cancelled", lines, 1, true)
        local by_id = {}
        for _, object in ipairs(helper.objects(output_of("traces", "--json", log))) do
            by_id[object.trace_id] = object
        end
        local b = by_id[id_of(3)]
        assert.same({ "b", "job", "failed", id_of(1), "#2", "1" },
            { b.id, b.name, b.outcome, b.parent, b.parent_node, b.parent_instance })
        assert.equal("open", by_id[id_of(5)].outcome)
    end)

    it("are in show --json with their own", function()
        local object = helper.objects(output_of("show", "--json", "00000001", log))[1]
        local ids = {}
        for index, child in ipairs(object.children) do
            ids[index] = child.trace_id
        end
        assert.same({ id_of(2), id_of(3), id_of(4), id_of(5) }, ids)
        assert.equal(id_of(6), object.children[2].children[1].trace_id)
        assert.equal("cancelled", object.children[3].outcome)
    end)

    it("are chosen by --outcome in traces, timing, export and run", function()
        local function ids(text)
            local found = {}
            for id in text:gmatch("%x%x%x%x%x%x%x%x%-0000%-4000%-8000%-000000000000") do
                found[id] = true
            end
            local list = {}
            for id in reel.sorted(found) do
                list[#list + 1] = math.tointeger(tonumber(id:sub(1, 8), 16))
            end
            return list
        end
        local script = helper.write(helper.directory() .. "/ids.lua", [[
            local ids = {}
            return { api = 1, trace_start = function(rec) ids[#ids + 1] = rec.trace_id end,
                finish = function() return table.concat(ids, " ") end }]])
        for outcomes, expected in pairs {
            complete = { 1, 2, 6 }, failed = { 3 }, cancelled = { 4 }, open = { 5 }, ["failed,cancelled"] = { 3, 4 },
            terminated = {},
        } do
            assert.same(expected, ids(output_of("run", script, "--outcome", outcomes, log)), "run " .. outcomes)
            local rows = output_of("traces", "--full", "--outcome", outcomes, log):gsub("child of [^\n]*", "")
            assert.same(expected, ids(rows), "traces " .. outcomes)
            local report = helper.objects(output_of("timing", "--json", "--outcome", outcomes, log))[1].traces
            local function number(text)
                return math.tointeger(tonumber((text:gsub("#", ""))))
            end
            assert.equal(#expected, number(report.complete_count) + number(report.failed_count)
                + number(report.open_count), "timing " .. outcomes)
            local exported = {}
            for _, object in ipairs(helper.objects(output_of("export", "--format", "jsonl", "--outcome", outcomes,
                log))) do
                exported[#exported + 1] = tonumber(object.trace_id:sub(1, 8), 16)
            end
            table.sort(exported)
            assert.same(expected, exported, "export " .. outcomes)
        end
        local run = helper.run { "traces", "--outcome", "good", log }
        assert.equal(2, run.status)
        assert.matches('unknown outcome "good"', run.stderr, 1, true)
    end)

    it("that are each other's parents, or their own, are listed once, however many there are", function()
        local hostile = new_log()
        hostile.start(1, 0, { id = "one", parent = id_of(3) })
        hostile.start(2, 0, { parent = id_of(1) })
        hostile.start(3, 0, { parent = id_of(2) })
        hostile.start(4, 0, { id = "own", parent = id_of(4) })
        -- A chain deeper than is followed.
        for number = 100, 3100 do
            hostile.start(number, 1, { id = "chain " .. number, parent = id_of(number == 100 and 1 or number - 1) })
        end
        local directory = hostile.close()
        local listed = output_of("show", "--children", "00000001", directory)
        assert.matches("\n  %d+ children\n", listed)
        local _, count = listed:gsub("%(?00000002%)?\n", "")
        assert.equal(1, count)
        assert.is_nil(output_of("show", "00000004", directory):find("children", 1, true))
        assert.equal(0, helper.run({ "timing", directory }).status)
        assert.equal(0, helper.run({ "traces", directory }).status)
    end)

    it("are words of the metadata like all others where the log has no origin", function()
        local plain = family_log "no origin"
        assert.is_nil(output_of("show", "00000001", plain):find("children", 1, true))
        assert.is_nil(output_of("show", "00000003", plain):find("\n  parent", 1, true))
        assert.is_nil(output_of("traces", plain):find("child of", 1, true))
    end)
end)

-- 1 (0 to 100 s) runs 1 (0 to 10), then at 2 two instances, "0" (10 to 40) and "1" (12 to 90), each of which started a
-- child, and 3 (90 to 95). Child 11 of "1" (13 to 89) runs 7 (14 to 20, 20 to 88); child 10 of "0" (14 to 39) runs 7
-- (15 to 30). 12, a child of 11 at 7 (21 to 80), runs 8 (22 to 79). 20 is a child of 1 at 4, where 1 has no attempt (50
-- to 57), 21 one that failed (60 to 63).
local function timed_log()
    local log = new_log()
    local function run(trace, node, from, to, instance)
        local metadata = instance and reel.json { instance = instance }
        log.queue(from, "node_start", trace, { node_id = node, metadata = metadata })
        log.queue(to, "node_done", trace, { node_id = node, metadata = metadata })
    end
    local function life(trace, from, to, metadata, how)
        log.queue(from, "trace_start", trace, { metadata = metadata and reel.json(metadata) })
        log.queue(to, how or "trace_complete", trace)
    end
    life(1, 0, 100)
    run(1, 1, 0, 10)
    run(1, 2, 10, 40, "0")
    run(1, 2, 12, 90, "1")
    run(1, 3, 90, 95)
    life(10, 14, 39, { parent = id_of(1), parent_node = 2, parent_instance = "0" })
    run(10, 7, 15, 30)
    life(11, 13, 89, { parent = id_of(1), parent_node = 2, parent_instance = "1" })
    run(11, 7, 14, 20)
    run(11, 7, 20, 88)
    life(12, 21, 80, { parent = id_of(11), parent_node = 7 })
    run(12, 8, 22, 79)
    life(20, 50, 57, { parent = id_of(1), parent_node = 4 })
    life(21, 60, 63, { parent = id_of(1), parent_node = 4 }, "trace_failed")
    return log.write()
end

local function number(value)
    return type(value) == "string" and math.tointeger(tonumber((value:gsub("#", "")))) or value
end

describe("timing of children", function()
    local log
    setup(function()
        log = timed_log()
    end)
    teardown(helper.clean)

    local function report_of(...)
        local report = helper.objects(output_of("timing", "--json", ...))[1]
        local nodes = {}
        for _, node in ipairs(report.nodes) do
            nodes[number(node.id)] = node
        end
        return report, nodes
    end

    it("counts them in their parents' nodes: only the trace that no other has started has a makespan", function()
        local report = report_of(log)
        local traces = report.traces
        assert.same({ 5, 1, 5, 1, 100 * second }, { number(traces.complete_count), number(traces.failed_count),
            number(traces.child_count), number(traces.makespan.count), number(traces.makespan.max_ns) })
        assert.equal(1, #report.worst_traces)
        for _, point in ipairs(traces.in_flight.points) do
            assert.is_true(number(point.count) <= 1)
        end
        assert.matches("of these others have started 5: their time is part of those",
            output_of("timing", log), 1, true)
    end)

    it("counts what runs in them as it does elsewhere, and as attempts where the parent has none", function()
        local _, nodes = report_of(log)
        local function of(id)
            local node = nodes[id]
            return { number(node.run.count), number(node.run_ns), number(node.error_count), number(node.retry_ns) }
        end
        assert.same({ 2, (30 + 78) * second, 0, 0 }, of(2)) -- the attempts of the parent, and nothing besides
        assert.same({ 3, (15 + 6 + 68) * second, 0, 0 }, of(7))
        assert.same({ 1, 57 * second, 0, 0 }, of(8))
        assert.same({ 1, 7 * second, 1, 3 * second }, of(4))
    end)

    it("takes the critical path through a child whose attempt is on its parent's, and through no other", function()
        local report, nodes = report_of(log)
        local function path(id)
            return { number(nodes[id].critical_count), number(nodes[id].critical_ns) }
        end
        -- Of 1: plan, then "1" but for the 76 s of its child 11, and sub, which began when "1" ended.
        assert.same({ 1, 10 * second }, path(1))
        assert.same({ 1, (78 - 76) * second }, path(2))
        assert.same({ 1, 5 * second }, path(3))
        -- Of 11, which began in "1", both attempts but for the 59 s of its child 12; not that of 10, which began in
        -- "0".
        assert.same({ 2, (6 + 68 - 59) * second }, path(7))
        -- Of 12, which began in 11's second attempt.
        assert.same({ 1, 57 * second }, path(8))
        -- Queue: 2 in 1 (10 to 12), 1 in 11 (13 to 14), 1 in 12 (21 to 22). After the last attempt: 5 in 1, 1 in 11, 1
        -- in 12.
        local all = report.traces.critical_path
        assert.same({ 100 * second, 4 * second, 7 * second }, { number(all.total_ns), number(all.queue_ns),
            number(all.gap_ns) })
    end)

    it("counts one that was chosen by itself", function()
        local report = report_of("--trace", id_of(11), log)
        assert.same({ 1, 76 * second }, { number(report.traces.complete_count), number(report.traces.makespan.max_ns) })
        assert.is_nil(report.traces.child_count)
    end)

    it("counts one whose parent is not in the log, and those that are each other's parents, by themselves", function()
        local odd = new_log()
        for trace, parent in pairs { [1] = 9, [2] = 3, [3] = 2, [4] = 4, [5] = 2 } do
            odd.queue(trace, "trace_start", trace, { metadata = reel.json { parent = id_of(parent), parent_node = 1 } })
            odd.queue(10 + trace, "trace_complete", trace)
        end
        local report, nodes = report_of(odd.write())
        -- 5 is a child of 2, which is its own grandparent.
        assert.same({ 5, 1, 4 }, { number(report.traces.complete_count), number(report.traces.child_count),
            number(report.traces.makespan.count) })
        assert.same({ 1, 10 * second }, { number(nodes[1].run.count), number(nodes[1].run_ns) })
    end)

    it("follows a chain of ten thousand", function()
        local chain = new_log()
        for trace = 1, 10000 do
            chain.queue(0, "trace_start", trace,
                { metadata = trace > 1 and reel.json { parent = id_of(trace - 1), parent_node = 1 } or nil })
            chain.queue(1, "trace_complete", trace)
        end
        local report = report_of(chain.write())
        assert.same({ 9999, 1 }, { number(report.traces.child_count), number(report.traces.makespan.count) })
    end)
end)

local files = require "tests.spec.recovery_files"
local helper = require "tests.spec.helper"
local reel = require "tracereel"

local function undo(plan, directory, ...)
    return helper.run { "undo", plan, directory, ... }
end

local function applied(name)
    local directory = files.copy(name)
    local plan = files.plan(directory)
    local result = helper.run { "apply", plan, directory, "--repair" }
    assert(result.status == 0, result.stderr)
    return directory, plan
end

-- The engine goes on with a trace: one record more, after the log.
local function append(directory, rec)
    local writer = reel.writer(directory, { append = true })
    writer:append(rec)
    writer:close()
end

local function first_changed(plan, is_open)
    for _, one in ipairs(files.plan_object(plan).traces) do
        if #one.records > 0 and one.after.open == is_open then
            return one.trace_id
        end
    end
end

describe("recover, apply, repair, undo", function()
    after_each(helper.clean)

    for _, name in ipairs { "orders", "restarted", "torn-tail", "zero-tail", "done-only" } do
        it("lead " .. name .. " to the plan's states, to a log that a strict reader reads, and back", function()
            local directory = files.copy(name)
            local first = files.views(directory)
            local plan = files.plan(directory)
            local ends_torn = name:find("tail") ~= nil
            assert.are.same(first, files.plan_views(plan, "before"))

            assert.are.equal(0, helper.run({ "apply", plan, directory, ends_torn and "--repair" or nil }).status)
            assert.are.same(files.plan_views(plan, "after"), files.views(directory))
            assert.are_not.same(first, files.views(directory))

            assert.are.equal(0, helper.run({ "repair", directory, "--yes" }).status)
            local records = assert(files.strict_log(directory))
            assert.are.equal(reel.open(directory):replay({}):stats().records, #records)
            assert.are.same(files.plan_views(plan, "after"), files.views(directory))

            local result = undo(plan, directory)
            assert.are.equal(0, result.status, result.stderr)
            assert.are.same(first, files.views(directory))
            assert.truthy(files.strict_log(directory))
        end)
    end
end)

describe("tracereel undo", function()
    after_each(helper.clean)

    it("reopens closed traces with the metadata that they started with, and names its source", function()
        local directory = files.copy("orders")
        local before = {}
        for _, trace in ipairs(reel.open(directory):traces()) do
            before[trace.id] = reel.json_decode(trace.metadata)
        end
        local plan = files.plan(directory)
        helper.run { "apply", plan, directory }
        undo(plan, directory, "--operator", "ada")
        local was_closed = {}
        for _, one in ipairs(files.plan_object(plan).traces) do
            was_closed[one.trace_id] = not one.after.open
        end
        local reopened = 0
        for _, trace in ipairs(reel.open(directory):traces()) do
            local metadata = reel.json_decode(trace.metadata)
            if was_closed[trace.id] then
                reopened = reopened + 1
                assert.are.equal("ada", metadata.tracereel.operator)
                assert.are.equal("undo", metadata.tracereel.action)
            end
            metadata.tracereel = nil
            assert.are.same(before[trace.id], metadata)
        end
        assert.truthy(reopened > 0)
    end)

    it("only appends to the log", function()
        local directory, plan = applied("orders")
        local before = files.segments(directory)
        undo(plan, directory)
        local behind = files.segments(directory)
        for name, bytes in pairs(before) do
            assert.are.equal(bytes, behind[name])
            behind[name] = nil
        end
        assert.truthy(behind["wal_0000000000000004.log"])
    end)

    it("refuses all if one trace has moved on, names it, and with --partial undoes the others", function()
        local directory, plan = applied("orders")
        local moved = first_changed(plan, true)
        append(directory, reel.record.node_start { trace_id = moved, node_id = 6, timestamp_ns = 1 })
        local before, views = files.contents(directory), files.views(directory)
        local result = undo(plan, directory)
        assert.are.equal(6, result.status)
        assert.truthy(result.stderr:find(moved .. ": it has moved on", 1, true))
        assert.are.same(before, files.contents(directory))

        result = undo(plan, directory, "--partial", "--json")
        assert.are.equal(0, result.status, result.stderr)
        assert.are.same({ moved }, helper.objects(result.stdout)[1].refused)
        local expected = files.plan_views(plan, "before")
        expected[moved] = views[moved]
        assert.are.same(expected, files.views(directory))

        -- The others were undone; the one that had moved on is still reported.
        result = undo(plan, directory)
        assert.are.equal(6, result.status)
        assert.truthy(result.stderr:find(moved .. ": it has moved on", 1, true), result.stderr)
    end)

    it("counts a trace as moved on even if the engine's view of it is the same", function()
        local directory, plan = applied("orders")
        append(directory, reel.record.node_error { trace_id = first_changed(plan, true), node_id = 3,
            timestamp_ns = 1, error_message = "declined" })
        assert.are.equal(6, undo(plan, directory).status)
    end)

    it("refuses a trace that the plan closed and that has started again since", function()
        local directory, plan = applied("orders")
        append(directory, reel.record.trace_start { trace_id = first_changed(plan, false), timestamp_ns = 1 })
        assert.are.equal(6, undo(plan, directory).status)
    end)

    it("refuses a plan that was not applied to this log, or was undone already", function()
        local directory = files.copy("orders")
        local plan = files.plan(directory)
        local before = files.contents(directory)
        local result = undo(plan, directory)
        assert.are.equal(6, result.status)
        assert.truthy(result.stderr:find("was not applied here", 1, true))
        assert.are.same(before, files.contents(directory))
        helper.run { "apply", plan, directory }
        assert.are.equal(0, undo(plan, directory).status)
        before = files.contents(directory)
        result = undo(plan, directory)
        assert.are.equal(6, result.status)
        assert.truthy(result.stderr:find("^tracereel: this plan was undone already: at 20"), result.stderr)
        assert.truthy(result.stderr:find("/wal_0000000000000004.log; nothing is left to do\n$"), result.stderr)
        assert.are.same(before, files.contents(directory))
    end)

    it("refuses a log that ends in a torn record until it is repaired", function()
        local directory, plan = applied("orders")
        local last = directory .. "/wal_0000000000000003.log"
        helper.shell("head -c 50 " .. directory .. "/wal_0000000000000000.log >> " .. last)
        local result = undo(plan, directory)
        assert.are.equal(6, result.status)
        assert.truthy(result.stderr:find("tracereel repair", 1, true))
        helper.run { "repair", directory, "--yes" }
        assert.are.equal(0, undo(plan, directory).status)
        assert.are.same(files.plan_views(plan, "before"), files.views(directory))
    end)

    it("refuses a log that another process has locked, and an edited plan", function()
        local directory, plan = applied("orders")
        local before = files.contents(directory)
        local held = helper.run({ "undo", plan, directory },
            { before = "flock --exclusive --nonblock " .. directory .. "/wal_0000000000000003.log" })
        assert.are.equal(6, held.status)
        helper.write(plan, (helper.read(plan):gsub("given up", "given  up", 1)))
        assert.are.equal(6, undo(plan, directory).status)
        assert.are.same(before, files.contents(directory))
    end)

    it("--dry-run verifies everything and writes nothing", function()
        local directory, plan = applied("orders")
        local before = files.contents(directory)
        local result = undo(plan, directory, "--dry-run")
        assert.are.equal(0, result.status)
        assert.truthy(result.stdout:find("would write wal_0000000000000004.log", 1, true))
        assert.are.same(before, files.contents(directory))
    end)

    it("records in the journal what it did", function()
        local directory, plan = applied("orders")
        undo(plan, directory, "--operator", "ada")
        local lines = helper.objects(helper.read(directory .. "/tracereel.journal"))
        local last = lines[#lines]
        assert.are.equal("undo", last.action)
        assert.are.equal("done", last.state)
        assert.are.equal("ada", last.operator)
        assert.are.equal(files.plan_object(plan).id, last.plan)
        assert.are.equal("wal_0000000000000004.log", last.segment)
    end)
end)

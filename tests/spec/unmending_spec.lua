-- `tracereel undo --arenas` takes back what a mending did, and `apply --repair` mends the arenas of the traces that its
-- plan leaves open.
local arenas = require "tracereel.log.arenas"
local completion = require "tracereel.log.completion"
local files = require "tests.spec.recovery_files"
local helper = require "tests.spec.helper"
local killed_run = require "tests.spec.killed_run"
local reel = require "tracereel"

local copy, repair, arena_path = killed_run.copy, killed_run.repair, killed_run.arena_path
local position_of, patch = killed_run.position_of, killed_run.patch
local stale_trace, journal_of, assert_says = killed_run.stale_trace, killed_run.journal_of, killed_run.assert_says
local stale_id = killed_run.stale_id

after_each(helper.clean)

local function undo(directory, ...)
    return helper.run { "undo", directory .. "/wal", ... }
end

describe("tracereel undo --arenas", function()
    it("restores the positions, and says so in the journal", function()
        local directory = copy("orders-killed")
        local before = files.contents(directory .. "/arenas")
        repair(directory, "--arenas", "--yes")
        local mended = files.contents(directory .. "/arenas")
        local result = undo(directory, "--arenas", "--dry-run")
        assert_says(result.stdout, "would set trace_" .. stale_id .. ".bin: write position 504 -> 128")
        assert.are.same(mended, files.contents(directory .. "/arenas"))
        result = undo(directory, "--arenas")
        assert.are.equal(0, result.status, result.stderr)
        assert_says(result.stdout, "undone: 11 arenas")
        assert.are.same(before, files.contents(directory .. "/arenas"))
        local lines = journal_of(directory)
        assert.are.same({ "undo", "done", lines[1].mending }, { lines[4].action, lines[4].state, lines[4].undoes })
        result = undo(directory, "--arenas")
        assert.are.equal(6, result.status)
        assert_says(result.stderr, "this mending was undone already: at " .. lines[4].time)
        repair(directory, "--arenas", "--yes")
        assert.are.same(mended, files.contents(directory .. "/arenas"))
        assert_says(helper.run({ "undo", "--arenas", directory .. "/wal", "--json" }).stdout, '"done":true')
        assert.are.same(before, files.contents(directory .. "/arenas"))
    end)

    it("is refused if no arena was corrected", function()
        local result = undo(copy("orders-killed"), "--arenas")
        assert.are.equal(6, result.status)
        assert_says(result.stderr, "the journal names no arena that was mended")
    end)

    it("restores nothing if the engine has moved on in one arena, and with --partial the others", function()
        local directory = copy("orders-killed")
        local before = files.contents(directory .. "/arenas")
        local id = stale_trace(directory).id
        repair(directory, "--arenas", "--yes")
        patch(directory, id, 56, ("<I8"):pack(1024))
        local mended = files.contents(directory .. "/arenas")
        local result = undo(directory, "--arenas")
        assert.are.equal(6, result.status)
        assert_says(result.stderr, ("%s: it has moved on: its write position was set to 504, and is 1024"):format(
            arena_path(directory, id)))
        assert_says(result.stderr, "nothing was undone: 1 arena cannot be set back, and 10 could; --partial undoes")
        assert.are.same(mended, files.contents(directory .. "/arenas"))
        assert.are.equal(0, undo(directory, "--arenas", "--partial").status)
        for name, bytes in pairs(files.contents(directory .. "/arenas")) do
            assert.are.equal(name:find(id, 1, true) and mended[name] or before[name], bytes)
        end
    end)

    it("is refused if the log names outputs after a corrected position: the engine ran and was killed again", function()
        local directory = copy("orders-killed")
        local trace = stale_trace(directory)
        repair(directory, "--arenas", "--yes")
        local rec = reel.record.node_done { trace_id = trace.id, node_id = 77, output_offset = 504, output_size = 10,
            timestamp_ns = trace.last_ns + 1 }
        helper.write(directory .. "/wal/wal_0000000000000001.log", rec:bytes())
        local result = undo(directory, "--arenas")
        assert.are.equal(6, result.status)
        assert_says(result.stderr, "it has moved on: the log names an output after the write position (504)")
    end)

    it("of a copy restores the copy's arenas, not those of the original", function()
        local directory = copy("orders-killed")
        repair(directory, "--arenas", "--yes")
        local mended = files.contents(directory .. "/arenas")
        local other = helper.directory() .. "/copy"
        helper.shell(("cp -r %s %s"):format(directory, other))
        assert.are.equal(0, undo(other, "--arenas").status)
        assert.are.same(mended, files.contents(directory .. "/arenas"))
        assert.are_not.same(mended, files.contents(other .. "/arenas"))
    end)
end)

describe("tracereel apply --repair", function()
    local function plan_for(directory, script)
        return files.plan(directory .. "/wal", script)
    end

    local give_up = [[return { api = 1, recover = function(trace)
        return trace:node(3) and tracereel.fail("no") or nil
    end }]]

    it("corrects the arenas of the traces that the plan leaves open", function()
        local directory = copy("orders-killed")
        local plan = plan_for(directory, give_up)
        local result = helper.run { "apply", "--repair", plan, directory .. "/wal" }
        assert.are.equal(0, result.status, result.stderr)
        local checked, closed = 0, 0
        for _, one in ipairs(files.plan_object(plan).traces) do
            closed = closed + (one.after.open and 0 or 1)
        end
        for _, trace in ipairs(reel.open(directory .. "/wal"):traces()) do
            assert.is_false(math.ult(position_of(directory, trace.id), arenas.finish_of_outputs(trace.completed_nodes)))
            checked = checked + 1
        end
        assert.is_true(checked > 3 and closed > 0)
        assert_says(helper.run({ "undo", "--arenas", directory .. "/wal" }).stdout, "undone:")
    end)

    it("leaves the arenas with --no-arenas, and uses those of --arenas", function()
        local directory = copy("orders-killed")
        local before = files.contents(directory .. "/arenas")
        local plan = plan_for(directory, "return { api = 1 , recover = function() end }")
        local result = helper.run { "apply", "--repair", "--no-arenas", plan, directory .. "/wal" }
        assert.are.equal(0, result.status)
        assert.are.same(before, files.contents(directory .. "/arenas"))
        helper.shell(("mv %s/arenas %s/elsewhere"):format(directory, directory))
        result = helper.run { "apply", "--repair", plan, directory .. "/wal" }
        assert.are.equal(0, result.status)
        assert_says(result.stderr, "no arenas are where the engine keeps them")
        result = helper.run { "apply", "--repair", "--arenas", directory .. "/elsewhere", plan, directory .. "/wal" }
        assert_says(result.stdout, "set trace_" .. stale_id .. ".bin: write position 128 -> 504")
        assert.are.equal(2, helper.run({ "apply", "--no-arenas", plan, directory .. "/wal" }).status)
    end)

    it("corrects an arena whose overwritten outputs the plan forgets", function()
        local directory = copy("overlap")
        local id = "161cf2aa-9dfc-4847-8215-92f1fcf7c2cf"
        assert_says(repair(directory, "--arenas").stdout, "overwritten by node 3")
        local plan = plan_for(directory, [[return { api = 1, recover = function(trace)
            if trace.id == "161cf2aa-9dfc-4847-8215-92f1fcf7c2cf" then
                return tracereel.resume_from(3):rerun { 0, 1, 7 }
            end
        end }]])
        local result = helper.run { "apply", "--repair", plan, directory .. "/wal" }
        assert.are.equal(0, result.status, result.stderr)
        assert_says(result.stdout, ("set trace_%s.bin: write position 408 -> 504"):format(id))
        for _, trace in ipairs(reel.open(directory .. "/wal"):traces()) do
            if trace.id == id then
                assert.are.same({}, arenas.overlaps(trace.completed_nodes, completion.order(trace)))
            end
        end
    end)

    it("writes nothing while an arena is locked, since the engine then runs", function()
        local directory = copy("orders-killed")
        local plan = plan_for(directory, "return { api = 1 , recover = function() end }")
        local before = files.contents(directory .. "/arenas")
        local text = helper.shell(("flock -x %s %s apply --repair %s %s/wal 2>&1; echo $?"):format(
            arena_path(directory, stale_trace(directory).id), helper.quote(helper.program), plan, directory))
        assert_says(text, "another process holds it")
        assert.are.equal("6\n", text:sub(-2))
        assert.are.same(before, files.contents(directory .. "/arenas"))
        assert.is_nil(files.contents(directory .. "/wal")["tracereel.journal"])
    end)
end)

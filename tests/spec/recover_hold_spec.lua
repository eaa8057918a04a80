-- Decisions that leave a trace to a person: what hold, release and await mean for the state, what stays of a suspension
-- that is there, how every command shows it, and what an operator reads beside a decision. What the engine does with
-- each is written down in docs/recovery.md; here, expected values come from the format and from the sample logs.
local decision = require "tracereel.script.decision"
local helper = require "tests.spec.helper"
local recovery_files = require "tests.spec.recovery_files"
local tracereel = require "tracereel"
local view = require "tracereel.recovery.view"

local id = "6b7452b3-0000-4000-8000-000000000001"
local output = { offset = 100, size = 8, schema_hash = 5 }

local function wanted_of(changes, chosen)
    local before = { trace_id = id, open = true, status = "running", started_nodes = {}, completed_nodes = {},
        completion_order = {}, begun_nodes = {} }
    for key, value in pairs(changes) do
        before[key] = value
    end
    return view.wanted(before, chosen)
end

describe("a decision that leaves a trace to a person:", function()
    it("a hold of a suspension keeps every byte of its metadata but the timeout, and adds the reason", function()
        local before = { suspended_at = 4, suspension_metadata = '{ "pending_data_offset":18446744073709551615,'
            .. '"hook_id":"h","x":{"a":[1.50,"}"],"b":"\\"{"},"timeout_secs" : 60 }' }
        local held = wanted_of(before, decision.hold("look"))
        assert.are.equal('{ "pending_data_offset":18446744073709551615,"hook_id":"h","x":{"a":[1.50,"}"],"b":"\\"{"},'
            .. '"timeout_secs" : null,"held":"look"}', held.suspension_metadata)
        assert.are.equal(4, held.suspended_at)
        local without = { suspended_at = 4, suspension_metadata = '{"hook_id":"h","timeout_secs":null}' }
        assert.are.equal('{"hook_id":"h","timeout_secs":null,"held":"look"}',
            wanted_of(without, decision.hold("look")).suspension_metadata)
    end)

    it("a hold of a held trace changes nothing: the first reason stays", function()
        local before = { suspended_at = 4, suspension_metadata = '{"held":"look","hook_id":"h"}' }
        assert.are.equal(before.suspension_metadata, wanted_of(before, decision.hold("again")).suspension_metadata)
    end)

    it("metadata that is no JSON object is kept unchanged by a hold", function()
        for _, text in ipairs { "free text", '["hook_id"]', '{"hook_id":"h"', '{"a":1/*,*/}' } do
            local before = { suspended_at = 4, suspension_metadata = text }
            assert.are.equal(text, wanted_of(before, decision.hold("look")).suspension_metadata)
            assert.are.equal(text, wanted_of(before, decision.await(4)).suspension_metadata)
            local _, problem = wanted_of(before, decision.await(4, { timeout_secs = 60 }))
            assert.truthy(problem:find("is no JSON object", 1, true))
        end
    end)

    it("a hold of a trace that does not wait is at node 4294967295, where an approval skips nothing", function()
        local held = wanted_of({ started_nodes = { 3 } }, decision.hold("look"))
        assert.are.equal(4294967295, held.suspended_at)
        assert.are.equal("look", tracereel.json_decode(held.suspension_metadata).held)
        assert.are.equal("tracereel-" .. id, tracereel.json_decode(held.suspension_metadata).hook_id)
    end)

    it("a release ends a hold: a trace that waited before waits again with its hook, any other goes on", function()
        local waiting = { suspended_at = 4,
            suspension_metadata = '{"hook_id":"h","n":18446744073709551615,"timeout_secs":null}' }
        local held = wanted_of(waiting, decision.hold("look"))
        local released = wanted_of({ suspended_at = 4, suspension_metadata = held.suspension_metadata },
            decision.release())
        assert.are.equal(4, released.suspended_at)
        assert.are.equal(waiting.suspension_metadata, released.suspension_metadata)
        local running = wanted_of({ suspended_at = 4294967295, suspension_metadata = '{"held":"look"}',
            started_nodes = { 3 } }, decision.release())
        assert.is_nil(running.suspended_at)
        assert.are.same({ 3 }, running.started_nodes)
        assert.are.equal(4, wanted_of(waiting, decision.release()).suspended_at)
    end)

    it("an await at a node that has not run or is done is refused unless it allows a skip", function()
        local state = { started_nodes = { 3 }, completed_nodes = { [1] = output }, completion_order = { 1 },
            last_completed_node = 1, begun_nodes = { [1] = true, [2] = true, [3] = true } }
        local _, not_run = wanted_of(state, decision.await(7))
        assert.truthy(not_run:find("await(7): node 7 has not run: approving would mark it as done without running it",
            1, true))
        local _, done = wanted_of(state, decision.await(1))
        assert.truthy(done:find("await(1): node 1 is done: approving would put the decision in the place of its output",
            1, true))
        local _, forgotten = wanted_of(state, decision.await(1):rerun { 1 })
        assert.truthy(forgotten:find("has not run", 1, true))
        for node, chosen in pairs { [7] = decision.await(7, { skips = true }),
            [1] = decision.await(1, { skips = true }), [2] = decision.await(2), [3] = decision.await(3),
            [4294967295] = decision.await(4294967295) } do
            local wanted, problem = wanted_of(state, chosen)
            assert.is_nil(problem)
            assert.are.equal(node, wanted.suspended_at)
            assert.is_nil(tracereel.json_decode(wanted.suspension_metadata).skips)
        end
    end)
end)

-- A copy of a killed engine's log with its arenas; the log's path.
local function killed(name)
    local directory = helper.directory()
    helper.shell(("cp -r tests/fixtures/logs-engine/%s %s/engine"):format(name, directory))
    return directory .. "/engine/wal", directory .. "/engine/arenas"
end

local function deciding(body)
    return helper.script(("return { api = 1, recover = function(trace, default) %s end }"):format(body))
end

-- The plan's traces by id, and the last line's object.
local function decided(...)
    local result = helper.run { "recover", "--json", ... }
    local objects, by_id = helper.objects(result.stdout), {}
    for index = 1, #objects - 1 do
        by_id[objects[index].trace_id] = objects[index]
    end
    return by_id, objects[#objects], result
end

local function notes_of(planned)
    return table.concat(planned.notes, "\n")
end

local waiting, running = "085aed24-6ec3-4491-ad2e-44cf42895778", "9fb1e7f9-a6fa-4e99-bf09-233f8cd79d04"

local function apply(directory, script, ...)
    local plan = recovery_files.plan(directory, script, ...)
    local result = helper.run { "apply", plan, directory }
    assert(result.status == 0, result.stderr)
    return plan
end

describe("records that recovery writes:", function()
    after_each(helper.clean)

    it("each names its plan in its metadata, in the plan and in the log", function()
        local directory = recovery_files.copy "orders"
        local plan = apply(directory)
        local object, seen, types = recovery_files.plan_object(plan), 0, {}
        for _, one in ipairs(object.traces) do
            for _, planned in ipairs(one.records) do
                assert.truthy(planned.record.metadata:find('"tracereel":{"plan":"' .. object.id, 1, true),
                    planned.record.type)
            end
        end
        local written = helper.read(directory .. "/wal_0000000000000003.log")
        local at = 1
        while at <= #written do
            local rec = assert(tracereel.decode(written:sub(at)))
            assert.are.equal(object.id, tracereel.json_decode(rec.metadata).tracereel.plan)
            at, seen, types[rec.type] = at + #rec, seen + 1, true
        end
        assert.are.equal("#" .. seen, object.summary.records)
        assert.is_true(types.trace_suspended and types.trace_start)
    end)

    it("a trace_start without metadata names the plan", function()
        local wal = killed "orders-killed"
        local _, last, result = decided(deciding "return tracereel.restart()", wal)
        assert.are.equal(0, result.status)
        local seen = 0
        for text in result.stdout:gmatch('"record":(%b{})') do
            local rec = tracereel.json_decode(text)
            if rec.type == "trace_start" then
                assert.are.equal("tracereel " .. tracereel.version, tracereel.json_decode(rec.metadata).tracereel.tool)
                seen = seen + 1
            end
        end
        assert.are.equal(last.summary.changed, "#" .. seen)
        assert.is_true(seen > 0)
    end)

    it("a second plan of the same script changes nothing, and undo restores every byte", function()
        local directory = recovery_files.copy "orders"
        local before = recovery_files.views(directory)
        local hold = 'return { api = 1, recover = function() return tracereel.hold("look") end }'
        local plan = apply(directory, hold)
        for _, trace in ipairs(tracereel.open(directory):traces()) do
            assert.are.equal("look", trace.held)
            local was = before[trace.id].suspended_at
            assert.are.equal(was or 4294967295, trace.suspended_at)
            if was then
                local kept = tracereel.json_decode(before[trace.id].suspension_metadata)
                assert.are.equal(kept.hook_id, trace.suspension.decoded.hook_id)
                assert.are.equal(kept.pending_data_offset, trace.suspension.decoded.pending_data_offset)
            end
        end
        local by_id, last = decided(helper.script(hold), directory)
        assert.are.equal("#0", last.summary.changed)
        assert.truthy(notes_of(by_id[waiting]):find("changes nothing: it is held already (look)", 1, true))

        assert.are.equal(0, helper.run({ "undo", plan, directory }).status)
        assert.are.same(before, recovery_files.views(directory))
    end)

    it("they and those of an undo are not measured, and undo restores metadata that names no plan", function()
        local directory = recovery_files.copy "orders"
        local function measured()
            return helper.run({ "export", "--format", "jsonl", directory }).stdout:gsub('"held":"look",', "")
        end
        local before = measured()
        local plan = apply(directory, 'return { api = 1, recover = function() return tracereel.hold("look") end }')
        assert.are.equal(before, measured())
        assert.are.equal(0, helper.run({ "undo", plan, directory }).status)
        assert.are.equal(before, measured())
        assert.is_nil(helper.run({ "export", "--format", "jsonl", directory }).stdout:find('"held"', 1, true))
    end)

    it("a release reverts a hold: what waited waits, what ran runs", function()
        local directory = recovery_files.copy "orders"
        local before = recovery_files.views(directory)
        apply(directory, 'return { api = 1, recover = function() return tracereel.hold("look") end }')
        apply(directory, 'return { api = 1, recover = function() return tracereel.release() end }')
        for id_of, view_of in pairs(recovery_files.views(directory)) do
            assert.are.equal(before[id_of].suspended_at, view_of.suspended_at)
            assert.are.equal(before[id_of].started, view_of.started)
        end
        for _, trace in ipairs(tracereel.open(directory):traces()) do
            assert.is_nil(trace.held)
        end
    end)
end)

describe("a held trace is shown as held:", function()
    after_each(helper.clean)
    local reason_json = 'look at \\"it\\" first'

    local function locked_log()
        local directory = recovery_files.copy "orders"
        apply(directory, ("return { api = 1, recover = function() return tracereel.hold(%q) end }"):format(
            'look at "it" first'))
        return directory
    end

    local function assert_says(arguments, ...)
        local result = helper.run(arguments)
        assert.are.equal(0, result.status, result.stderr)
        for _, words in ipairs { ... } do
            assert.truthy(result.stdout:find(words, 1, true), ("%q is not in:\n%s"):format(words, result.stdout))
        end
        assert.is_nil(result.stdout:find("node 4294967295", 1, true), result.stdout)
        return result
    end

    it("by traces, with the reason, and counted separately", function()
        local directory = locked_log()
        local result = assert_says({ "traces", "--open", "--full", directory }, 'look at "it" first', "12 held")
        assert.truthy(result.stdout:find("  held       ", 1, true))
        assert_says({ "traces", "--open", "--status", "suspended", directory },
            "no open trace has the status suspended\n")
        assert_says({ "traces", "--open", "--status", "held", directory }, "12 held")
        for _, object in ipairs(helper.objects(helper.run({ "traces", "--open", "--json", directory }).stdout)) do
            assert.are.equal('look at "it" first', object.held)
            assert.are.equal("suspended", object.status)
        end
        local first = helper.objects(helper.run({ "traces", "--open", "--json", helper.log("orders") }).stdout)[1]
        assert.are.equal("#null", first.held)
    end)

    it("by show, at its own node if it waited before it was held", function()
        local directory = locked_log()
        assert_says({ "show", running, directory }, "status    held, open at the end of the log",
            'held      look at "it" first', "at its next start the engine\n  held: look at",
            "still held")
        assert_says({ "show", waiting, directory }, "status    held", "node 4: held for", "(await_resume 4)")
    end)

    it("by recover, debug, export and the bundled scripts", function()
        local directory = locked_log()
        assert_says({ "recover", directory }, 'held: look at "it" first; hook order-approval-65334 (await_resume 4)',
            "tracereel-" .. running .. " (await_resume)")
        local debugged = helper.run({ "debug", directory, running },
            { stdin = "goto end\ntrace\n" })
        assert.are.equal("", debugged.stderr)
        assert.truthy(debugged.stdout:find(": held, ", 1, true), debugged.stdout)
        assert.is_nil(debugged.stdout:find("node 4294967295: ", 1, true))
        local exported = helper.run({ "export", "--format", "jsonl", directory }).stdout
        local _, held_count = exported:gsub('"held":"' .. reason_json:gsub("\\", "%%\\"), "")
        assert.are.equal(12, held_count)
        assert.is_nil(exported:find('"node_id":4294967295', 1, true))
        local writer = tracereel.writer(directory, { append = true })
        writer:append(tracereel.record.trace_start { trace_id = id, timestamp_ns = 1764003600000000000 })
        writer:close()
        assert_says({ "run", "stuck", "--arg", "limit=1m", directory }, 'held: look at "it" first')
        assert_says({ "recover", "expire_suspensions", "--arg", "now_ns=1964000600000000000", directory }, "0 changed")
    end)
end)

describe("the effect of a decision on the running engine is shown:", function()
    after_each(helper.clean)

    it("resume_from is only logged, and a timeout is not restored", function()
        local by_id = decided(deciding(([[
            if trace.id == "%s" then return tracereel.resume_from(trace.last_completed_node) end
            if trace.id == "%s" then return tracereel.await(4, { timeout_secs = 60 }) end]]):format(running, waiting)),
            helper.log("orders"))
        assert.truthy(notes_of(by_id[running]):find("the engine only logs node 2: it runs every node that is not done",
            1, true), notes_of(by_id[running]))
        assert.truthy(notes_of(by_id[waiting]):find("the timeout has no effect", 1, true))
        assert.are.same({}, by_id["e9993d64-7d54-44cf-bcff-25be63c68ee6"].notes)
    end)

    it("nodes that run again although done, nodes that an approval skips, and decisions without effect", function()
        local by_id = decided(deciding(([[
            if trace.id == "%s" then return default:rerun { 2, 1 } end
            if trace.id == "%s" then return tracereel.await(77, { skips = true }) end
            if trace.suspended_at then return tracereel.release() end
            return tracereel.resume_from(trace.last_completed_node)]]):format(running, waiting)), helper.log("orders"))
        assert.are.equal("runs again what was done: nodes 1, 2", notes_of(by_id[running]))
        assert.are.equal("approving marks node 77 as done, with the decision as its output: it does not run",
            notes_of(by_id[waiting]))
        assert.are.equal("changes nothing: it is not held", notes_of(by_id["069c3653-bb1c-452a-9a32-5636524207c0"]))
        assert.truthy(notes_of(by_id["e9993d64-7d54-44cf-bcff-25be63c68ee6"]):find(
            "changes nothing: the trace is as this decision wants it", 1, true))
        assert.truthy(notes_of(by_id["c4eae6f2-2615-4b32-8fed-3ffe628d4c64"]):find(
            "changes nothing that the engine goes by", 1, true))
    end)

    it("a trace without an arena is skipped for ever; if held, it waits but cannot be approved", function()
        local wal, arenas = killed "orders-killed"
        local left, held = "1e49494f-595a-4837-989c-ce7604ebb91b", "207e2476-d565-4211-a816-233c7d354038"
        local untouched = "68f1440a-3588-4efa-bee7-0dcb3d731a04"
        for _, one in ipairs { left, held, untouched } do
            assert(os.remove(("%s/trace_%s.bin"):format(arenas, one)))
        end
        local script = deciding(([[
            if trace.id == "%s" then return tracereel.hold("look") end
            if trace.id == "%s" then return default:skip(3) end]]):format(held, left))
        local by_id = decided(script, wal)
        assert.truthy(notes_of(by_id[left]):find("it has no arena", 1, true))
        assert.truthy(notes_of(by_id[left]):find("the engine skips this trace at every start, and it stays open for "
            .. "ever", 1, true))
        assert.are.same({}, by_id[untouched].notes)
        assert.truthy(by_id[untouched].reason:find("no arena", 1, true))
        assert.truthy(notes_of(by_id[held]):find("approving will fail, and the hook is then gone", 1, true))
        local count = 0
        for _, planned in pairs(by_id) do
            count = count + #planned.notes
        end
        assert.are.equal(2, count)
        assert.truthy(helper.run({ "recover", script, wal }).stdout:find("\n    ! it has no arena", 1, true))
    end)
end)

-- `tracereel recover` as an operator uses it. Expected states come from tests/fixtures/logs/expected.
local helper = require "tests.spec.helper"
local system_calls = require "tests.spec.system_calls"

local function recover(...)
    return helper.run { "recover", ... }
end

-- A script whose recover has that body; `trace` and `default` are its arguments.
local function deciding(body)
    return helper.script(("return { api = 1, recover = function(trace, default) %s end }"):format(body))
end

-- The plan's traces by id, and its summary, as --json shows them.
local function decided(...)
    local result = recover("--json", ...)
    local objects = helper.objects(result.stdout)
    local by_id = {}
    for index = 1, #objects - 1 do
        if objects[index].known_to_engine then
            by_id[objects[index].trace_id] = objects[index]
        end
    end
    return by_id, (objects[#objects] or {}).summary, result
end

local function types_of(planned)
    local types = {}
    for index, one in ipairs(planned.records) do
        types[index] = one.record.type
    end
    return types
end

local function count(t)
    local number = 0
    for _ in pairs(t) do
        number = number + 1
    end
    return number
end

local function new_path()
    return helper.directory() .. "/plan.json"
end

describe("tracereel recover", function()
    after_each(helper.clean)

    for _, name in ipairs { "orders", "done-only", "restarted", "torn-tail", "zero-tail", "edge" } do
        it("without a script says what the engine would do with each open trace of " .. name, function()
            local expected = helper.expected(name, "states")
            local by_id, summary, result = decided(helper.log(name))
            assert.are.equal(#expected, count(by_id))
            for _, state in ipairs(expected) do
                local before = by_id[state.trace_id].before
                assert.are.same(state.recovery.action, before.action.action)
                assert.are.same(state.recovery.node, before.action.node)
                assert.are.same(state.started_nodes, before.started_nodes)
                assert.are.same({}, by_id[state.trace_id].records)
            end
            assert.are.equal("#0", summary.records)
            assert.are.equal(0, result.status)
        end)
    end

    it("gives the engine's reason in words", function()
        local wrapped = recover(helper.log("orders")).stdout
        local text = wrapped:gsub("\n    ", " ")
        assert.truthy(text:find("runs node 3 again, from the beginning of the node (retry_nodes 3, 3)", 1, true))
        assert.truthy(text:find("waits at node 4 since 2025-11-24T16:00:00Z for hook order-approval-65334; no", 1,
            true))
        assert.truthy(text:find("runs what comes after nodes 0, 1, 2, 3 and 7 (resume_from 3)", 1, true))
        assert.truthy(text:find("12 open traces, 0 changed by 0 records", 1, true))
        for line in wrapped:gmatch("[^\n]+") do
            assert.is_true(utf8.len(line) <= 80, line)
        end
    end)

    it("asks the script for each open trace, in order of ids, after the log was read", function()
        local script = helper.script [[
            local records = 0
            return { api = 1, record = function() records = records + 1 end,
                recover = function(trace) print(trace.id, records) end }]]
        local lines = {}
        for line in recover(script, helper.log("orders")).stdout:gmatch("[^\n]+\t%d+") do
            lines[#lines + 1] = line
        end
        local states, records = helper.expected("orders", "states"), #helper.expected("orders", "records")
        for index, state in ipairs(states) do
            assert.are.equal(state.trace_id .. "\t" .. records, lines[index])
        end
        -- And a second time, to see whether it converges.
        assert.are.equal(2 * #states, #lines)
    end)

    it("compiles each decision to its records and shows the state after", function()
        local cases = {
            { 'return tracereel.fail("gave up")', { "trace_failed" } },
            { "return tracereel.complete()", { "trace_complete" } },
            { "return tracereel.await(4, { hook_id = 'h', skips = true })", { "trace_suspended" } },
            { 'return tracereel.hold("look")', { "trace_suspended" } },
            { "return tracereel.retry{ 3 }", { "trace_start", "node_done", "node_done", "node_done", "node_done",
                "node_start" } },
            { "return tracereel.restart()", { "trace_start" } },
            { "return tracereel.resume_from(3):skip(3)", { "node_done" } },
            { "return default:skip(3)", { "node_done" } },
        }
        -- Its charge was started twice and is not done: {3, 3}.
        local id = "9fb1e7f9-a6fa-4e99-bf09-233f8cd79d04"
        for _, case in ipairs(cases) do
            local script = deciding(('if trace.id == "%s" then %s end'):format(id, case[1]))
            local by_id, summary, result = decided(script, helper.log("orders"))
            assert.are.same(case[2], types_of(by_id[id]), case[1])
            assert.are.equal("#1", summary.changed)
            assert.are.equal(0, result.status)
        end
    end)

    it("keeps a trace's own metadata when it restarts it, and names its source", function()
        local by_id = decided(deciding("return tracereel.restart()"), helper.log("orders"))
        local originals, seen = {}, 0
        for _, record in ipairs(helper.expected("orders", "records")) do
            if record.type == "trace_start" then
                originals[record.trace_id] = record.metadata
            end
        end
        for id, planned in pairs(by_id) do
            local text = planned.records[1].record.metadata
            assert.are.equal(originals[id]:sub(1, -2), text:sub(1, #originals[id] - 1))
            assert.truthy(text:find(',"tracereel":{"plan":"%x+","tool":"tracereel [%d.]+"}}$'))
            seen = seen + 1
        end
        assert.are.equal(12, seen)
    end)

    it("shows the difference between before and after, grouped by decision and node", function()
        local text = recover("hold_node", "--arg", "node=3", helper.log("orders")).stdout
        assert.truthy(text:find("\nhold         3       4        4\n", 1, true))
        assert.truthy(text:find("\nhold, at node 3\n", 1, true))
        assert.truthy(text:find("\n    - engine does  retry_nodes 3, 3\n    + engine does  await_resume for a person"
            .. "\n", 1, true))
        assert.truthy(text:find("\n    1 record: trace_suspended\n", 1, true))
    end)

    it("never writes to the log", function()
        local plan = helper.directory() .. "/plan.json"
        local arguments = { "recover", "hold_node", "--arg", "node=3", "-o", plan, helper.log("orders") }
        local opened = 0
        for _, call in ipairs((system_calls.list(arguments, "wal_"))) do
            assert.is_false(system_calls.is_changing(call), call.line)
            if call.name == "openat" then
                opened = opened + 1
                assert.truthy(call.line:find("O_RDONLY", 1, true), call.line)
            end
        end
        assert.is_true(opened >= 3)
    end)
end)

describe("a script that fails for a trace", function()
    after_each(helper.clean)
    local failing = 'if #trace.started_nodes > 0 and not trace.suspended_at then error("boom") end'

    it("makes the trace held and reported, and no plan written", function()
        local path = new_path()
        local by_id, summary, result = decided(deciding(failing), "-o", path, helper.log("orders"))
        local held = by_id["9fb1e7f9-a6fa-4e99-bf09-233f8cd79d04"]
        assert.are.equal("hold", held.decision.kind)
        assert.are.equal("error", held.source)
        assert.truthy(held.error:find("script.lua:1: boom", 1, true))
        assert.are.equal("#4", summary.held_for_errors)
        assert.are.equal(1, result.status)
        assert.truthy(result.stderr:find("trace 9fb1e7f9-a6fa-4e99-bf09-233f8cd79d04 is held: script: ", 1, true))
        assert.is_nil(io.open(path))
    end)

    it("gets a plan written with --keep-going", function()
        local path = new_path()
        local result = recover(deciding(failing), "--keep-going", "-o", path, helper.log("orders"))
        assert.are.equal(1, result.status)
        assert.truthy(helper.read(path):find('"held_for_errors":4', 1, true))
    end)

    it("fails if it answers with no decision, or an impossible one", function()
        for body, message in pairs {
            ["return 7"] = "recover: a decision expected",
            ["return tracereel.resume_from(99)"] = "node 99 is not done",
            ["return tracereel.fail()"] = "fail: a reason expected",
        } do
            local result = recover(deciding(body), helper.log("orders"))
            assert.are.equal(1, result.status)
            assert.truthy(result.stderr:find(message, 1, true), result.stderr)
        end
    end)

    it("is called with the violations of its own records when asked again", function()
        local result = helper.run { "recover", helper.script([[
            local begun_again = {}
            return {
                api = 1,
                violation = function(rec, _, code)
                    begun_again[rec.trace_id] = begun_again[rec.trace_id] or code == "trace_restarted"
                end,
                recover = function(trace)
                    return begun_again[trace.id] and tracereel.fail("twice") or tracereel.restart()
                end,
            }]]), helper.log("orders") }
        assert.are.equal(6, result.status)
        assert.truthy(result.stderr:find("does not converge", 1, true))
        assert.truthy(result.stderr:find("restart; and asked again after that: fail (trace_failed)", 1, true),
            result.stderr)
    end)

    it("is called with those of its own records that its filter keeps", function()
        local result = helper.run { "recover", helper.script([[
            local others = {}
            return {
                api = 1,
                types = "node_start",
                record = function(rec)
                    others[rec.trace_id] = others[rec.trace_id] or rec.type ~= "node_start"
                end,
                recover = function(trace)
                    return others[trace.id] and tracereel.fail("saw what it did not ask for") or tracereel.hold("look")
                end,
            }]]), helper.log("orders") }
        assert.are.equal(0, result.status, result.stderr)
    end)

    it("is refused if it does not converge, with the trace and both answers", function()
        local path = new_path()
        local script = deciding "return tracereel.await(trace.suspended_at == 4 and 3 or 4, { skips = true })"
        local result = recover(script, "-o", path, helper.log("orders"))
        assert.are.equal(6, result.status)
        assert.truthy(result.stderr:find("does not converge: for trace 069c3653-bb1c-452a-9a32-5636524207c0 it first "
            .. "decides: await 3, skipping it; and asked again after that: await 4, skipping it (trace_suspended)", 1,
            true), result.stderr)
        assert.is_nil(io.open(path))
    end)

    it("is asked again as a fresh copy that has seen its own records", function()
        local script = helper.script [[
            local answers, seen = 0, 0
            return { api = 1,
                trace_failed = function(rec) seen = rec.error_message == "given up" and seen + 1 or seen end,
                recover = function(trace, default)
                    answers = answers + 1
                    if answers <= 2 and seen == 0 then return tracereel.fail("given up") end
                    return default
                end }]]
        local _, summary, result = decided(script, helper.log("orders"))
        assert.are.equal(0, result.status, result.stderr)
        assert.are.equal("#2", summary.changed)
    end)

    it("is stopped at its limits, whatever errors it catches", function()
        local result = recover(deciding "while true do pcall(function() while true do end end) end", "--max-time",
            "200ms", helper.log("orders"))
        assert.are.equal(5, result.status)
    end)
end)

describe("a tainted trace", function()
    after_each(helper.clean)
    local log = helper.log("bit-flip-payload")
    -- Open across the damage, without a timeout; and another one with.
    local tainted, with_timeout = "085aed24-6ec3-4491-ad2e-44cf42895778", "50869bc3-09fe-4ba8-8ceb-653d0a641dbf"

    it("is held whatever the script says, and the status is 3", function()
        local by_id, _, result = decided(deciding 'return tracereel.fail("x")', log)
        assert.are.equal("hold", by_id[tainted].decision.kind)
        assert.are.equal("tainted", by_id[tainted].source)
        assert.are.same({ "trace_suspended" }, types_of(by_id[tainted]))
        assert.truthy(by_id[tainted].after.suspension_metadata:find('"held":"the log was damaged', 1, true))
        assert.are.same({ "trace_suspended" }, types_of(by_id[with_timeout]))
        assert.truthy(by_id[with_timeout].after.suspension_metadata:find('"timeout_secs":null', 1, true))
        assert.are.equal(3, result.status)
    end)

    it("is decided if --trust names it, by its id or the beginning of one", function()
        local by_id = decided(deciding 'return tracereel.fail("x")', "--trust", tainted:sub(1, 6), log)
        assert.are.equal("fail", by_id[tainted].decision.kind)
        assert.are.equal("hold", by_id[with_timeout].decision.kind)
        assert.are.equal(2, recover(deciding "", "--trust", "ffffffff", log).status)
    end)

    it("is decided if the script reads trace.tainted in recover", function()
        local by_id = decided(deciding 'if trace.tainted then return tracereel.fail("x") end', log)
        assert.are.equal("fail", by_id[tainted].decision.kind)
    end)
end)

describe("a bundled recovery script", function()
    after_each(helper.clean)

    -- A small log of the records that the body makes with `reel` and `id`.
    local function log_of(body)
        local directory = helper.directory() .. "/log"
        local reel = require "tracereel"
        local writer = reel.writer(directory)
        local time_ns = 1764000000000000000
        body(function(id, kind, fields)
            fields = fields or {}
            fields.trace_id = ("%08x-0000-4000-8000-000000000000"):format(id)
            fields.timestamp_ns, time_ns = time_ns, time_ns + 1000000000
            writer:append(reel.record[kind](fields))
        end)
        writer:close()
        return directory
    end

    local function decisions(...)
        local kinds = {}
        for id, planned in pairs((decided(...))) do
            kinds[tonumber(id:sub(1, 8), 16)] = planned.decision.kind .. ": " .. planned.reason
        end
        return kinds
    end

    it("gives up on traces whose last event is an error", function()
        local log = log_of(function(add)
            for id = 1, 3 do
                add(id, "trace_start")
                add(id, "node_error", { node_id = id, error_message = "E" .. id })
            end
            add(2, "node_done", { node_id = 2 })
        end)
        local kinds = decisions("give_up_errors", log)
        assert.are.equal("fail: node 1 failed: E1", kinds[1])
        assert.truthy(kinds[2]:find("^default: "))
        assert.are.equal("fail: node 3 failed: E3", kinds[3])
        assert.truthy(decisions("give_up_errors", "--arg", "node=1", log)[3]:find("^default: "))
    end)

    it("expires suspensions that are past their timeout", function()
        local log = log_of(function(add)
            for id, seconds in ipairs { "3", "60", "null" } do
                add(id, "trace_start")
                add(id, "trace_suspended", { node_id = 4, metadata = ('{"timeout_secs":%s}'):format(seconds) })
            end
        end)
        local kinds = decisions("expire_suspensions", log)
        assert.are.equal("fail: waited at node 4 past its timeout of 3 s", kinds[1])
        assert.truthy(kinds[2]:find("^default: ") and kinds[3]:find("^default: "))
        kinds = decisions("expire_suspensions", "--arg", "now_ns=1764000600000000000", log)
        assert.are.equal("fail: waited at node 4 past its timeout of 60 s", kinds[2])
        assert.truthy(kinds[3]:find("^default: "))
    end)

    it("holds traces that were inside a node", function()
        local log = log_of(function(add)
            for id = 1, 2 do
                add(id, "trace_start")
                add(id, "node_start", { node_id = 2 + id })
            end
        end)
        local kinds = decisions("hold_node", "--arg", "node=3", log)
        assert.are.equal("hold: it was inside node 3 when the engine stopped", kinds[1])
        assert.truthy(kinds[2]:find("^default: "))
    end)

    it("gives up on traces older than an age", function()
        local log = log_of(function(add)
            for id = 1, 4 do
                add(id, "trace_start")
            end
            add(2, "trace_suspended", { node_id = 4 })
        end)
        local kinds = decisions("give_up_old", "--arg", "age=2s", log)
        assert.truthy(kinds[1]:find("^fail: began at 2025"))
        assert.truthy(kinds[2]:find("^default: ") and kinds[3]:find("^default: "))
        kinds = decisions("give_up_old", "--arg", "age=2s", "--arg", "suspended=true", log)
        assert.truthy(kinds[2]:find("^fail: began at 2025"))
    end)
end)

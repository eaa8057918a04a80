-- What the engine will do with a trace, case by case: what it waits for, and what its arena keeps from it.
-- forecast_engine_spec.lua holds the forecast against what the engine did.
local cases = require "tests.spec.forecast_cases"
local helper = require "tests.spec.helper"
local small_log = require "tests.spec.small_log"
local tracereel = require "tracereel"

local log_of = cases.log_of
local done = cases.done
local suspended = cases.suspended
local resumed = cases.resumed
local arena = cases.arena
local checked = cases.checked
local engine_of = cases.engine_of
local says = cases.says
local has = cases.has
local work = cases.work
local waiting_flow = cases.waiting_flow
local sound_arena = cases.sound_arena

after_each(helper.clean)

describe("a trace that waits", function()
    local hook = '{"hook_id":"approve-1","timeout_secs":3600,"timeout_action":"Reject"}'

    it("is reported with its hook, and with its timeout that is not restored", function()
        local engine = engine_of(log_of(done(0), done(1), suspended(2, hook)), { flow = waiting_flow(),
            arenas = sound_arena() })
        has(engine, { outcome = "waits", runs = {}, waits_at = 2, asks_again = false, without_inputs = {},
            ends_without_branch = {}, closes = false })
        says(engine, "waits at node 2 (approve) since 2025-11-24T16:00:00Z for hook approve-1",
            "its timeout of 1h00m is not restored", "approved, it runs 3, then is closed as complete",
            "(await_resume 2)")
    end)

    it("waits for the hook that the engine makes if the log has none", function()
        says(engine_of(log_of(suspended(2))), ("for hook recovered_%s; no timeout"):format(small_log.id(1)))
        says(engine_of(log_of(suspended(2, "no JSON"))), "for hook recovered_" .. small_log.id(1))
    end)

    it("without an arena is reported as waiting, with an approval that will fail", function()
        local engine, outlook = engine_of(log_of(suspended(2, hook)), { arenas = helper.directory() })
        has(engine, { outcome = "waits", waits_at = 2 })
        says(engine, "its approval will FAIL: it has no arena")
        assert.equal("approval", outlook.class)
    end)

    it("is reported with what its approval loses", function()
        local log = log_of(done(0, 128, 50), done(1, 184, 100), suspended(2, hook))
        local value = checked {
            [0] = { type = "trigger::manual" }, [1] = { type = work, after = { 0 } },
            [2] = { type = "std::wait", after = { 1 } }, [3] = { type = work, after = { 1, 2 } },
        }
        local engine, outlook = engine_of(log, { flow = value, arenas = arena(128) })
        has(engine, { outcome = "waits", without_inputs = {} })
        says(engine, "node 3 WITHOUT INPUTS: the output of node 1 lies after the arena's write position (128)")
        assert.equal("approval_loses", outlook.class)
    end)

    it("is reported with an earlier person who is asked again after an approval", function()
        local value = checked {
            [0] = { type = "trigger::manual" }, [1] = { type = "std::wait", after = { 0 } },
            [2] = { type = work, after = { 1 } }, [3] = { type = "std::wait", after = { 2 } },
        }
        local log = log_of(done(0), suspended(1), resumed, done(2), suspended(3))
        says(engine_of(log, { flow = value, arenas = sound_arena() }),
            "approved, it ASKS AGAIN at node 1: answered before, which the log does not keep")
    end)

    it("because a plan holds it is reported as held, with the reason", function()
        local held = suspended(0xFFFFFFFF, '{"hook_id":"approve-1","held":"look at the charge"}')
        local engine, outlook = engine_of(log_of(done(0), held), { flow = waiting_flow(), arenas = sound_arena() })
        has(engine, { outcome = "waits", waits_at = 0xFFFFFFFF, runs = {} })
        says(engine, "held: look at the charge; hook approve-1", "approved, it runs 1, then waits at node 2 (approve)")
        assert.equal("held", outlook.class)
        assert.is_nil(engine.reason:find("does not have it", 1, true))
    end)
end)

describe("a trace that was approved before the crash", function()
    local log_steps = { done(0), done(1), suspended(2), resumed }

    it("asks again, which is known without a flow", function()
        local log = log_of(table.unpack(log_steps))
        local engine = engine_of(log)
        has(engine, { outcome = "runs", runs = tracereel.null, waits_at = 2, asks_again = true,
            closes = tracereel.null })
        says(engine, "ASKS AGAIN at node 2: answered before, which the log does not keep")
        has(engine_of(log, { flow = waiting_flow(), arenas = sound_arena() }), { runs = {}, waits_at = 2,
            asks_again = true, closes = false })
    end)

    it("does not ask again if a plan has marked the node as done", function()
        local log = log_of(done(0), done(1), suspended(2), resumed, done(2))
        has(engine_of(log), { asks_again = false, waits_at = tracereel.null })
        has(engine_of(log, { flow = waiting_flow(), arenas = sound_arena() }), { runs = { 3 }, asks_again = false,
            closes = true })
    end)

    it("and that a plan held before any answer asks for the first time", function()
        local held = suspended(0xFFFFFFFF, '{"hook_id":"approve-1","held":"look"}')
        local engine = engine_of(log_of(done(0), done(1), suspended(2), held), { flow = waiting_flow(),
            arenas = sound_arena() })
        says(engine, "approved, it waits at node 2 (approve)")
        -- The answer to the hold was one for the hook that node 2 had given out.
        has(engine_of(log_of(done(0), done(1), suspended(2), held, resumed)), { asks_again = true, waits_at = 2 })
    end)

    it("does not ask again because it is held", function()
        has(engine_of(log_of(done(0), suspended(0xFFFFFFFF), resumed)), { asks_again = false })
    end)

    it("asks again in a flow without types, because the log shows which node waits", function()
        local value = checked { [0] = {}, [1] = { after = { 0 } }, [2] = { after = { 1 } }, [3] = { after = { 2 } } }
        has(engine_of(log_of(table.unpack(log_steps)), { flow = value, arenas = sound_arena() }),
            { runs = {}, waits_at = 2, asks_again = true })
    end)
end)

describe("an arena", function()
    local function of(directory)
        return engine_of(log_of(done(0, 128, 50)), { flow = waiting_flow(), arenas = directory })
    end

    it("that does not exist makes the engine skip the trace for ever", function()
        local engine = of(helper.directory())
        has(engine, { outcome = "skipped", runs = {}, waits_at = tracereel.null, asks_again = false,
            without_inputs = {}, overwritten = {}, ends_without_branch = {}, closes = false })
        says(engine, "SKIPPED at every start, for ever: it has no arena (resume_from 0)")
    end)

    it("that is unknown leaves its part of the forecast open", function()
        has(engine_of(log_of(done(0, 128, 50)), { flow = waiting_flow() }), { outcome = "runs", runs = { 1 },
            without_inputs = tracereel.null, overwritten = {} })
    end)

    for what, case in pairs {
        ["with another magic"] = { { magic = 1 }, "it does not begin as an arena" },
        ["of another version"] = { { version = 2 }, "version 1 of an arena expected at offset 8, found 2" },
        ["with a position beyond its capacity"] = { { capacity = 127 }, "its write position (128, offset 56) is" },
    } do
        it(what .. " is refused by the engine: the trace is skipped", function()
            local engine, outlook = of(arena(128, case[1]))
            has(engine, { outcome = "skipped", runs = {} })
            says(engine, "SKIPPED at every start, for ever: ", case[2])
            assert.equal("skipped", outlook.class)
        end)
    end

    for _, bytes in ipairs { 0, 1, 127 } do
        it(("of %d bytes, fewer than a header, makes the engine panic"):format(bytes), function()
            local engine, outlook = of(arena(128, nil, bytes))
            has(engine, { outcome = "skipped" })
            says(engine, "the engine PANICS at its start", ("it has %d bytes"):format(bytes))
            assert.equal("panics", outlook.class)
        end)
    end

    it("of another trace is used by the engine as the trace's own", function()
        local engine = of(arena(60000, { id = small_log.id(2) }))
        has(engine, { outcome = "runs", runs = { 1 }, without_inputs = { 1 } })
        says(engine, "the engine takes it for this trace's", "it is the arena of another trace",
            "node 1 WITHOUT INPUTS: the output of node 0 lies in another arena")
    end)

    it("that may not be read is reported, and its part of the forecast left open", function()
        local directory = helper.directory()
        helper.shell(("ln -s trace_%s.bin %s/trace_%s.bin"):format(small_log.id(1), directory, small_log.id(1)))
        local engine = of(directory)
        has(engine, { outcome = "runs", without_inputs = tracereel.null })
        says(engine, "the arena cannot be looked at: ")
    end)

    it("that is a directory is refused by the engine, too", function()
        local directory = helper.directory()
        helper.shell(("mkdir %s/trace_%s.bin"):format(directory, small_log.id(1)))
        local engine = of(directory)
        has(engine, { outcome = "skipped", closes = false })
        says(engine, "expected a file, found a directory")
    end)

    it("whose position lies beyond its end makes what runs fail", function()
        local engine = of(arena(60000, nil, 4096))
        has(engine, { outcome = "runs", closes = false })
        says(engine, "the arena's write position (60000) lies beyond its end (4096)")
        local value = checked { [0] = { type = "trigger::manual" }, [1] = { type = work, after = { 0 } } }
        has(engine_of(log_of(done(0, 128, 50)), { flow = value, arenas = arena(60000, nil, 4096) }),
            { runs = { 1 }, closes = tracereel.null })
    end)

    it("is read up to its position, and no byte further", function()
        has(of(arena(177)), { without_inputs = { 1 } })
        has(of(arena(178)), { without_inputs = {} })
    end)

    it("need not hold outputs of nodes that have none", function()
        -- Offset 0 is the engine's null, whatever the size says.
        for _, size in ipairs { 0, 500 } do
            has(engine_of(log_of(done(0, 0, size)), { flow = waiting_flow(), arenas = arena(128) }),
                { runs = { 1 }, without_inputs = {} })
        end
    end)

    it("does not make hostile offsets readable", function()
        for _, place in ipairs { { -8, 64 }, { math.mininteger, 1 }, { math.maxinteger, 0xFFFFFFFF } } do
            local log = log_of(done(0, place[1], place[2]))
            has(engine_of(log, { flow = waiting_flow(), arenas = arena(60000) }), { without_inputs = { 1 } })
        end
    end)

    it("never gives a lost output to later nodes: it is refused, or overwritten by then", function()
        -- 2 and 3 run after 1; 3 reads the old output of 0, too.
        local value = checked {
            [0] = { type = "trigger::manual" }, [1] = { type = work, after = { 0 } },
            [2] = { type = work, after = { 1 } }, [3] = { type = work, after = { 0, 1 } },
        }
        has(engine_of(log_of(done(0, 128, 50)), { flow = value, arenas = arena(128) }),
            { runs = { 1, 2, 3 }, without_inputs = { 1, 3 } })
    end)

    it("gives a trigger no input, and so loses none", function()
        local value = checked { [0] = { type = "trigger::manual" }, [1] = { type = "trigger::cron", after = { 0 } } }
        has(engine_of(log_of(done(0, 128, 50)), { flow = value, arenas = arena(128) }), { runs = { 1 },
            without_inputs = {} })
    end)

    it("with outputs after its position is described in words without a flow", function()
        local engine = engine_of(log_of(done(0, 128, 50), done(1, 184, 8)), { arenas = arena(180) })
        has(engine, { runs = tracereel.null, without_inputs = tracereel.null })
        says(engine, "the output of node 1 lies after the arena's write position (180): what reads it runs WITHOUT "
            .. "INPUTS")
    end)

    it("with overlapping outputs has lost the earlier one", function()
        local log = log_of(done(0, 128, 100), done(1, 160, 8))
        local engine, outlook = engine_of(log, { flow = waiting_flow(), arenas = sound_arena() })
        has(engine, { overwritten = { 0 } })
        says(engine, "the output of node 0 was OVERWRITTEN by that of 1")
        assert.equal("overwritten", outlook.class)
        -- That is seen in the log alone.
        has(engine_of(log), { overwritten = { 0 } })
    end)

    it("has its overwritten outputs reported with the nodes that read them", function()
        local value = checked {
            [0] = { type = "trigger::manual" }, [1] = { type = work, after = { 0 } },
            [2] = { type = work, after = { 0 } },
        }
        says(engine_of(log_of(done(0, 128, 100), done(1, 160, 8)), { flow = value, arenas = sound_arena() }),
            "node 2 reads what was written over")
    end)
end)

describe("the forecast of a command", function()
    local log_and_arenas

    before_each(function()
        -- Beside each other, as the engine has them; the arena's position is stale.
        local directory = helper.directory()
        helper.shell(("mkdir %s/arenas; cp -r %s %s/wal"):format(directory, log_of(done(0, 128, 50)), directory))
        cases.put_arena(directory .. "/arenas", 128)
        log_and_arenas = directory
    end)

    local function last_object(...)
        local result = helper.run { ... }
        assert.equal(0, result.status, result.stderr)
        return tracereel.json_decode(result.stdout:match("([^\n]*)\n$"))
    end

    it("has null for what is unknown without a flow, and names its sources", function()
        local wal = log_and_arenas .. "/wal"
        for _, object in ipairs { last_object("traces", "--open", "--json", wal),
            last_object("show", "--json", small_log.id(1), wal) } do
            for _, key in ipairs { "runs", "waits_at", "without_inputs", "ends_without_branch", "closes" } do
                assert.equal(tracereel.null, object.engine[key], key)
            end
            assert.equal("runs", object.engine.outcome)
            assert.is_false(object.engine.asks_again)
        end
        assert.same({ directory = log_and_arenas .. "/arenas", found_as = "LOG/../arenas" },
            last_object("recover", "--json", wal).summary.arenas)
        assert.equal(tracereel.null, last_object("recover", "--json", wal).summary.flow)
    end)

    it("puts losses first in traces, in the last section of show and in the groups of recover", function()
        local wal = log_and_arenas .. "/wal"
        local list = helper.run({ "traces", "--open", "--full", wal }).stdout
        assert.truthy(list:find("may lose inputs; after 0", 1, true))
        assert.truthy(helper.run({ "show", small_log.id(1), wal }).stdout:find("WITHOUT INPUTS", 1, true))
        local page = helper.run({ "recover", wal }).stdout
        assert.truthy(page:find("runs without its inputs: 1 trace\n  Mend the arenas before", 1, true))
        assert.truthy(page:find("(LOG/../arenas)", 1, true))
    end)

    it("says in traces that somebody is asked again, whatever else is lost", function()
        local list = helper.run({ "traces", "--open", "--full", "tests/fixtures/logs-engine/orders-killed-late/wal" })
        assert.truthy(list.stdout:find("\n7f333d5a[^\n]* may lose inputs, asks again at 4; after 5: "), list.stdout)
    end)

    it("names the arenas in traces if all open traces are held", function()
        local wal, plan = log_and_arenas .. "/wal", log_and_arenas .. "/plan.json"
        local script = helper.script('return { api = 1, recover = function() return tracereel.hold("x") end }')
        assert.equal(0, helper.run({ "recover", script, wal, "-o", plan }).status)
        assert.equal(0, helper.run({ "apply", plan, wal }).status)
        local list = helper.run({ "traces", "--open", wal }).stdout
        assert.truthy(list:find("\n1 held\narenas: ", 1, true), list)
    end)

    it("is default.engine of a recovery script", function()
        local flow_file = helper.write(log_and_arenas .. "/flow.lua", [[return { nodes = {
            [0] = { type = "trigger::manual" }, { after = { 0 }, type = "test::work" } } }]])
        local script = helper.script [[return { api = 1, recover = function(_, default)
            local engine = default.engine
            return tracereel.fail(engine.outcome .. " " .. engine.runs[1] .. " " .. #engine.without_inputs)
        end }]]
        local object = tracereel.json_decode((helper.run { "recover", "--json", "--flow", flow_file, script,
            log_and_arenas .. "/wal" }).stdout:match("^[^\n]*"))
        assert.equal("runs 1 1", object.reason)
        assert.same({ 1 }, object.engine.without_inputs)
    end)
end)

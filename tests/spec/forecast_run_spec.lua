-- What the engine runs next, and which branches are lost: with flows as its ready rule sees them.
local cases = require "tests.spec.forecast_cases"
local flow = require "tracereel.flow"
local helper = require "tests.spec.helper"
local next_run = require "tracereel.forecast.next_run"
local tracereel = require "tracereel"

local log_of = cases.log_of
local done = cases.done
local suspended = cases.suspended
local resumed = cases.resumed
local checked = cases.checked
local engine_of = cases.engine_of
local says = cases.says
local has = cases.has
local work = cases.work
local waiting_flow = cases.waiting_flow
local switch_flow = cases.switch_flow
local sound_arena = cases.sound_arena

after_each(helper.clean)

-- ---- the engine's ready rule, worked out without candidates and counters ----

local function carries_out(node, before)
    local ports = node.ports[before]
    for _, port in ipairs(ports or { "out" }) do
        if port == "out" then
            return true
        end
    end
    return false
end

local function naive_is_ready(value, id, is_done, no_out)
    local node = value.nodes[id]
    if is_done[id] then
        return false
    elseif flow.is_entry(value, id) then
        return true
    end
    local has_input = false
    for _, before in ipairs(node.after) do
        if not is_done[before] then
            return false
        end
        has_input = has_input or not no_out[before] and carries_out(node, before)
    end
    for _, before in ipairs(node.loop_back) do
        has_input = has_input or is_done[before] and not no_out[before] and carries_out(node, before)
    end
    return has_input
end

-- A switch that runs answers on "true" or "false", a loop on "continue" or "exit". One that was done before counts as
-- having answered on "out".
local function chooses(value, id)
    local type = value.nodes[id].type
    return type == "std::switch" or type == "std::loop"
end

local function naive_run(value, done_at_first, highest)
    local is_done, no_out, runs, waits_at = {}, {}, {}, {}
    for node in pairs(done_at_first) do
        is_done[node] = true
    end
    while true do
        local wave = {}
        for id = 0, highest do
            if value.nodes[id] and naive_is_ready(value, id, is_done, no_out) then
                wave[#wave + 1] = id
            end
        end
        for _, id in ipairs(wave) do
            if flow.waits(value, id) then
                waits_at[#waits_at + 1] = id
            else
                runs[id], is_done[id] = true, true
                no_out[id] = chooses(value, id)
            end
        end
        if #wave == 0 or #waits_at > 0 then
            return runs, waits_at
        end
    end
end

local function random_flow(random, count)
    local types = { work, work, work, "std::wait", "std::switch", "std::merge" }
    local ports = { "out", "out", "out", "true", "false", "error" }
    local nodes = { [0] = { type = "trigger::manual" } }
    for id = 1, count do
        local node = { type = random(20) == 1 and "trigger::cron" or types[random(#types)], after = {}, loop_back = {} }
        local is_before = {}
        for _ = 1, random(3) do
            local port = ports[random(#ports)]
            local before = random(id) - 1
            if not is_before[before] then
                is_before[before] = true
                table.insert(node.after, { before, port = port })
            end
        end
        nodes[id] = node
    end
    for id = 1, count do
        if random(6) == 1 and id < count then
            table.insert(nodes[id].loop_back, { id + random(count - id), port = ports[random(#ports)] })
        end
    end
    return checked(nodes)
end

describe("the set of nodes that run next", function()
    it("is what the engine's ready rule gives, for random flows and random sets of done nodes", function()
        math.randomseed(20261127)
        local waited, ran = 0, 0
        for _ = 1, 400 do
            local count = math.random(14)
            local value, done_nodes = random_flow(math.random, count), {}
            for id = 0, count do
                done_nodes[id] = math.random(2) == 1 or nil
            end
            local expected, expected_waits = naive_run(value, done_nodes, count)
            local found = next_run.of(next_run.graph(value), done_nodes, function(id)
                return flow.waits(value, id)
            end)
            assert.same(expected, found.runs)
            assert.same(expected_waits, found.waits_at)
            waited, ran = waited + #found.waits_at, ran + #found.waves
        end
        assert.is_true(waited > 50 and ran > 200) -- the flows are not all alike
    end)

    it("holds every trigger that is not done, and never an unreachable node", function()
        local value = checked {
            [0] = { type = "trigger::manual" }, [1] = { type = "trigger::cron" }, [2] = { type = work, after = { 0 } },
            [3] = { type = work },
        }
        has(engine_of(log_of(done(0)), { flow = value, arenas = sound_arena() }), { runs = { 1, 2 }, closes = true })
    end)

    it("never holds a join after a switch, because the engine waits for all its predecessors", function()
        local options = { flow = switch_flow(), arenas = sound_arena() }
        has(engine_of(log_of(done(0), done(1), done(2)), options), { runs = {}, closes = true,
            ends_without_branch = {} })
    end)

    it("ends at a routing node, and goes on in parallel branches", function()
        local value = checked {
            [0] = { type = "trigger::manual" }, [1] = { type = "std::switch", after = { 0 } },
            [2] = { type = work, after = { { 1, port = "true" } } }, [3] = { type = work, after = { 0 } },
            [4] = { type = work, after = { 3 } },
        }
        local engine = engine_of(log_of(done(0)), { flow = value, arenas = sound_arena() })
        has(engine, { runs = { 1, 3, 4 }, closes = tracereel.null, ends_without_branch = {} })
        says(engine, "runs 1 and 3, then 4, then goes on with what node 1 chooses")
    end)

    it("follows the port `out` of a switch or a loop only if that node is done", function()
        for _, type in ipairs { "std::switch", "std::loop" } do
            local options = { arenas = sound_arena(), flow = checked {
                [0] = { type = "trigger::manual" }, [1] = { type = type, after = { 0 } },
                [2] = { type = work, after = { 1 } },
            } }
            has(engine_of(log_of(done(0)), options), { runs = { 1 }, closes = tracereel.null })
            has(engine_of(log_of(done(0), done(1)), options), { runs = { 2 }, closes = true })
        end
    end)

    it("stops at a node that waits: parallel nodes end, later ones do not begin", function()
        local value = checked {
            [0] = { type = "trigger::manual" }, [1] = { type = work, after = { 0 } },
            [2] = { type = "std::wait", after = { 0 } }, [3] = { type = work, after = { 1 } },
        }
        local engine = engine_of(log_of(done(0)), { flow = value, arenas = sound_arena() })
        has(engine, { outcome = "runs", runs = { 1 }, waits_at = 2, asks_again = false, closes = false })
        says(engine, "runs 1, then waits at node 2 (resume_from 0)")
    end)

    it("also starts from a loop's back edge", function()
        local value = checked {
            [0] = { type = "trigger::manual" }, [1] = { type = "std::loop", after = { { 0, port = "other" } },
                loop_back = { 2 } },
            [2] = { type = work, after = { { 1, port = "continue" } } },
        }
        local options = { flow = value, arenas = sound_arena() }
        has(engine_of(log_of(done(0), done(2)), options), { runs = { 1 } })
        has(engine_of(log_of(done(0)), options), { runs = {} })
    end)

    it("holds a started node again, although it was done before", function()
        local log = log_of(done(0), done(1), { "node_start", { node_id = 1 } })
        local engine = engine_of(log, { flow = waiting_flow(), arenas = sound_arena() })
        has(engine, { runs = { 1 }, waits_at = 2 })
        says(engine, "(retry_nodes 1)")
    end)

    it("is listed in the order of running, and shortened for a long flow", function()
        local nodes = { [0] = { type = "trigger::manual" } }
        for id = 1, 999 do
            nodes[id] = { type = work, after = { id - 1 } }
        end
        local engine = engine_of(log_of(), { flow = checked(nodes), arenas = sound_arena() })
        assert.equal(1000, #engine.runs)
        assert.is_true(engine.closes)
        says(engine, "runs 0, then 1, then 2, then 3, then 4, then 5, then 6, then ..., then 999 (1000 nodes in all), "
            .. "then is closed as complete")
    end)

    it("reports done nodes that the flow does not have", function()
        says(engine_of(log_of(done(0), done(9)), { flow = waiting_flow(), arenas = sound_arena() }),
            "node 9 is done, and the flow does not have it: is it this log's flow?")
    end)
end)

describe("a trace whose routing node is done", function()
    it("ends without a branch if none has begun", function()
        local engine = engine_of(log_of(done(0), done(1)), { flow = switch_flow(), arenas = sound_arena() })
        has(engine, { outcome = "runs", runs = {}, ends_without_branch = { 1 }, closes = true })
        says(engine, "is closed as complete", "WITHOUT A BRANCH of node 1: none of 2 and 3 ever runs")
    end)

    it("ends without a branch also if the branch had begun and failed", function()
        local log = log_of(done(0), done(1), { "node_error", { node_id = 2, error_message = "no" } })
        has(engine_of(log, { flow = switch_flow(), arenas = sound_arena() }), { runs = {},
            ends_without_branch = { 1 } })
    end)

    it("names the lost node of a branch if another one has begun", function()
        local value = checked {
            [0] = { type = "std::switch" }, [1] = { type = work, after = { { 0, port = "true" } } },
            [2] = { type = work, after = { { 0, port = "true" } } }, [3] = { after = { { 0, port = "false" } } },
        }
        local engine = engine_of(log_of(done(0), done(1)), { flow = value, arenas = sound_arena() })
        has(engine, { runs = {}, ends_without_branch = {} })
        says(engine, "node 2 never runs, although another node on the same port has begun")
    end)

    it("loses nothing if only its error port leads on, or `out` leads to the same node", function()
        local value = checked {
            [0] = { type = "std::switch" }, [1] = { type = work, after = { { 0, port = "error" } } },
        }
        has(engine_of(log_of(done(0)), { flow = value, arenas = sound_arena() }),
            { runs = {}, ends_without_branch = {} })
        -- Node 3 runs once node 2 was approved.
        value = checked {
            [0] = { type = "std::switch" }, [1] = { type = work, after = { 0 } },
            [2] = { type = "std::wait", after = { 1 } },
            [3] = { type = work, after = { 2, { 0, port = "out" }, { 0, port = "true" } } },
        }
        has(engine_of(log_of(done(0), done(1)), { flow = value, arenas = sound_arena() }),
            { runs = {}, waits_at = 2, ends_without_branch = {} })
    end)

    it("loses nothing if its branch is reachable by another edge", function()
        local value = checked {
            [0] = { type = "trigger::manual" }, [1] = { type = "std::switch", after = { 0 } },
            [2] = { type = work, after = { 0, { 1, port = "true" } } }, [3] = { after = { { 1, port = "error" } } },
        }
        has(engine_of(log_of(done(0), done(1)), { flow = value, arenas = sound_arena() }),
            { runs = { 2 }, ends_without_branch = {}, closes = true })
    end)

    it("does not ask again for a node that follows a lost branch", function()
        local value = checked {
            [0] = { type = "std::switch" }, [1] = { type = "std::wait", after = { { 0, port = "true" } } },
        }
        has(engine_of(log_of(done(0), suspended(1), resumed), { flow = value, arenas = sound_arena() }),
            { waits_at = tracereel.null, asks_again = false, ends_without_branch = { 0 }, closes = true })
    end)

    it("has begun the branch in which it waits", function()
        local value = checked {
            [0] = { type = "std::switch" }, [1] = { type = "std::wait", after = { { 0, port = "true" } } },
            [2] = { type = "std::switch", after = { 0 } }, [3] = { type = work, after = { { 2, port = "x" } } },
        }
        local engine = engine_of(log_of(done(0), done(2), suspended(1)), { flow = value, arenas = sound_arena() })
        has(engine, { outcome = "waits", runs = {}, ends_without_branch = { 2 }, closes = false })
        says(engine, "WITHOUT A BRANCH of node 2: 3 never runs")
    end)

    it("cannot report losses with a flow that has neither types nor ports", function()
        local engine = engine_of(log_of(done(0)), { flow = checked { [0] = {}, [1] = { after = { 0 } } },
            arenas = sound_arena() })
        has(engine, { runs = { 1 }, ends_without_branch = tracereel.null, closes = tracereel.null })
    end)
end)

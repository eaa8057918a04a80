-- Decisions become the fewest records that lead the engine's rule to them. The engine's rule is written down here once
-- more, from the format's description, and a search over all sequences of records says how few are possible.
local compiler = require "tracereel.recovery.compiler"
local decision = require "tracereel.script.decision"
local helper = require "tests.spec.helper"
local random = require "tracereel.util.random"
local answer = require "tracereel.recovery.answer"
local tracereel = require "tracereel"
local view = require "tracereel.recovery.view"

local id = "6b7452b3-0000-4000-8000-000000000001"

-- ---- the engine, as the format describes it ----

local function blank()
    return { started = {}, completed = {}, last = nil, suspended_at = nil, waits_with = nil }
end

local function copy(state)
    local copied = blank()
    copied.last, copied.suspended_at, copied.waits_with = state.last, state.suspended_at, state.waits_with
    table.move(state.started, 1, #state.started, 1, copied.started)
    for node, output in pairs(state.completed) do
        copied.completed[node] = output
    end
    return copied
end

local apply = {
    trace_start = blank,
    node_start = function(state, rec)
        table.insert(state.started, rec.node_id)
        return state
    end,
    node_done = function(state, rec)
        local kept = {}
        for _, node in ipairs(state.started) do
            kept[#kept + 1] = node ~= rec.node_id and node or nil
        end
        state.started, state.last = kept, rec.node_id
        state.completed[rec.node_id] = rec.output_offset
        return state
    end,
    trace_suspended = function(state, rec)
        state.suspended_at, state.waits_with = rec.node_id, rec.metadata
        return state
    end,
    trace_resumed = function(state)
        state.suspended_at = nil
        return state
    end,
}

local function engine_does(state)
    if state.suspended_at then
        return "await_resume " .. state.suspended_at
    elseif #state.started > 0 then
        return "retry_nodes " .. table.concat(state.started, ",")
    end
    return "resume_from " .. (state.last or 0)
end

local function key_of(state)
    local parts = { table.concat(state.started, ","), state.last or "-", state.suspended_at or "-",
        state.suspended_at and state.waits_with or "" }
    for node = 0, 2 do
        parts[#parts + 1] = state.completed[node] or "-"
    end
    return table.concat(parts, "|")
end

local function of_view(self)
    local state = blank()
    state.last, state.suspended_at, state.waits_with =
        self.last_completed_node, self.suspended_at, self.suspension_metadata
    table.move(self.started_nodes, 1, #self.started_nodes, 1, state.started)
    for node, output in pairs(self.completed_nodes) do
        state.completed[node] = output.offset
    end
    return state
end

-- ---- the search ----

-- Every record that could bring a state nearer to the goal.
local function moves_to(goal)
    local moves = { { type = "trace_start" }, { type = "trace_resumed" } }
    for node = 0, 2 do
        moves[#moves + 1] = { type = "node_start", node_id = node }
        moves[#moves + 1] = { type = "node_done", node_id = node, output_offset = goal.completed[node] or 100 }
        moves[#moves + 1] = { type = "trace_suspended", node_id = node, metadata = goal.waits_with }
    end
    moves[#moves + 1] = { type = "trace_suspended", node_id = 4294967295, metadata = goal.waits_with }
    return moves
end

local function fewest_records(from, goal, most)
    local goal_key, moves = key_of(goal), moves_to(goal)
    local longest = math.max(#from.started, #goal.started) + 1
    local seen, layer = { [key_of(from)] = true }, { from }
    if seen[goal_key] then
        return 0
    end
    for length = 1, most do
        local next_layer = {}
        for _, state in ipairs(layer) do
            for _, move in ipairs(moves) do
                local reached = apply[move.type](copy(state), move)
                local key = key_of(reached)
                if key == goal_key then
                    return length
                elseif not seen[key] and #reached.started <= longest then
                    seen[key] = true
                    next_layer[#next_layer + 1] = reached
                end
            end
        end
        layer = next_layer
    end
end

-- ---- random states and decisions ----

local generator = random.new(20251124)

local function draw(low, high)
    return generator.draw(low, high)
end

local function random_state()
    local state = blank()
    for _ = 1, draw(0, 6) do
        local kind = ({ "node_start", "node_done", "node_done", "trace_suspended", "trace_resumed" })[draw(1, 5)]
        state = apply[kind](state, { node_id = draw(0, 2), output_offset = 100 * draw(1, 2),
            metadata = '{"hook_id":"h","timeout_secs":60}' })
        while #state.started > 2 do
            table.remove(state.started)
        end
    end
    return state
end

local function view_of(state)
    local completed, order = {}, {}
    for node, offset in pairs(state.completed) do
        completed[node] = { offset = offset, size = 8, schema_hash = 5 }
        order[#order + 1] = node
    end
    table.sort(order, function(a, b)
        return (a == state.last and 9 or a) < (b == state.last and 9 or b)
    end)
    return { trace_id = id, open = true, status = "running", started_nodes = state.started,
        completed_nodes = completed, completion_order = order, last_completed_node = state.last,
        suspended_at = state.suspended_at, suspension_metadata = state.waits_with, metadata = '{"order":1}' }
end

local function random_nodes()
    local nodes = {}
    for index = 1, draw(1, 2) do
        nodes[index] = draw(0, 2)
    end
    return nodes
end

local makers = {
    function() return decision.default {} end,
    function() return decision.await(draw(0, 2), { timeout_secs = draw(60, 61), skips = true }) end,
    function() return decision.hold("look at it") end,
    function() return decision.resume_from(draw(0, 2)) end,
    function() return decision.retry(random_nodes()) end,
    function() return decision.restart() end,
    function() return decision.release() end,
}

local function random_decision()
    local chosen = makers[draw(1, #makers)]()
    if draw(1, 3) == 1 then
        chosen = chosen:skip(draw(0, 2), { offset = 300, size = 8, schema_hash = 5 })
    end
    if draw(1, 3) == 1 then
        chosen = chosen:rerun(random_nodes())
    end
    return chosen
end

local function describe_case(before, chosen)
    return key_of(before) .. " => " .. decision.describe(chosen)
end

describe("a decision's records", function()
    it("are as few as a search over all sequences finds, and lead to the decided state", function()
        local compiled, taken_back = 0, 0
        for _ = 1, 1500 do
            local before, chosen = random_state(), random_decision()
            local wanted = view.wanted(view_of(before), chosen)
            local steps = wanted and compiler.compile(view_of(before), wanted,
                { trace_id = id, timestamp_ns = 7, decision = chosen })
            if steps then
                local reached = copy(before)
                for _, rec in ipairs(steps) do
                    reached = apply[rec.type](reached, rec)
                end
                local goal = of_view(wanted)
                local case = describe_case(before, chosen)
                assert.are.equal(key_of(goal), key_of(reached), case)
                assert.are.equal(fewest_records(before, goal, 8), #steps, case)
                compiled = compiled + 1
                taken_back = taken_back + (steps[1] and steps[1].type == "trace_start" and 1 or 0)
            end
        end
        assert.is_true(compiled > 900, compiled)
        assert.is_true(taken_back > 100, taken_back)
    end)

    it("make the engine do what was decided", function()
        local expected = {
            await = function(chosen) return "await_resume " .. chosen.node end,
            resume_from = function(chosen) return "resume_from " .. chosen.node end,
            retry = function(chosen) return "retry_nodes " .. table.concat(chosen.nodes, ",") end,
        }
        local counts = {}
        for _ = 1, 1500 do
            local before, chosen = random_state(), random_decision()
            local wanted = view.wanted(view_of(before), chosen)
            if wanted and expected[chosen.kind] then
                assert.are.equal(expected[chosen.kind](chosen), engine_does(of_view(wanted)),
                    describe_case(before, chosen))
                counts[chosen.kind] = (counts[chosen.kind] or 0) + 1
            end
        end
        assert.is_true(counts.await > 20 and counts.resume_from > 20 and counts.retry > 20)
    end)

    it("need no addition when the same is decided again", function()
        for _ = 1, 1500 do
            local before, chosen = random_state(), random_decision()
            local first = view.wanted(view_of(before), chosen)
            if first then
                local second = view.wanted(view_of(of_view(first)), chosen)
                assert.are.same({}, compiler.steps(first, second), describe_case(before, chosen))
            end
        end
    end)

    it("are proven by the state machine, for every open trace of the sample logs", function()
        local proven, refused = 0, 0
        for _, name in ipairs { "orders", "done-only", "restarted", "edge", "torn-tail", "snapshot" } do
            for _, trace in ipairs(tracereel.open(helper.log(name)):traces()) do
                for _ = 1, 12 do
                    local records = answer.compile(trace, random_decision(), { timestamp_ns = trace.last_ns + 1,
                        provenance = { plan = "p" } })
                    proven, refused = proven + (records and 1 or 0), refused + (records and 0 or 1)
                end
            end
        end
        assert.is_true(proven > 3 * refused, proven .. " " .. refused)
    end)
end)

describe("what a decision means:", function()
    local function wanted_of(changes, chosen)
        local before = view_of(blank())
        for key, value in pairs(changes) do
            before[key] = value
        end
        return view.wanted(before, chosen)
    end
    local output = { offset = 100, size = 8, schema_hash = 5 }

    it("resume_from requires a node that is done", function()
        local _, problem = wanted_of({}, decision.resume_from(3))
        assert.truthy(problem:find("node 3 is not done", 1, true))
        assert.are.equal(3, wanted_of({}, decision.resume_from(3):skip(3)).last_completed_node)
    end)

    it("no node can be both run again and counted as done", function()
        local _, problem = wanted_of({}, decision.retry { 3 }:skip(3))
        assert.truthy(problem:find("node 3 cannot be both", 1, true))
    end)

    it("a hold keeps the hook and ends the timeout", function()
        local held = wanted_of({ suspended_at = 4, suspension_metadata = '{"hook_id":"h","timeout_secs":60}' },
            decision.hold("look"))
        assert.are.same({ hook_id = "h", timeout_secs = tracereel.null, held = "look" },
            tracereel.json_decode(held.suspension_metadata))
        assert.are.equal(4, held.suspended_at)
    end)

    it("a node's start is cancelled by restarting the trace, if the node is not done", function()
        local before = view_of { started = { 2 }, completed = { [0] = 100, [1] = 100 }, last = 1 }
        local steps = compiler.steps(before, (view.wanted(before, decision.resume_from(1))))
        local types = {}
        for index, step in ipairs(steps) do
            types[index] = step.type
        end
        assert.are.same({ "trace_start", "node_done", "node_done" }, types)
        assert.are.equal('{"order":1}', steps[1].text)
    end)

    local function steps_to(state, chosen)
        local before = view_of(state)
        return compiler.steps(before, (view.wanted(before, chosen)), chosen.kind == "restart")
    end

    it("restart starts the trace again, even if a resume would do", function()
        local state = blank()
        state.suspended_at, state.waits_with = 4, "{}"
        assert.are.equal("trace_start", steps_to(state, decision.restart())[1].type)
        assert.are.equal("trace_resumed", steps_to(state, decision.resume_from(0))[1].type)
    end)

    it("skip changes an output of which only the schema differs", function()
        local state = { started = {}, completed = { [1] = 100 }, last = 1 }
        assert.are.same({}, steps_to(state, decision.default({}):skip(1, output)))
        local other = { offset = 100, size = 8, schema_hash = 6 }
        assert.are.same({ { type = "node_done", node = 1, output = other } },
            steps_to(state, decision.default({}):skip(1, other)))
    end)

    it("await at another node does not keep the hook of the previous one", function()
        local before = { suspended_at = 4, suspension_metadata = '{"hook_id":"h4","timeout_secs":60}' }
        local moved = wanted_of(before, decision.await(5, { skips = true }))
        assert.are.equal(5, moved.suspended_at)
        assert.are_not.equal("h4", tracereel.json_decode(moved.suspension_metadata).hook_id)
        local stayed = wanted_of(before, decision.await(4, { timeout_secs = 90 }))
        assert.are.equal("h4", tracereel.json_decode(stayed.suspension_metadata).hook_id)
    end)

    it("a forgotten node leaves the one done before it as the last", function()
        -- Node 2 was met first and done last but one.
        local state, id_1 = tracereel.state(), id
        local function add(type_name, node, ns)
            return (state:apply(tracereel.record[type_name] { trace_id = id_1, node_id = node, timestamp_ns = ns }))
        end
        add("trace_start", 0, 100)
        add("node_start", 2, 110)
        add("node_start", 1, 120)
        add("node_done", 1, 130)
        add("node_done", 2, 140)
        local before = view.of(add("node_done", 3, 150))
        assert.are.same({ 1, 2, 3 }, before.completion_order)
        assert.are.equal(2, view.wanted(before, decision.default({}):rerun { 3 }).last_completed_node)
    end)

    it("a trace that only a snapshot knows is not restarted, which would lose its metadata", function()
        local before = view_of { started = { 2 }, completed = { [1] = 100 }, last = 1 }
        before.from_snapshot = true
        local steps, problem = compiler.steps(before, (view.wanted(before, decision.resume_from(1))))
        assert.is_nil(steps)
        assert.truthy(problem:find("metadata", 1, true))
    end)

    it("skip and rerun are refused in decisions that close the trace", function()
        assert.has_error(function() decision.fail("x"):skip(1, output) end, "skip: a decision to fail closes the trace")
        assert.has_error(function() decision.complete():rerun { 1 } end,
            "rerun: a decision to complete closes the trace")
    end)

    it("a wrong argument is an error that says what is expected", function()
        for message, wrong in pairs {
            ["fail: a reason"] = function() decision.fail() end,
            ["await: unknown option colour"] = function() decision.await(4, { colour = 1 }) end,
            ["retry: at least one node"] = function() decision.retry {} end,
            ["resume_from: a node's number"] = function() decision.resume_from(-1) end,
            ["skip: an output has no field bytes"] = function() decision.restart():skip(1, { bytes = 1 }) end,
        } do
            local _, problem = pcall(wrong)
            assert.truthy(tostring(problem):find(message, 1, true), tostring(problem))
        end
    end)
end)

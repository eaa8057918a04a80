-- From a state to a wanted one in as few records as possible. Why this is the fewest: docs/recovery.md.
local tables = require "tracereel.util.tables"
local metadata = require "tracereel.recovery.metadata"
local tracereel = require "tracereel"
local view = require "tracereel.recovery.view"

local compiler = {}

-- A step: { type, node }, with `output` or `text` where the type has one. Steps become records at the end.

-- Nodes that must be done (again): new, or with another output. nil where a node that is done must not be.
local function must_be_done(before, wanted)
    local done = {}
    for node in pairs(before.completed_nodes) do
        if not wanted.completed_nodes[node] then
            return nil
        end
    end
    for node, output in pairs(wanted.completed_nodes) do
        if not view.is_same_output(before.completed_nodes[node], output) then
            done[node] = true
        end
    end
    return done
end

-- Is the start of every node outside of `cancelled`, in order, the first `length` starts that are wanted?
local function leaves_prefix(started, cancelled, wanted_nodes, length)
    local kept = 0
    for _, node in ipairs(started) do
        if not cancelled[node] then
            kept = kept + 1
            if kept > length or wanted_nodes[kept] ~= node then
                return false
            end
        end
    end
    return kept == length
end

-- The nodes to be done so that of the starts there are just the first `length` wanted ones stay. nil where that cannot
-- be by node_done: it takes all starts of a node away, and counts the node as done.
local function done_to_keep(before, wanted, must, length)
    local kept = tables.set(table.move(wanted.started_nodes, 1, length, 1, {}))
    local done = {}
    for node in pairs(must) do
        done[node] = true
    end
    for _, node in ipairs(before.started_nodes) do
        if not kept[node] then
            done[node] = true
        end
    end
    local last = wanted.last_completed_node
    if next(done) ~= nil or last ~= before.last_completed_node then
        if last == nil then
            return nil
        end
        done[last] = true
    end
    for node in pairs(done) do
        if not wanted.completed_nodes[node] then
            return nil
        end
    end
    return leaves_prefix(before.started_nodes, done, wanted.started_nodes, length) and done or nil
end

-- `order` says in which order nodes are done; the last completed one comes last.
local function add_done(steps, wanted, done, order)
    for _, node in ipairs(order) do
        if done[node] and node ~= wanted.last_completed_node then
            steps[#steps + 1] = { type = "node_done", node = node, output = wanted.completed_nodes[node] }
        end
    end
    local last = wanted.last_completed_node
    if last and done[last] then
        steps[#steps + 1] = { type = "node_done", node = last, output = wanted.completed_nodes[last] }
    end
end

local function add_started(steps, wanted, first)
    for index = first, #wanted.started_nodes do
        steps[#steps + 1] = { type = "node_start", node = wanted.started_nodes[index] }
    end
end

local function add_suspension(steps, before, wanted)
    local is_kept = before.suspended_at == wanted.suspended_at
        and (not wanted.suspended_at or before.suspension_metadata == wanted.suspension_metadata)
    if not is_kept then
        steps[#steps + 1] = wanted.suspended_at
            and { type = "trace_suspended", node = wanted.suspended_at, text = wanted.suspension_metadata }
            or { type = "trace_resumed" }
    end
end

-- Without taking anything back. nil where that cannot lead there.
local function edit(before, wanted)
    local must = must_be_done(before, wanted)
    local best_done, best_length, best_cost
    -- Only starts that are there can be kept.
    local max_kept = math.min(#before.started_nodes, #wanted.started_nodes)
    for length = must and max_kept or -1, 0, -1 do
        local done = done_to_keep(before, wanted, must, length)
        local cost = done and tables.count(done) + #wanted.started_nodes - length
        if cost and (not best_cost or cost < best_cost) then
            best_done, best_length, best_cost = done, length, cost
        end
    end
    if not best_done then
        return nil
    end
    local steps = {}
    add_done(steps, wanted, best_done, wanted.completion_order)
    add_started(steps, wanted, best_length + 1)
    add_suspension(steps, before, wanted)
    return steps
end

local blank = { completed_nodes = {}, started_nodes = {} }

-- From a new trace_start on. nil where no sequence of node_done leaves the wanted last node.
local function afresh(before, wanted)
    local last = wanted.last_completed_node
    local done = tables.set(wanted.completion_order)
    if last and not wanted.completed_nodes[last] or not last and next(wanted.completed_nodes) ~= nil then
        return nil
    end
    local steps = { { type = "trace_start", text = before.metadata } }
    add_done(steps, wanted, done, wanted.completion_order)
    add_started(steps, wanted, 1)
    add_suspension(steps, blank, wanted)
    return steps
end

---The fewest steps, or nil and why there are none.
---@param before table a view of an open trace
---@param wanted table a view
---@param prefers_afresh? boolean of two ways that are as short, begin the trace again
function compiler.steps(before, wanted, prefers_afresh)
    if not wanted.open then
        return { { type = wanted.status == "failed" and "trace_failed" or "trace_complete" } }
    elseif not view.difference(wanted, before) then
        return {}
    end
    -- Only a new trace_start opens a trace that is closed.
    local edited, fresh = before.open and edit(before, wanted) or nil, afresh(before, wanted)
    if fresh and before.from_snapshot then
        fresh = nil
        if not edited then
            return nil, "its trace_start is not in the log (it is known from a snapshot): beginning it again would "
                .. "lose its metadata"
        end
    end
    local fresh_limit = edited and #edited + (prefers_afresh and 1 or 0)
    local best = fresh and (not edited or #fresh < fresh_limit) and fresh or edited
    if not best then
        return nil, "no records lead there: a snapshot has completed nodes, but not which of them was the last"
    end
    return best
end

local constructors = tracereel.record

-- What a suspension waits with is part of the state: an undo brings it back as it was.
local function text_of(step, context)
    if step.type == "trace_suspended" and context.provenance and not context.is_undo then
        return metadata.with_provenance(step.text, context.provenance)
    end
    return step.text
end

local function to_record(step, context)
    local output = step.output or {}
    local rec = constructors[step.type] {
        trace_id = context.trace_id,
        timestamp_ns = context.timestamp_ns,
        node_id = step.node,
        output_offset = output.offset,
        output_size = output.size,
        schema_hash = output.schema_hash,
        metadata = text_of(step, context),
        error_message = step.type == "trace_failed" and context.decision.reason or nil,
    }
    return context.provenance and metadata.stamp(rec, context.provenance) or rec
end

---The fewest records that lead an open trace from one view to another; none where they are the same.
---@param before table
---@param wanted table
---@param context { trace_id: string, timestamp_ns: integer, decision: tracereel.decision, provenance: table|nil,
---  is_undo: boolean|nil }
---@return tracereel.rec[]|nil records
---@return string|nil problem
function compiler.compile(before, wanted, context)
    local steps, problem = compiler.steps(before, wanted, context.decision.kind == "restart")
    if not steps then
        return nil, problem
    end
    for index, step in ipairs(steps) do
        steps[index] = to_record(step, context)
    end
    return steps
end

return compiler

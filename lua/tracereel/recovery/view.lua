-- The engine's view of a trace as a plain table, what a decision wants it to be, and how two of them differ.
-- The fields: docs/recovery-plan.md.
local completion = require "tracereel.log.completion"
local held = require "tracereel.log.held"
local metadata = require "tracereel.recovery.metadata"
local tables = require "tracereel.util.tables"
local tracereel = require "tracereel"
local units = require "tracereel.util.units"

local view = {}

---@param trace tracereel.trace
function view.of(trace)
    return {
        trace_id = trace.id,
        open = trace.open,
        status = trace.status,
        started_nodes = trace.started_nodes,
        begun_nodes = completion.begun(trace),
        completed_nodes = trace.completed_nodes,
        completion_order = completion.order(trace),
        last_completed_node = trace.last_completed_node,
        suspended_at = trace.suspended_at,
        suspension_metadata = trace.suspension_metadata,
        metadata = trace.metadata,
        from_snapshot = trace.from_snapshot,
    }
end

---What the engine does with a trace in this state.
---@return tracereel.recovery|nil nil where the trace is closed
function view.rule(self)
    if not self.open then
        return nil
    elseif self.suspended_at then
        return { action = "await_resume", node = self.suspended_at }
    elseif #self.started_nodes > 0 then
        return { action = "retry_nodes", nodes = self.started_nodes }
    end
    return { action = "resume_from", node = self.last_completed_node or 0 }
end

local function copy(self)
    local copied = tables.joined(self)
    copied.completed_nodes = tables.joined(self.completed_nodes)
    copied.started_nodes = table.move(self.started_nodes, 1, #self.started_nodes, 1, {})
    copied.completion_order = table.move(self.completion_order, 1, #self.completion_order, 1, {})
    return copied
end

local function remove_all(list, item)
    local kept = {}
    for _, one in ipairs(list) do
        if one ~= item then
            kept[#kept + 1] = one
        end
    end
    return kept
end

local function forget(wanted, node)
    if not wanted.completed_nodes[node] then
        return
    end
    wanted.completed_nodes[node] = nil
    wanted.completion_order = remove_all(wanted.completion_order, node)
    if wanted.last_completed_node == node then
        wanted.last_completed_node = wanted.completion_order[#wanted.completion_order]
    end
end

local function skip(wanted, node, output)
    wanted.completed_nodes[node] = output
    wanted.completion_order = remove_all(wanted.completion_order, node)
    table.insert(wanted.completion_order, node)
    wanted.started_nodes = remove_all(wanted.started_nodes, node)
    wanted.last_completed_node = node
end

local function suspend(wanted, node, text)
    wanted.suspended_at, wanted.suspension_metadata, wanted.status = node, text, "suspended"
end

local function release(wanted)
    wanted.suspended_at, wanted.status = nil, "running"
end

-- Where a person would look for the trace. A hold has no place.
function view.place(self)
    local waits_at = self.suspended_at ~= held.node and self.suspended_at or nil
    return waits_at or self.started_nodes[1] or self.last_completed_node or 0
end

---Why a trace is held; nil where it is not.
---@return string|nil
function view.held(self)
    return self.open and self.suspended_at and held.reason(self.suspension_metadata) or nil
end

-- Approving a suspension marks its node as done. Why that must not be so unseen; nil where it may be.
local function skip_problem(wanted, chosen, before)
    local node = chosen.node
    local is_forgotten = before.completed_nodes[node] and not wanted.completed_nodes[node]
    local has_begun = (before.begun_nodes or {})[node] or tables.contains(before.started_nodes, node)
    local state
    if chosen.skips or node == held.node then
        return nil
    elseif wanted.completed_nodes[node] then
        state = ("node %d is done: approving would put the decision in the place of its output"):format(node)
    elseif is_forgotten or not has_begun then
        state = ("node %d has not run: approving would mark it as done without running it"):format(node)
    end
    return state and ("await(%d): %s. hold(reason) skips nothing; await(%d, { skips = true }) means it"):format(node,
        state, node)
end

local function await(wanted, chosen, before)
    if before.suspended_at ~= chosen.node then
        local problem = skip_problem(wanted, chosen, before)
        suspend(wanted, chosen.node, metadata.new_wait(before.trace_id, chosen.options))
        return problem
    end
    local text, problem = metadata.to_await(before.suspension_metadata, chosen.options)
    suspend(wanted, chosen.node, text)
    return problem and ("await(%d): %s"):format(chosen.node, problem)
end

-- By kind: makes the wanted view of one that has the skipped and forgotten nodes in it; a text where that cannot be.
local make_wanted = {
    default = function() end,
    fail = function(wanted)
        wanted.open, wanted.status = false, "failed"
    end,
    complete = function(wanted)
        wanted.open, wanted.status = false, "complete"
    end,
    await = await,
    hold = function(wanted, chosen, before)
        if before.suspended_at then
            suspend(wanted, before.suspended_at, metadata.to_hold(before.suspension_metadata, chosen.reason))
        else
            suspend(wanted, held.node, metadata.new_wait(before.trace_id, { held = chosen.reason }))
        end
    end,
    release = function(wanted, _, before)
        if before.suspended_at == held.node then
            release(wanted)
        elseif view.held(before) then
            suspend(wanted, before.suspended_at, metadata.to_release(before.suspension_metadata))
        end
    end,
    resume_from = function(wanted, decision)
        release(wanted)
        wanted.started_nodes = {}
        if wanted.completed_nodes[decision.node] then
            wanted.last_completed_node = decision.node
        elseif decision.node == 0 and next(wanted.completed_nodes) == nil then
            wanted.last_completed_node = nil
        else
            local node = decision.node
            return ("resume_from(%d): node %d is not done; the engine goes on after a node that is: add "
                .. ":skip(%d, output), or retry{ %d }"):format(node, node, node, node)
        end
    end,
    retry = function(wanted, decision)
        release(wanted)
        for _, node in ipairs(decision.nodes) do
            for _, skipped in ipairs(decision.skipped) do
                if skipped.node == node then
                    return ("retry and skip: node %d cannot be both run again and counted as done"):format(node)
                end
            end
        end
        wanted.started_nodes = table.move(decision.nodes, 1, #decision.nodes, 1, {})
    end,
    restart = function(wanted)
        release(wanted)
        wanted.started_nodes = {}
    end,
}

---The view that a decision asks for. It is worked out without a record being written, so that what the records lead to
---can be held against it.
---@return table|nil wanted
---@return string|nil problem
function view.wanted(self, decision)
    local wanted = copy(self)
    if decision.kind == "restart" then
        wanted.completed_nodes, wanted.completion_order, wanted.last_completed_node = {}, {}, nil
    end
    for _, node in ipairs(decision.forgotten) do
        forget(wanted, node)
    end
    for _, skipped in ipairs(decision.skipped) do
        skip(wanted, skipped.node, skipped.output)
    end
    local problem = make_wanted[decision.kind](wanted, decision, self)
    if problem then
        return nil, problem
    end
    return wanted
end

local function list_text(nodes)
    return "{" .. table.concat(nodes, ", ") .. "}"
end

local function output_text(output)
    return output and ("%s bytes at %s, schema %016x"):format(output.size, tracereel.unsigned(output.offset),
        output.schema_hash) or "not done"
end

local function is_same_output(a, b)
    return a ~= nil and b ~= nil and a.offset == b.offset and a.size == b.size and a.schema_hash == b.schema_hash
end

local function completed_difference(expected, found)
    local both = {}
    for _, nodes in ipairs { expected, found } do
        for node in pairs(nodes) do
            both[node] = true
        end
    end
    for node in units.sorted(both) do
        if not is_same_output(expected[node], found[node]) then
            return ("completed_nodes[%d]: %s expected, found %s"):format(node, output_text(expected[node]),
                output_text(found[node]))
        end
    end
end

local function field_difference(name, expected, found)
    if expected ~= found then
        return ("%s: %s expected, found %s"):format(name, tostring(expected), tostring(found))
    end
end

---nil where the engine sees the same in both; otherwise the first field that differs. Metadata of a suspension counts
---only while it lasts: the engine looks at it nowhere else.
---@return string|nil
function view.difference(expected, found)
    if not expected.open or not found.open then
        return field_difference("status", expected.status, found.status)
    end
    return field_difference("suspended_at", expected.suspended_at, found.suspended_at)
        or expected.suspended_at
            and field_difference("suspension_metadata", expected.suspension_metadata, found.suspension_metadata)
        or field_difference("started_nodes", list_text(expected.started_nodes), list_text(found.started_nodes))
        or completed_difference(expected.completed_nodes, found.completed_nodes)
        or field_difference("last_completed_node", expected.last_completed_node, found.last_completed_node)
        or nil
end

view.is_same_output = is_same_output

return view

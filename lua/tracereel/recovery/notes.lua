-- What an operator should know beside a decision: where the running engine does something else than the decision's name
-- says, or nothing. What the engine does: docs/recovery.md.
local arenas = require "tracereel.log.arenas"
local decision = require "tracereel.script.decision"
local held = require "tracereel.log.held"
local node_names = require "tracereel.log.node_names"
local metadata = require "tracereel.recovery.metadata"
local units = require "tracereel.util.units"
local view = require "tracereel.recovery.view"

local notes = {}

local function list(nodes)
    return #nodes == 1 and node_names.node(nodes[1]) or "nodes " .. node_names.list(nodes)
end

-- Done nodes that the engine will run again: forgotten, or started once more where nobody is waited for.
local function done_again(before, after)
    local again = {}
    for node in pairs(before.completed_nodes) do
        again[node] = after.completed_nodes[node] == nil or nil
    end
    for _, node in ipairs(after.suspended_at and {} or after.started_nodes) do
        again[node] = (before.completed_nodes[node] or after.completed_nodes[node]) and true or again[node]
    end
    local nodes = {}
    for node in units.sorted(again) do
        nodes[#nodes + 1] = node
    end
    return nodes
end

local function note_reruns(found, before, after)
    local nodes = after.open and done_again(before, after) or {}
    if #nodes > 0 then
        local when = after.suspended_at and " once it is approved" or ""
        found[#found + 1] = ("runs again what was done: %s%s"):format(list(nodes), when)
    end
end

local no_use = {
    absent = "it has no arena (%s is not there)",
    unreadable = "its arena cannot be read (%s)",
    damaged = "its arena cannot be used (%s)",
}

local function note_arena(found, trace_id, after, directory)
    if not after.open or not directory then
        return
    end
    local header, problem, kind = arenas.header(directory, trace_id)
    if header then
        return
    end
    local why = no_use[kind]:format(kind == "absent" and arenas.path(directory, trace_id) or problem)
    found[#found + 1] = after.suspended_at
        and ("%s: the engine waits all the same, but approving will fail, and the hook is then gone"):format(why)
        or ("%s: the engine skips this trace at every start, and it stays open for ever"):format(why)
end

-- What the engine works with. started_nodes count as not done; which node was the last, it only logs.
local function has_same_effect(before, after)
    local function effect(of)
        local done = {}
        for node in pairs(of.completed_nodes) do
            done[node] = true
        end
        for _, node in ipairs(of.suspended_at and {} or of.started_nodes) do
            done[node] = nil
        end
        return done
    end
    if before.open ~= after.open or before.status ~= after.status or before.suspended_at ~= after.suspended_at
        or before.suspended_at and before.suspension_metadata ~= after.suspension_metadata then
        return false
    end
    local done_before, done_after = effect(before), effect(after)
    for node in pairs(done_before) do
        if not done_after[node]
            or not view.is_same_output(before.completed_nodes[node], after.completed_nodes[node]) then
            return false
        end
    end
    for node in pairs(done_after) do
        if not done_before[node] then
            return false
        end
    end
    return true
end

local function unchanged_words(chosen, before)
    local reason = view.held(before)
    if chosen.kind == "hold" and reason then
        return ("changes nothing: it is held already (%s)"):format(reason)
    elseif chosen.kind == "hold" then
        return "changes nothing: it waits already, and what it waits with is no JSON object, so that nothing can mark "
            .. "it as held"
    elseif chosen.kind == "release" then
        return "changes nothing: it is not held"
    end
    return "changes nothing: the trace is as this decision wants it"
end

local function note_effect(found, chosen, before, after, has_records)
    if not has_records then
        found[#found + 1] = unchanged_words(chosen, before)
    elseif after.open and has_same_effect(before, after) then
        found[#found + 1] = "changes nothing that the engine goes by: it runs what it would run without these records"
    end
end

-- What the decision's own words promise, and the engine does not keep.
local note_of_kind = {
    resume_from = function(found, chosen)
        found[#found + 1] = ("the engine only logs %s: it runs every node that is not done and whose "
            .. "predecessors are"):format(node_names.node(chosen.node))
    end,
    await = function(found, chosen, before, after)
        if metadata.has_timeout(after.suspension_metadata) then
            found[#found + 1] = "the timeout has no effect: the engine restores none when it starts, so only a person "
                .. "ends this wait"
        end
        if chosen.node ~= held.node and chosen.node ~= before.suspended_at then
            found[#found + 1] = ("approving marks %s as done, with the decision as its output: it does not run")
                :format(node_names.node(chosen.node))
        end
    end,
}

---Lines for the recovery page and a plan; none for most decisions.
---@param chosen tracereel.decision
---@param states { trace_id: string, before: table, after: table, has_records: boolean } views
---@param directory string|nil where the arenas are; nil: not known, and nothing is said of them
---@return string[]
function notes.of(chosen, states, directory)
    local found = {}
    -- What the engine does by itself is in its forecast.
    if decision.is_plain_default(chosen) then
        return found
    end
    local of_kind = note_of_kind[chosen.kind]
    if of_kind then
        of_kind(found, chosen, states.before, states.after)
    end
    note_reruns(found, states.before, states.after)
    note_effect(found, chosen, states.before, states.after, states.has_records)
    note_arena(found, states.trace_id, states.after, directory)
    return found
end

return notes

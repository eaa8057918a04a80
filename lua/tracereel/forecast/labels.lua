-- The forecast of a trace in words: what happens, and what a person can do about it. Every command has them from here.
local held = require "tracereel.log.held"
local text = require "tracereel.util.text"
local base = require "tracereel.base"
local units = require "tracereel.util.units"

local forecast_labels = {}

-- Waves that are listed one by one; a long flow has more.
local max_waves = 8
-- Likewise of the nodes of a list.
local max_nodes = 12

local function label(situation, node)
    local known = situation.flow and situation.flow.nodes[node]
    return known and known.name and ("%d (%s)"):format(node, text.clean(known.name)) or ("%d"):format(node)
end

local function join(words, last)
    if #words < 2 then
        return words[1] or ""
    end
    return table.concat(words, ", ", 1, #words - 1) .. " " .. last .. " " .. words[#words]
end

local function labels(situation, nodes, last)
    local words = {}
    local shown = #nodes <= max_nodes and #nodes or max_nodes - 1
    for index = 1, shown do
        words[index] = label(situation, nodes[index])
    end
    if shown < #nodes then
        words[#words + 1] = ("%d more"):format(#nodes - shown)
    end
    return join(words, last or "and")
end

-- The same with "node" or "nodes" before it.
local function named(situation, nodes, last)
    return (#nodes == 1 and "node " or "nodes ") .. labels(situation, nodes, last)
end

local function plain(nodes)
    local words = {}
    for index, node in ipairs(nodes) do
        words[index] = ("%d"):format(node)
    end
    return table.concat(words, ", ")
end

local engine_labels = {
    await_resume = function(rule)
        return rule.node == held.node and "await_resume" or ("await_resume %d"):format(rule.node)
    end,
    retry_nodes = function(rule)
        return "retry_nodes " .. plain(rule.nodes)
    end,
    resume_from = function(rule)
        return ("resume_from %d"):format(rule.node)
    end,
}

---What the engine itself calls what it does: "retry_nodes 3, 5".
---@param rule tracereel.recovery
function forecast_labels.rule(rule)
    return engine_labels[rule.action](rule)
end

-- ---- what a person is asked for ----

local function member(decoded, key)
    local value = type(decoded) == "table" and decoded[key]
    if value ~= nil and value ~= false and value ~= base.null then
        return value
    end
end

-- The hook that a person answers; where the log has none, the engine makes one of the trace's id.
local function hook(trace)
    local named_hook = member(trace.suspension and trace.suspension.decoded, "hook_id")
    return type(named_hook) == "string" and text.clean(named_hook) or "recovered_" .. trace.id
end

-- To the second: the timeline has the rest. Unknown if only a snapshot has the suspension.
local function since(trace)
    local since_ns = trace.suspension and trace.suspension.since_ns or 0
    return since_ns ~= 0 and (" since %sZ"):format(base.time(since_ns):sub(1, 19)) or ""
end

local function timeout(trace)
    local decoded = trace.suspension and trace.suspension.decoded
    local seconds = member(decoded, "timeout_secs")
    if math.type(seconds) ~= "integer" or seconds < 0 or seconds > math.maxinteger // 1000000000 then
        return "no timeout"
    end
    return ("its timeout of %s is not restored"):format(units.duration(seconds * 1000000000))
end

-- ---- what is lost ----

-- By number: "was", "were".
local function agree(nodes, one, many)
    return #nodes == 1 and one or many
end

-- The outputs that some node will read and not find.
local function outputs_lost(situation)
    local lost = {}
    for _, outputs in pairs(situation.lost_inputs) do
        for _, node in ipairs(outputs) do
            lost[node] = true
        end
    end
    return units.keys(lost)
end

local function outputs_lie(situation, outputs)
    local place = situation.foreign and "in another arena" or ("after the arena's write position (%s)"):format(
        base.unsigned(situation.header.write_position_bytes))
    return ("the %s of %s %s %s"):format(agree(outputs, "output", "outputs"), named(situation, outputs),
        agree(outputs, "lies", "lie"), place)
end

local function lost_inputs(situation, add)
    if not situation.after or #situation.after == 0 then
        return
    elseif not situation.run then
        add(("%s: what reads %s runs WITHOUT INPUTS"):format(outputs_lie(situation, situation.after),
            agree(situation.after, "it", "them")))
        return
    end
    local readers = units.keys(situation.lost_inputs or {})
    if #readers > 0 then
        add(("%s WITHOUT INPUTS: %s"):format(named(situation, readers),
            outputs_lie(situation, outputs_lost(situation))))
    end
end

local function overwritten(situation, add)
    local nodes_by = {}
    for _, one in ipairs(situation.overlaps) do
        nodes_by[one.by] = nodes_by[one.by] or {}
        table.insert(nodes_by[one.by], one.node)
    end
    for by, under in units.sorted(nodes_by) do
        add(("the %s of %s %s OVERWRITTEN by that of %s"):format(agree(under, "output", "outputs"),
            named(situation, under), agree(under, "was", "were"), label(situation, by)))
    end
    local readers = units.keys(situation.spoiled_inputs or {})
    if #readers > 0 then
        add(("%s %s what was written over"):format(named(situation, readers), agree(readers, "reads", "read")))
    end
end

local function lost_branches(situation, add)
    for _, node in ipairs(situation.knows_ports and situation.without_branch or {}) do
        local targets = situation.branch_targets[node]
        add(("WITHOUT A BRANCH of %s: %s"):format(named(situation, { node }), #targets == 1
            and ("%s never runs"):format(label(situation, targets[1]))
            or ("none of %s ever runs"):format(labels(situation, targets))))
    end
    if situation.knows_ports and #situation.lost_nodes > 0 then
        add(("%s never %s, although another node on the same port has begun"):format(
            named(situation, situation.lost_nodes), agree(situation.lost_nodes, "runs", "run")))
    end
end

local function refusal(situation)
    return situation.is_absent and "it has no arena" or text.clean(situation.refused)
end

local function arena_problems(situation, add)
    if situation.is_full then
        add(("the arena's write position (%s) lies beyond its end (%s): what runs cannot write its output, and fails")
            :format(base.unsigned(situation.header.write_position_bytes), situation.header.file_bytes))
    end
    if situation.foreign then
        add("the engine takes it for this trace's: " .. text.clean(situation.foreign))
    end
    if situation.unreadable then
        add("the arena cannot be looked at: " .. text.clean(situation.unreadable))
    end
    if situation.strange_nodes and #situation.strange_nodes > 0 then
        add(("%s %s done, and the flow does not have %s: is it this log's flow?"):format(
            named(situation, situation.strange_nodes), agree(situation.strange_nodes, "is", "are"),
            agree(situation.strange_nodes, "it", "them")))
    end
end

-- ---- what happens ----

local function wave_words(situation)
    local waves = situation.run.waves
    local words, count = {}, 0
    for index, wave in ipairs(waves) do
        if index < max_waves or index == #waves then
            words[#words + 1] = labels(situation, wave)
        elseif index == max_waves then
            words[#words + 1] = "..."
        end
        count = count + #wave
    end
    local told = table.concat(words, ", then ")
    return #waves > max_waves and ("%s (%d nodes in all)"):format(told, count) or told
end

local closed_label = "is closed as complete"

-- How a run ends: "waits at node 4".
local function end_words(situation)
    local run = situation.run
    if #run.waits_at > 0 then
        local again = {}
        for _, node in ipairs(run.waits_at) do
            again[#again + 1] = situation.answered[node] and node or nil
        end
        local which = #run.waits_at > 1 and ", whichever is first" or ""
        if #again == 0 then
            return ("waits at %s%s"):format(named(situation, run.waits_at, "or"), which)
        end
        return ("ASKS AGAIN at %s%s: answered before, which the log does not keep"):format(
            named(situation, run.waits_at, "or"), which)
    elseif #run.routing > 0 then
        return ("goes on with what %s %s"):format(named(situation, run.routing),
            agree(run.routing, "chooses", "choose"))
    elseif not situation.knows_ports then
        return "ends, or waits, or routes: the flow has no types"
    end
    return closed_label
end

-- Without a flow: what is known all the same.
local function run_words_without_flow(situation)
    local parts = {}
    if situation.rule.action == "retry_nodes" then
        local again = {}
        for _, node in ipairs(situation.rule.nodes) do
            again[node] = true
        end
        parts[1] = ("runs %s again, from the beginning of the node"):format(named(situation, units.keys(again)))
    end
    local answered = units.keys(situation.answered or {})
    if #answered > 0 then
        parts[#parts + 1] = ("ASKS AGAIN at %s: answered before, which the log does not keep"):format(
            named(situation, answered))
    end
    if #parts == 0 then
        parts[1] = situation.trace.last_completed_node == nil and "runs from the beginning: no node is done"
            or "runs what comes after " .. named(situation, units.keys(situation.done or {}))
    end
    return table.concat(parts, "; ")
end

local function run_words(situation)
    if not situation.run then
        return run_words_without_flow(situation)
    end
    local ends = end_words(situation)
    if #situation.run.waves > 0 then
        return ("runs %s, then %s"):format(wave_words(situation), ends)
    end
    return ends == closed_label and closed_label .. ": nothing is left that can run" or ends
end

local function wait_words(situation, add)
    local trace = situation.trace
    if situation.held then
        add(("held: %s; hook %s"):format(text.clean(situation.held), hook(trace)))
    else
        add(("waits at %s%s for hook %s; %s"):format(named(situation, { trace.suspended_at }), since(trace),
            hook(trace), timeout(trace)))
    end
    if situation.refused then
        add(("its approval will FAIL: %s"):format(refusal(situation)))
        return
    end
    if situation.run and situation.knows_ports and (#situation.run.waves > 0 or #situation.run.waits_at > 0) then
        add("approved, it " .. run_words(situation))
    end
end

---One sentence: what happens, what is lost, and the engine's own word for it.
---@param situation table of forecast.of
---@return string
function forecast_labels.reason(situation)
    local parts = {}
    local function add(words)
        parts[#parts + 1] = words
    end
    if situation.outcome == "waits" then
        wait_words(situation, add)
    elseif situation.outcome == "skipped" then
        add((situation.is_short and "the engine PANICS at its start: " or "SKIPPED at every start, for ever: ")
            .. refusal(situation))
    else
        add(run_words(situation))
    end
    if not situation.refused then
        lost_branches(situation, add)
        lost_inputs(situation, add)
    end
    overwritten(situation, add)
    arena_problems(situation, add)
    return ("%s (%s)"):format(table.concat(parts, "; "), forecast_labels.rule(situation.rule))
end

return forecast_labels

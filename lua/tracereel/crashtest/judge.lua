-- What can be said of a decision in a state without looking at the rest of the log: does it compile and prove, and what
-- does it let run again? Said once for each shape of state and decision.
local decision = require "tracereel.script.decision"
local failure = require "tracereel.util.failure"
local forecast = require "tracereel.forecast"
local answer = require "tracereel.recovery.answer"
local tables = require "tracereel.util.tables"
local view = require "tracereel.recovery.view"

local contains = tables.contains

local judge = {}

local is_said_by_kind = { default = true, fail = true, complete = true, hold = true, restart = true }

local function output_key(trace, skipped)
    return view.is_same_output(trace.completed_nodes[skipped.node], skipped.output) and "same" or "other"
end

---What makes two decisions the same but for ids, times, texts and outputs.
---@param chosen tracereel.decision
---@param trace tracereel.trace
---@return string
function judge.key(chosen, trace)
    local kind = chosen.kind
    if is_said_by_kind[kind] and #chosen.skipped == 0 and #chosen.forgotten == 0 then
        return kind
    end
    local parts = { decision.describe(chosen) }
    for _, skipped in ipairs(chosen.skipped) do
        parts[#parts + 1] = output_key(trace, skipped)
    end
    local names = {}
    for name in pairs(chosen.options or {}) do
        names[#names + 1] = name
    end
    table.sort(names)
    return table.concat(parts, " ") .. " " .. table.concat(names, " ")
end

-- Nodes that were done, and that the decision runs again. One that was running as well is no matter of the decision,
-- and running a routing node again is what brings a branch back that would be lost.
local function add_reruns(problems, trace, before, wanted)
    local again, cured = {}, nil
    local is_wanted, was_started = tables.set(wanted.started_nodes), tables.set(before.started_nodes)
    for _, node in ipairs(before.completion_order) do
        local is_begun = is_wanted[node] and not was_started[node]
        if wanted.open and (is_begun or not wanted.completed_nodes[node]) then
            cured = cured or forecast.of(trace).ends_without_branch or {}
            again[#again + 1] = not contains(cured, node) and ("%d"):format(node) or nil
        end
    end
    if #again > 0 then
        problems[#problems + 1] = { check = "done is not run again",
            reason = "done, and would run again: node " .. table.concat(again, ", ") }
    end
end

-- Does the engine come to the node from this state, without a person's doing?
local function may_run(wanted, node)
    return wanted.open and not wanted.suspended_at
        and (contains(wanted.started_nodes, node) or not wanted.completed_nodes[node])
end

function judge.once_check(node)
    return ("node %d runs once"):format(node)
end

local function add_once(judged, trace, before, wanted, once_nodes)
    for _, node in ipairs(once_nodes) do
        if may_run(wanted, node) then
            local known = trace:node(node)
            if known and known.start_ns or contains(before.started_nodes, node) then
                judged.problems[#judged.problems + 1] = { check = judge.once_check(node),
                    reason = ("node %d has run, and would run again"):format(node) }
            else
                judged.open_once[#judged.open_once + 1] = node
            end
        end
    end
end

---What `--once` says where the engine decides, without a view of the whole trace.
---@param trace tracereel.trace open
---@param once_nodes integer[]
---@return table judged as judge.examine gives it
function judge.engine_once(trace, once_nodes)
    local judged = { problems = {}, open_once = {} }
    local wanted = { open = trace.open, suspended_at = trace.suspended_at, started_nodes = {}, completed_nodes = {} }
    for _, number in ipairs(once_nodes) do
        local node = trace:node(number)
        wanted.completed_nodes[number] = node and node.completed or nil
        wanted.started_nodes[#wanted.started_nodes + 1] = node and node.started and number or nil
    end
    add_once(judged, trace, wanted, wanted, once_nodes)
    return judged
end

-- What the records are, but for ids, times and texts.
local function plan_key(records)
    local parts = {}
    for index, rec in ipairs(records) do
        parts[index] = ("%s %d"):format(rec.type, rec.node_id)
    end
    return #parts > 0 and table.concat(parts, ", ") or "nothing to write"
end

---@param trace tracereel.trace open
---@param chosen tracereel.decision
---@param options { once: integer[], allow_rerun: boolean, timestamp_ns: integer }
---@return table judged { problems = { { check, reason } }, open_once = nodes that must not have run unseen,
---  plan_key = what would be written, nil where nothing can be }
function judge.examine(trace, chosen, options)
    local judged = { problems = {}, open_once = {} }
    local problems = judged.problems
    local called, records, wanted = pcall(answer.compile, trace, chosen, { timestamp_ns = options.timestamp_ns })
    if not called then
        if not failure.is(records) or records.kind ~= "refused" then
            error(records, 0)
        end
        problems[1] = { check = "plan proves", reason = records.message }
        return judged
    elseif not records then
        problems[1] = { check = "plan compiles", reason = wanted }
        return judged
    end
    local before = view.of(trace)
    if not options.allow_rerun then
        add_reruns(problems, trace, before, wanted)
    end
    add_once(judged, trace, before, wanted, options.once)
    judged.plan_key = plan_key(records)
    return judged
end

return judge

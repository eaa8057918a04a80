-- The records that bring the traces of an applied plan back to their state before it.
local compiler = require "tracereel.recovery.compiler"
local proof = require "tracereel.recovery.proof"
local view = require "tracereel.recovery.view"

local undo = {}

-- Is it the plan's record, apart from the provenance that was added when it was written?
local function is_same_record(planned, found, plan_id)
    if planned.type == "trace_suspended" then
        return planned == found
    end
    local is_signed = planned.metadata and planned.metadata:find(plan_id, 1, true)
    return planned:copy { metadata = false } == found:copy { metadata = false }
        and (not is_signed or (found.metadata or ""):find(plan_id, 1, true) ~= nil)
end

-- For each trace that the plan changes: its handle, how many of the plan's records it has seen in a row, and how many
-- records came after them.
local function follow(plan, log)
    local followed, ids = {}, {}
    for _, one in ipairs(plan.traces) do
        if #one.records > 0 then
            followed[one.entry.trace_id] = { planned = one.records, matched = 0, later_count = 0 }
            ids[#ids + 1] = one.entry.trace_id
        end
    end
    local function note(rec, trace)
        local known = followed[rec.trace_id]
        if known.matched == #known.planned then
            known.later_count = known.later_count + 1
        elseif is_same_record(known.planned[known.matched + 1], rec, plan.id) then
            known.matched = known.matched + 1
        else
            known.matched = is_same_record(known.planned[1], rec, plan.id) and 1 or 0
        end
        known.trace = trace or known.trace
    end
    log:replay(#ids > 0 and { record = note, traces = ids } or {})
    return followed
end

local function refusal(one, known)
    if known.matched < #known.planned then
        return "the plan's records are not in this log: it was not applied here"
    elseif known.later_count > 0 then
        return ("it has moved on: %d more record%s came after the plan's"):format(known.later_count,
            known.later_count == 1 and "" or "s")
    end
    local difference = view.difference(one.after, view.of(known.trace))
    return difference and "its state is not the one that the plan led to: " .. difference
end

local function compile_one(one, known, context)
    local records, problem = compiler.compile(view.of(known.trace), one.before, {
        trace_id = one.entry.trace_id,
        timestamp_ns = context.timestamp_ns,
        provenance = context.provenance,
        is_undo = true,
        decision = { kind = "default" },
    })
    if not records then
        return nil, problem
    end
    local _, difference = proof.prove(known.trace, records, one.before)
    if difference then
        return nil, "the records do not lead back to the state before: " .. difference
    end
    return records
end

---@param plan table from plan.read
---@param log tracereel.log not read yet; it is read to its end
---@param provenance table
---@return table[] undone { trace_id, records }, in the plan's order, each proven
---@return table[] refused { trace_id, reason }
function undo.compile(plan, log, provenance)
    local followed = follow(plan, log)
    local now_ns = log:stats().now_ns
    local context = { timestamp_ns = now_ns == -1 and now_ns or now_ns + 1, provenance = provenance }
    local undone, refused = {}, {}
    for _, one in ipairs(plan.traces) do
        local known = followed[one.entry.trace_id]
        if known then
            local records
            local problem = refusal(one, known)
            if not problem then
                records, problem = compile_one(one, known, context)
            end
            if problem then
                refused[#refused + 1] = { trace_id = one.entry.trace_id, reason = problem }
            else
                undone[#undone + 1] = { trace_id = one.entry.trace_id, records = records }
            end
        end
    end
    return undone, refused
end

return undo

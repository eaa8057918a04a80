-- Which crash points of a long trace are looked at as a whole. To examine a decision and to try it out take time in
-- proportion to the trace, so that all of them would take the square of it: docs/crashtest.md.
local steps = {}

---A trace with more records is long.
steps.max_records = 1000

---@param trace tracereel.trace
function steps.is_long(trace)
    return trace.record_count > steps.max_records
end

local function next_step(of_trace, key)
    local step = of_trace[key] or { count = 0, next_count = 1 }
    of_trace[key] = step
    step.count = step.count + 1
    return step
end

---Every time in a short trace. In a long one the 1st, 2nd, 4th, 8th ... time that one of that kind is new after a
---record of that type.
---@param by_trace table<tracereel.trace, table> how often it was asked; drop those of a trace that is closed
---@param rec tracereel.rec the latest of the trace
---@param trace tracereel.trace
---@param chosen tracereel.decision
function steps.is_due(by_trace, rec, trace, chosen)
    if not steps.is_long(trace) then
        return true
    end
    by_trace[trace] = by_trace[trace] or {}
    local step = next_step(by_trace[trace], rec.type .. " " .. chosen.kind)
    local is_due = step.count == step.next_count
    step.next_count = is_due and step.count * 2 or step.next_count
    return is_due
end

return steps

-- Which of the open traces a plan is about: those that were asked for, and of those that would change as many as a
-- batch takes. All others are left out, and stay as they are.
local tables = require "tracereel.util.tables"

local selection = {}

---What a plan says of it; nil where it is about all open traces.
---@param options { traces: string[]|nil, limit: integer|nil } whole ids
---@return { traces: string[]|nil, limit: integer|nil }|nil
function selection.of(options)
    if not options.traces and not options.limit then
        return nil
    end
    local ids = options.traces and table.move(options.traces, 1, #options.traces, 1, {}) or nil
    if ids then
        table.sort(ids)
    end
    return { traces = ids, limit = options.limit }
end

---The traces that are asked for, and the ids of the others, both in the order of the traces.
---@param self table|nil from selection.of
---@param traces tracereel.trace[]
---@return tracereel.trace[] asked_for
---@return string[] left_out
function selection.split(self, traces)
    if not self or not self.traces then
        return traces, {}
    end
    local is_meant, asked_for, left_out = tables.set(self.traces), {}, {}
    for _, trace in ipairs(traces) do
        if is_meant[trace.id] then
            asked_for[#asked_for + 1] = trace
        else
            left_out[#left_out + 1] = trace.id
        end
    end
    return asked_for, left_out
end

-- Oldest first; a trace whose start is not known is older than any other.
local function is_older(a, b)
    if a.trace.start_ns ~= b.trace.start_ns then
        return math.ult(a.trace.start_ns, b.trace.start_ns)
    end
    return a.trace.id < b.trace.id
end

---Those of a plan's traces that stay in it: all that do not change, and the oldest that do, up to the limit. The ids of
---the others are added to `left_out`, which is sorted.
---@param self table|nil
---@param planned table[] { trace, records }
---@param left_out string[]
---@return table[] kept in the order of `planned`
function selection.batch(self, planned, left_out)
    local changed, is_over = {}, {}
    for _, one in ipairs(planned) do
        changed[#changed + 1] = #one.records > 0 and one or nil
    end
    table.sort(changed, is_older)
    for index = (self and self.limit or #changed) + 1, #changed do
        is_over[changed[index]] = true
    end
    local kept = {}
    for _, one in ipairs(planned) do
        if is_over[one] then
            left_out[#left_out + 1] = one.trace.id
        else
            kept[#kept + 1] = one
        end
    end
    table.sort(left_out)
    return kept
end

return selection

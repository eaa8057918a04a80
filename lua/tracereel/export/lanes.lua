-- Lanes for spans: spans on one lane never overlap, and there are no more lanes than spans at one time.
local heap = require "tracereel.util.heap"

local lanes = {}

local function ends_before(a, b)
    return math.ult(a.end_ns, b.end_ns)
end

local function is_lower(a, b)
    return a < b
end

---Gives each span its `lane`, from 1: the lowest that is free when it begins.
---@param spans tracereel.export.span[] are put in order of their starts
---@return integer how many lanes there are
function lanes.assign(spans)
    local order = {}
    for index, span in ipairs(spans) do
        order[span] = index
    end
    table.sort(spans, function(a, b)
        if a.start_ns ~= b.start_ns then
            return math.ult(a.start_ns, b.start_ns)
        elseif a.end_ns ~= b.end_ns then
            return math.ult(a.end_ns, b.end_ns)
        end
        return order[a] < order[b]
    end)
    local lasting, free, count = {}, {}, 0
    for _, span in ipairs(spans) do
        while lasting[1] and not math.ult(span.start_ns, lasting[1].end_ns) do
            heap.push(free, heap.pop(lasting, ends_before).lane, is_lower)
        end
        if #free == 0 then
            count = count + 1
        end
        span.lane = heap.pop(free, is_lower) or count
        heap.push(lasting, span, ends_before)
    end
    return count
end

return lanes

-- Lanes for spans: spans on one lane never overlap, and there are no more lanes than spans at one time.
local lanes = {}

---Gives each span its `lane`, from 1.
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
    local lane_ends = {}
    for _, span in ipairs(spans) do
        local lane = 1
        while lane_ends[lane] and math.ult(span.start_ns, lane_ends[lane]) do
            lane = lane + 1
        end
        span.lane, lane_ends[lane] = lane, span.end_ns
    end
    return #lane_ends
end

return lanes

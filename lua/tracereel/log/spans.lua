-- Stretches of bytes, from `start` up to and without `finish`, both unsigned 64 bits: which of them overlap others.
local heap = require "tracereel.util.heap"

local spans = {}

---Where a stretch ends; the largest number there is where that is beyond it.
---@param start integer unsigned
---@param length integer not negative
---@return integer unsigned
function spans.finish(start, length)
    local finish = start + length
    return math.ult(finish, start) and -1 or finish
end

---Have two stretches a byte in common?
function spans.overlap(start, finish, other_start, other_finish)
    return math.ult(start, other_finish) and math.ult(other_start, finish) and math.ult(start, finish)
        and math.ult(other_start, other_finish)
end

local function is_above(a, b)
    return a.rank > b.rank
end

---Which stretches are overlapped by one with a higher rank. Takes n log n steps at most, however many overlap.
---@param list { start: integer, finish: integer, rank: integer }[] ranks are distinct; the list is sorted
---@return { under: table, over: table }[] each stretch that is covered, once; `over` is one of those over it
function spans.covered(list)
    table.sort(list, function(a, b)
        if a.start ~= b.start then
            return math.ult(a.start, b.start)
        end
        return a.rank < b.rank
    end)
    local covered, begun, is_covered = {}, {}, {}
    local function note(under, over)
        if not is_covered[under] then
            is_covered[under] = true
            covered[#covered + 1] = { under = under, over = over }
        end
    end
    -- Of those that have begun and not ended, all but the highest are known to be covered.
    for _, span in ipairs(list) do
        while begun[1] and not math.ult(span.start, begun[1].finish) do
            heap.pop(begun, is_above)
        end
        local highest = begun[1]
        if math.ult(span.start, span.finish) then
            if highest and is_above(highest, span) then
                note(span, highest)
            elseif highest then
                note(highest, span)
            end
            heap.push(begun, span, is_above)
        end
    end
    return covered
end

return spans

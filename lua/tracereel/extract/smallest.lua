-- Delta debugging: which part of a list is enough (Zeller and Hildebrandt, 2002).
local smallest = {}

-- All items but those from one place to another.
local function without(items, from, to)
    local rest = table.move(items, 1, from - 1, 1, {})
    return table.move(items, to + 1, #items, from, rest)
end

-- The list without the first of `count` parts that can be left out; nil where each is needed.
local function smaller(items, count, is_enough)
    for part = 1, count do
        local from, to = (part - 1) * #items // count + 1, part * #items // count
        local rest = without(items, from, to)
        if from <= to and is_enough(rest) then
            return rest
        end
    end
end

---A part of a list that is enough, and of which no item can be left out.
---@generic T
---@param items T[] which are enough
---@param is_enough fun(items: T[]): boolean
---@return T[]
function smallest.part(items, is_enough)
    local count = 2
    while #items >= 1 do
        count = math.min(count, #items)
        local rest = smaller(items, count, is_enough)
        if rest then
            items, count = rest, math.max(count - 1, 2)
        elseif count == #items then
            break
        else
            count = count * 2
        end
    end
    return items
end

return smallest

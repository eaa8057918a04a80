-- What is shown sorted: all of it, or the first N, which is all that is kept then. What is equal stays in the order in
-- which it came; what lacks the field comes last.
local heap = require "tracereel.util.heap"

local ranking = {}

---@class tracereel.where_ranking
local Ranking = {}
Ranking.__index = Ranking

-- Kinds of values, in their order.
local rank_of_type = { number = 1, string = 2, boolean = 3 }

-- Is a's key before b's? nil where they are equal.
local function key_order(order)
    local is_unsigned, is_ascending = order.is_unsigned, order.is_ascending
    return function(a, b)
        local kind_a, kind_b = rank_of_type[type(a)] or 4, rank_of_type[type(b)] or 4
        if kind_a ~= kind_b then
            return kind_a < kind_b
        elseif kind_a == 4 or a == b then
            return nil
        end
        local goes_up = is_ascending
        if goes_up == nil then
            goes_up = kind_a == 2
        end
        if not goes_up then
            a, b = b, a
        end
        if kind_a == 3 then
            return not a
        elseif is_unsigned then
            return math.ult(a, b)
        end
        return a < b
    end
end

---@param order tracereel.where_order|nil nil: as they come
---@param top integer|nil
---@return tracereel.where_ranking
function ranking.new(order, top)
    local is_key_before = order and key_order(order)
    local function is_before(a, b)
        local before = is_key_before and is_key_before(a.key, b.key)
        if before == nil or not is_key_before then
            return a.number < b.number
        end
        return before
    end
    return setmetatable({ order = order, top = top, items = {}, number = 0, is_before = is_before,
        is_after = function(a, b)
            return is_before(b, a)
        end }, Ranking)
end

---Adds one, which `make` gives where it is among the first so far.
---@param make fun(...): any
---@param subject table whose field it is sorted by
---@param trace? table
function Ranking:add(make, subject, trace)
    self.number = self.number + 1
    local item = { key = self.order and self.order.key(subject, trace), number = self.number }
    local items = self.items
    if not self.top then
        item.value = make()
        items[#items + 1] = item
        return
    elseif #items >= self.top then
        if not self.is_before(item, items[1]) then
            return
        end
        heap.pop(items, self.is_after)
    end
    item.value = make()
    heap.push(items, item, self.is_after)
end

---How many were added.
---@return integer
function Ranking:count()
    return self.number
end

---What was added, in its order.
---@return any[]
function Ranking:sorted()
    table.sort(self.items, self.is_before)
    local list = {}
    for index, item in ipairs(self.items) do
        list[index] = item.value
    end
    return list
end

return ranking

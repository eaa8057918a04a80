-- What traces that are still open say of how long traces take: that it is longer than they have lasted. Each closed
-- trace gets the weight that it has in Kaplan and Meier's estimate: its own, and its part of those of all that were
-- still open when they had lasted less (the weight of an open trace goes to all that lasted longer, in equal parts:
-- Efron's redistribution to the right, which is the same as weighting each closed trace with the inverse of the
-- probability that it is not still open). What lasted longer than any closed trace keeps its weight: no closed trace
-- can stand for it.
local survival = {}

local Survival = {}
Survival.__index = Survival

-- The traces in the order of how long they lasted; of those that lasted equally long, the closed ones first.
local function order_of(durations, are_closed)
    local order = {}
    for index = 1, #durations do
        order[index] = index
    end
    table.sort(order, function(a, b)
        if durations[a] ~= durations[b] then
            return durations[a] < durations[b]
        end
        return are_closed[a] and not are_closed[b]
    end)
    return order
end

-- The weights of all that lasted as long as the one at `first`: of the closed ones, and of all; and who is the last.
local function of_same_duration(self, counts, first)
    local order, closed, all, last = self.order, 0, 0, first
    local duration = self.durations[order[first]]
    while order[last + 1] and self.durations[order[last + 1]] == duration do
        last = last + 1
    end
    for place = first, last do
        local index = order[place]
        all = all + counts[index]
        closed = closed + (self.are_closed[index] and counts[index] or 0)
    end
    return closed, all, last
end

-- Weights in the order of durations, and what is left for the open traces that lasted longer than all closed ones.
local function weigh(self, counts, total)
    local order, weights = self.order, {}
    local left, at_risk, place, last_closed = 1.0, total, 1, 0
    while place <= #order do
        local closed, all, last = of_same_duration(self, counts, place)
        for at = place, last do
            local is_closed = self.are_closed[order[at]]
            weights[at] = is_closed and closed > 0 and left * counts[order[at]] / at_risk or 0.0
            last_closed = is_closed and closed > 0 and at or last_closed
        end
        left = closed == at_risk and 0.0 or left * (1.0 - (at_risk > 0 and closed / at_risk or 0.0))
        at_risk, place = at_risk - all, last + 1
    end
    return weights, left, last_closed
end

local function ones(count)
    local list = {}
    for index = 1, count do
        list[index] = 1
    end
    return list
end

---@param durations number[] how long each trace lasted, or has lasted so far
---@param are_closed boolean[] false: still open
---@param counts? integer[] how often each of them counts; once where not given
function survival.new(durations, are_closed, counts)
    local self = setmetatable({ durations = durations, are_closed = are_closed }, Survival)
    self.order = order_of(durations, are_closed)
    counts = counts or ones(#durations)
    local total = 0
    for index = 1, #durations do
        total = total + counts[index]
    end
    local weights, left, last_closed = weigh(self, counts, total)
    local tail = 0
    for place = last_closed + 1, #self.order do
        tail = tail + counts[self.order[place]]
    end
    self.open_weight = tail > 0 and left or 0.0
    self.open_count = #self.order - last_closed
    self.cumulative = {}
    local sum = 0.0
    for place, index in ipairs(self.order) do
        sum = sum + (place > last_closed and tail > 0 and left * counts[index] / tail or weights[place])
        self.cumulative[place] = sum
    end
    return self
end

---The weight of each trace, in the order in which they were given; their sum is 1.
---@return number[]
function Survival:weights()
    local weights = {}
    for place, index in ipairs(self.order) do
        weights[index] = self.cumulative[place] - (self.cumulative[place - 1] or 0.0)
    end
    return weights
end

-- The first place whose cumulative weight is above that.
local function place_above(cumulative, weight)
    local low, high = 1, #cumulative
    while low < high do
        local middle = (low + high) // 2
        if cumulative[middle] > weight then
            high = middle
        else
            low = middle + 1
        end
    end
    return low
end

---Draws a trace by its weight.
---@param chance number from 0 to below 1
---@return integer index
function Survival:draw(chance)
    return self.order[place_above(self.cumulative, chance * self.cumulative[#self.cumulative])]
end

---Draws several, so that each is there as often as its weight says, to within one, in a random order: what is predicted
---of them all scatters less than where each is drawn by itself.
---@param count integer
---@param draw fun(limit: integer|nil): number as math.random
---@return integer[]
function Survival:spread(count, draw)
    local first, drawn = draw(), {}
    for number = 1, count do
        drawn[number] = self:draw((number - 1 + first) / count)
    end
    for number = count, 2, -1 do
        local other = draw(number)
        drawn[number], drawn[other] = drawn[other], drawn[number]
    end
    return drawn
end

---Draws one of the traces that lasted longer than that; nil where none did that has a weight.
---@param duration number
---@param chance number from 0 to below 1
---@return integer|nil index
function Survival:draw_longer(duration, chance)
    local order, low, high = self.order, 1, #self.order + 1
    while low < high do
        local middle = (low + high) // 2
        if self.durations[order[middle]] > duration then
            high = middle
        else
            low = middle + 1
        end
    end
    local before = self.cumulative[low - 1] or 0.0
    local rest = (self.cumulative[#order] or 0.0) - before
    if rest <= 0 then
        return nil
    end
    return order[math.max(low, place_above(self.cumulative, before + chance * rest))]
end

return survival

-- How far a trace's makespan depends on those of the traces before it: what a resample of the log must keep together.
local dependence = {}

-- Correlations are looked for among so many traces; what a longer log needs follows from that.
local max_traces = 20000

-- The place of each value among all, from the middle: of equal values the mean of their places.
local function ranks(values)
    local order, ranked = {}, {}
    for index = 1, #values do
        order[index] = index
    end
    table.sort(order, function(a, b)
        return values[a] < values[b] or values[a] == values[b] and a < b
    end)
    local first = 1
    while first <= #order do
        local last = first
        while last < #order and values[order[last + 1]] == values[order[first]] do
            last = last + 1
        end
        for place = first, last do
            ranked[order[place]] = (first + last - #order - 1) / 2
        end
        first = last + 1
    end
    return ranked
end

-- A function of a lag: the correlation of values with those so many places later. 0 where all are equal.
local function correlation_of(values)
    local known, squares = {}, 0.0
    for _, value in ipairs(values) do
        squares = squares + value * value
    end
    return function(lag)
        if not known[lag] then
            local sum = 0.0
            for index = 1, #values - lag do
                sum = sum + values[index] * values[index + lag]
            end
            known[lag] = squares > 0 and sum / squares or 0.0
        end
        return known[lag]
    end
end

-- The lag after which several in a row are not significant; at most `max_lag`.
local function last_significant_lag(correlation, count, max_lag)
    local in_a_row = math.max(5, math.ceil(math.sqrt(math.log(count, 10))))
    local threshold = 2 * math.sqrt(math.log(count, 10) / count)
    local last = 0
    for lag = 1, max_lag do
        if math.abs(correlation(lag)) >= threshold then
            last = lag
        elseif lag - last >= in_a_row then
            break
        end
    end
    return last
end

---How many values that follow each other belong into one block of a block bootstrap: 1 where they do not depend on each
---other. The rule of Politis and White (2004, circular blocks), with correlations of ranks, which a few very long
---makespans do not decide.
---@param values number[] in the order of arrival
---@return integer
function dependence.block(values)
    local count = math.min(#values, max_traces)
    if count < 2 then
        return 1
    end
    local correlation = correlation_of(ranks(table.move(values, 1, count, 1, {})))
    local max_lag = math.min(count - 1, math.ceil(math.sqrt(count)) + 5)
    local last = last_significant_lag(correlation, count, max_lag)
    if last == 0 then
        return 1
    end
    local window, weighted, sum = math.min(2 * last, max_lag), 0.0, 1.0
    for lag = 1, window do
        local weight = math.min(1, 2 * (1 - lag / window))
        weighted = weighted + 2 * weight * lag * correlation(lag)
        sum = sum + 2 * weight * correlation(lag)
    end
    local total = #values
    local length = (2 * weighted ^ 2 / (4 / 3 * sum ^ 2) * total) ^ (1 / 3)
    local longest = math.min(3 * math.sqrt(total), total / 3)
    if length ~= length or length > longest then
        length = longest
    end
    return math.max(1, math.ceil(length))
end

return dependence

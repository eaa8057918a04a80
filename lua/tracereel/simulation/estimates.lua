-- What the mean of a few runs says about the mean of all (Student's t interval), and what resamples of a log say about
-- other logs.
local estimates = {}

-- Two-sided 95 % quantiles of Student's t for 1 to 30 degrees of freedom; beyond, that of 30, which is a little wider
-- than needed.
local quantiles = {
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
}

local function quantile_of(count)
    return quantiles[math.min(count - 1, #quantiles)]
end

---The mean of the values, and half the width of the 95 % interval around it (0 for a single one).
---@param values number[]
---@return number mean
---@return number half_width
function estimates.mean(values)
    local count, first, sum = #values, values[1], 0.0
    for _, value in ipairs(values) do
        sum = sum + (value - first) -- so that equal values have exactly that mean, and no width
    end
    local mean = first + sum / count
    if count < 2 then
        return mean, 0.0
    end
    local squares = 0.0
    for _, value in ipairs(values) do
        squares = squares + (value - mean) * (value - mean)
    end
    return mean, quantile_of(count) * math.sqrt(squares / (count - 1) / count)
end

---Where 95 % of what other logs give lies: within Student's t times the standard deviation of the resamples around
---what the log itself gave, or between the resamples' own 2.5 and 97.5 % quantiles; whatever is farther away. The first
---is right where resamples are few, the second where a percentile jumps between two humps. What is never negative
---cannot lie as far below as it can above: it is divided by what it would be multiplied with.
---@param center number what the log itself gave
---@param values number[] what its resamples gave: at least 2
---@return number low
---@return number high
function estimates.range(center, values)
    local count, mean = #values, estimates.mean(values)
    local squares = 0.0
    for _, value in ipairs(values) do
        squares = squares + (value - mean) * (value - mean)
    end
    local half_width = quantile_of(count) * math.sqrt(squares / (count - 1))
    local sorted = table.move(values, 1, count, 1, {})
    table.sort(sorted)
    local outside = math.max(1, math.ceil(0.025 * (count + 1)))
    local is_positive = sorted[1] >= 0 and center > 0
    local below = is_positive and center / (1 + half_width / center) or center - half_width
    return math.min(below, sorted[outside]), math.max(center + half_width, sorted[count + 1 - outside])
end

return estimates

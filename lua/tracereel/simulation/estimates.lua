-- What the mean of a few runs says about the mean of all: Student's t interval.
local estimates = {}

-- Two-sided 95 % quantiles of Student's t for 1 to 30 degrees of freedom; beyond, that of 30, which is a little wider
-- than needed.
local quantiles = {
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
}

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
    local quantile = quantiles[math.min(count - 1, #quantiles)]
    return mean, quantile * math.sqrt(squares / (count - 1) / count)
end

return estimates

-- Small pictures in a line of text: bars and sparklines.
local bars = {}

local eighths = { [0] = "", "▏", "▎", "▍", "▌", "▋", "▊", "▉" }
local levels = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" }

---A bar of `share` (0 to 1) of that many columns, to an eighth of a column; what is above 0 is never nothing.
---@param share number
---@param columns integer
---@return string as wide as the bar is long
function bars.bar(share, columns)
    local length = math.floor(math.max(0, math.min(1, share)) * columns * 8 + 0.5)
    if share > 0 and length == 0 then
        length = 1
    end
    return ("█"):rep(length // 8) .. eighths[length % 8]
end

---A bar of several parts, each in its own sign; the parts' shares of the whole width add up to at most 1.
---@param parts { share: number, sign: string }[]
---@param columns integer
---@return string
function bars.stacked(parts, columns)
    local pieces, drawn, sum = {}, 0, 0
    for index, part in ipairs(parts) do
        sum = sum + part.share
        local until_column = math.min(columns, math.floor(sum * columns + 0.5))
        pieces[index] = part.sign:rep(math.max(0, until_column - drawn))
        drawn = math.max(drawn, until_column)
    end
    return table.concat(pieces)
end

---A sparkline: one column for each value, from nothing (a space) to the largest.
---@param values number[]
---@return string
function bars.spark(values)
    local largest = 0
    for _, value in ipairs(values) do
        largest = math.max(largest, value)
    end
    local signs = {}
    for index, value in ipairs(values) do
        signs[index] = value <= 0 and " " or levels[math.max(1, math.ceil(value / largest * #levels))]
    end
    return table.concat(signs)
end

-- The middle of a bucket on a logarithmic scale.
local function place(ns)
    return math.log(ns + 1)
end

---A distribution on a logarithmic scale from `low_ns` to `high_ns`.
---@param distribution tracereel.distribution
---@return string
function bars.distribution(distribution, low_ns, high_ns, columns)
    local counts = {}
    for column = 1, columns do
        counts[column] = 0
    end
    local low, high = place(low_ns), place(high_ns)
    for _, bucket in ipairs(distribution.buckets) do
        local middle_ns = bucket.lower_ns + (bucket.upper_ns - bucket.lower_ns) // 2
        local share = high > low and (place(middle_ns) - low) / (high - low) or 0
        local column = math.max(1, math.min(columns, math.floor(share * columns) + 1))
        counts[column] = counts[column] + bucket.count
    end
    return bars.spark(counts)
end

return bars

-- Tests of whether two samples differ by more than chance, on counts and on histograms. Which is used for what, and
-- why: docs/timing.md.
local hypothesis = {}

-- Stirling's series: beyond 16 the error is below 1e-14 of the value. Smaller ones are summed up.
local log_factorials = { [0] = 0.0 }
for n = 1, 16 do
    log_factorials[n] = log_factorials[n - 1] + math.log(n)
end
local half_log_two_pi = 0.5 * math.log(2 * math.pi)

local function log_factorial(n)
    if n <= 16 then
        return log_factorials[n]
    end
    local x = n + 0.0
    local square = x * x
    return (x + 0.5) * math.log(x) - x + half_log_two_pi
        + (1 / 12 - (1 / 360 - (1 / 1260 - 1 / (1680 * square)) / square) / square) / x
end

local function log_choose(n, k)
    return log_factorial(n) - log_factorial(k) - log_factorial(n - k)
end

-- Terms smaller than this part of their sum do not change it.
local negligible = 1e-17

-- The sum of hypergeometric probabilities from `first` on in steps of 1 or -1, as a multiple of the first of them.
local function tail_sum(first, step, last, ratio)
    local term, sum = 1.0, 1.0
    for k = first, last - step, step do
        term = term * ratio(k)
        sum = sum + term
        if term < negligible * sum then
            break
        end
    end
    return sum
end

---Fisher's exact test: how probable is it that a split of two samples differs so much, or more, if both come from the
---same source? Two-sided: twice the smaller tail, which never is too small.
---@param hits_a integer how many of the first sample's `total_a`
---@param total_a integer
---@param hits_b integer
---@param total_b integer
---@return number probability
function hypothesis.split(hits_a, total_a, hits_b, total_b)
    local hits, total = hits_a + hits_b, total_a + total_b
    local lowest, highest = math.max(0, hits - total_b), math.min(hits, total_a)
    if lowest == highest then
        return 1.0
    end
    local log_first = log_choose(total_a, hits_a) + log_choose(total_b, hits_b) - log_choose(total, hits)
    local upper = tail_sum(hits_a, 1, highest, function(k)
        return (total_a - k) / (k + 1.0) * ((hits - k) / (total_b - hits + k + 1.0))
    end)
    local lower = tail_sum(hits_a, -1, lowest, function(k)
        return k / (total_a - k + 1.0) * ((total_b - hits + k) / (hits - k + 1.0))
    end)
    return math.min(1.0, 2 * math.exp(log_first + math.log(math.min(upper, lower))))
end

---The buckets of two distributions side by side, ascending: { { upper_ns =, a =, b = } ... }.
---@param a tracereel.distribution
---@param b tracereel.distribution
function hypothesis.pool(a, b)
    local pooled, i, j = {}, 1, 1
    while a.buckets[i] or b.buckets[j] do
        local of_a, of_b = a.buckets[i], b.buckets[j]
        local first = (not of_b or of_a and not math.ult(of_b.lower_ns, of_a.lower_ns)) and of_a or of_b
        local takes_a = of_a and of_a.lower_ns == first.lower_ns
        local takes_b = of_b and of_b.lower_ns == first.lower_ns
        pooled[#pooled + 1] = { a = takes_a and of_a.count or 0, b = takes_b and of_b.count or 0 }
        i, j = i + (takes_a and 1 or 0), j + (takes_b and 1 or 0)
    end
    return pooled
end

---Do two distributions have the same quantile? The pooled sample is cut at the edge of a bucket that is nearest to the
---quantile, and the shares above the cut are compared by hypothesis.split.
---@param pooled table from hypothesis.pool
---@return number probability
function hypothesis.quantile(pooled, q, count_a, count_b)
    local wanted = q * (count_a + count_b)
    local below_a, below_b = 0, 0
    local cut_a, cut_b, nearest = 0, 0, math.huge
    for _, bucket in ipairs(pooled) do
        below_a, below_b = below_a + bucket.a, below_b + bucket.b
        local distance = math.abs(below_a + below_b - wanted)
        if distance < nearest then
            cut_a, cut_b, nearest = below_a, below_b, distance
        end
    end
    return hypothesis.split(count_a - cut_a, count_a, count_b - cut_b, count_b)
end

-- The upper tail of the normal distribution, twice: the complementary error function (Numerical Recipes, erfc by a
-- Chebyshev fit; relative error below 1.2e-7 everywhere).
local erfc_coefficients = {
    0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196, 1.00002368,
}

local function two_tails(z)
    local x = math.abs(z) / math.sqrt(2)
    local t = 1 / (1 + 0.5 * x)
    local sum = 0.0
    for _, coefficient in ipairs(erfc_coefficients) do
        sum = (sum + coefficient) * t
    end
    return math.min(1.0, t * math.exp(-x * x - 1.26551223 + sum))
end

-- With fewer values the normal distribution is too rough for a small probability.
local min_for_ranks = 20

---Mann and Whitney's rank test, ties corrected: is one distribution shifted against the other as a whole?
---@return number probability
---@return number direction above 0 where the values of `b` are the larger ones
function hypothesis.ranks(pooled, count_a, count_b)
    if count_a < min_for_ranks or count_b < min_for_ranks then
        return 1.0, 0.0
    end
    local a, b = count_a + 0.0, count_b + 0.0
    local total = a + b
    local below_a, u, ties = 0.0, 0.0, 0.0
    for _, bucket in ipairs(pooled) do
        u = u + bucket.b * (below_a + bucket.a / 2)
        below_a = below_a + bucket.a
        local tied = bucket.a + bucket.b + 0.0
        ties = ties + tied * tied * tied - tied
    end
    local variance = a * b / 12 * (total + 1 - ties / (total * (total - 1)))
    local excess = u - a * b / 2
    if variance <= 0 or math.abs(excess) <= 0.5 then
        return 1.0, 0.0
    end
    return two_tails((math.abs(excess) - 0.5) / math.sqrt(variance)), excess
end

---Holm's correction: with it, the probability that any of the tests rings although nothing has changed is at most the
---level at which each is judged, however they depend on each other.
---@param probabilities number[]
---@return number[] adjusted in the same order
function hypothesis.adjust(probabilities)
    local order, adjusted = {}, {}
    for index in ipairs(probabilities) do
        order[index] = index
    end
    table.sort(order, function(a, b)
        if probabilities[a] ~= probabilities[b] then
            return probabilities[a] < probabilities[b]
        end
        return a < b
    end)
    local largest = 0.0
    for rank, index in ipairs(order) do
        largest = math.max(largest, math.min(1.0, (#order - rank + 1) * probabilities[index]))
        adjusted[index] = largest
    end
    return adjusted
end

return hypothesis

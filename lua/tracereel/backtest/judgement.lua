-- How far a prediction is from what came, and whether the past repeated would have been nearer.
local observation = require "tracereel.backtest.observation"

local judgement = {}

-- The numbers of a distribution that are compared, by their fields.
local statistics = { { "p50", "p50_ns" }, { "p90", "p90_ns" }, { "p99", "p99_ns" }, { "mean", "mean_ns" } }

-- Errors that differ by less say nothing: percentiles are within 0.8 %.
local margin = 0.02
-- With fewer real values nothing is judged.
local min_values = 20
-- This share of rounds lies outside of an interval, half of it on either side; with fewer rounds the interval goes from
-- the smallest to the largest.
local max_outside = 0.05

-- The error of a time or a rate is relative; nil where something was predicted and nothing came.
local function relative(predicted, real)
    if real == 0 then
        return predicted == 0 and 0.0 or nil
    end
    return predicted / real - 1
end

local function difference(predicted, real)
    return predicted - real
end

-- The interval of a number over the rounds.
local function interval(numbers)
    table.sort(numbers)
    local outside = math.max(1, math.floor((#numbers + 1) * max_outside / 2))
    return numbers[outside], numbers[#numbers + 1 - outside]
end

---The share of such intervals in which what comes lies, where the model is right.
---@param rounds integer
---@return number
function judgement.coverage(rounds)
    return 1 - 2 * math.max(1, math.floor((rounds + 1) * max_outside / 2)) / (rounds + 1)
end

-- One number of a measure: what came, what was predicted and how far off both predictions are.
local function compared(name, number_of, sides, error_of)
    local statistic = { name = name, real = number_of(sides.real) }
    if sides.predicted then
        statistic.predicted = number_of(sides.predicted)
        statistic.error = error_of(statistic.predicted, statistic.real)
    end
    if sides.naive then
        statistic.naive = number_of(sides.naive)
        statistic.naive_error = error_of(statistic.naive, statistic.real)
    end
    if #sides.rounds > 1 then
        local numbers = {}
        for index, value in ipairs(sides.rounds) do
            numbers[index] = number_of(value)
        end
        statistic.low, statistic.high = interval(numbers)
    end
    return statistic
end

-- The mean of the errors without their signs; what has no size counts as all.
local function score_of(measure, key)
    local sum = 0.0
    for _, statistic in ipairs(measure.statistics) do
        sum = sum + math.abs(statistic[key] or 1)
    end
    return sum / #measure.statistics
end

-- Which prediction is nearer; nil where there are too few values to say.
local function verdict_of(measure)
    if measure.real_count < min_values or not measure.score or not measure.naive_score then
        return nil
    end
    local difference_of_scores = measure.naive_score - measure.score
    return math.abs(difference_of_scores) < margin and "same" or difference_of_scores > 0 and "better" or "worse"
end

local function times_of(sides, measure)
    for _, statistic in ipairs(statistics) do
        measure.statistics[#measure.statistics + 1] = compared(statistic[1], function(value)
            return value.distribution[statistic[2]]
        end, sides, relative)
    end
    local real = sides.real.distribution
    measure.ks = sides.predicted and observation.distance(sides.predicted.distribution, real) or nil
    measure.naive_ks = sides.naive and observation.distance(sides.naive.distribution, real) or nil
end

local function measure_of(sides)
    local real = sides.real
    local measure = { name = real.name, node = real.node, kind = real.kind, statistics = {},
        real_count = real.count, predicted_count = sides.predicted and sides.predicted.count or 0,
        naive_count = sides.naive and sides.naive.count or 0 }
    if real.kind == "times" then
        times_of(sides, measure)
    else
        measure.statistics[1] = compared("value", function(value)
            return value.number
        end, sides, real.kind == "share" and difference or relative)
    end
    measure.score = sides.predicted and score_of(measure, "error") or nil
    measure.naive_score = sides.naive and score_of(measure, "naive_error") or nil
    measure.verdict = verdict_of(measure)
    measure.distributions = { real = real.distribution, predicted = sides.predicted and sides.predicted.distribution,
        naive = sides.naive and sides.naive.distribution }
    return measure
end

local function key_of(value)
    return ("%s %s"):format(value.node or "", value.name)
end

local function by_key(values)
    local found = {}
    for _, value in ipairs(values) do
        -- Of a distribution without values there is no number.
        found[key_of(value)] = (value.kind ~= "times" or value.count > 0) and value or nil
    end
    return found
end

---Compares all that really came with what was predicted of it, and with the past repeated.
---@param real tracereel.backtest_value[]
---@param predicted tracereel.backtest_value[] of all rounds together
---@param of_rounds tracereel.backtest_value[][]
---@param naive tracereel.backtest_value[] of what came before
---@return table[] measures
function judgement.measures(real, predicted, of_rounds, naive)
    local predicted_by, naive_by, rounds_by, measures = by_key(predicted), by_key(naive), {}, {}
    for round, values in ipairs(of_rounds) do
        rounds_by[round] = by_key(values)
    end
    for _, value in ipairs(real) do
        local key = key_of(value)
        if value.kind ~= "times" or value.count > 0 then
            local sides = { real = value, predicted = predicted_by[key], naive = naive_by[key], rounds = {} }
            for _, of_round in ipairs(rounds_by) do
                sides.rounds[#sides.rounds + 1] = of_round[key]
            end
            measures[#measures + 1] = measure_of(sides)
        end
    end
    return measures
end

-- Adds what one fold says of a measure to what all say.
local function add_fold(sum, measure)
    sum.folds = sum.folds + 1
    sum.real_count = sum.real_count + measure.real_count
    for _, key in ipairs { "score", "naive_score", "ks", "naive_ks" } do
        sum.sums[key] = (sum.sums[key] or 0) + (measure[key] or 1)
    end
    for index, statistic in ipairs(measure.statistics) do
        local of_all = sum.statistics[index] or { name = statistic.name, error = 0.0, naive_error = 0.0 }
        of_all.error = of_all.error + math.abs(statistic.error or 1)
        of_all.naive_error = of_all.naive_error + math.abs(statistic.naive_error or 1)
        sum.statistics[index] = of_all
    end
end

---The measures of several folds as one list: each error is the mean over the folds that have the measure, without its
---sign.
---@param folds table[][] of judgement.measures
---@return table[] measures
function judgement.mean(folds)
    local means, found = {}, {}
    for _, measures in ipairs(folds) do
        for _, measure in ipairs(measures) do
            local key = key_of(measure)
            if not found[key] then
                found[key] = { name = measure.name, node = measure.node, kind = measure.kind, folds = 0, real_count = 0,
                    statistics = {}, sums = {} }
                means[#means + 1] = found[key]
            end
            add_fold(found[key], measure)
        end
    end
    for _, mean in ipairs(means) do
        for key, sum in pairs(mean.sums) do
            mean[key] = sum / mean.folds
        end
        if mean.kind ~= "times" then
            mean.ks, mean.naive_ks = nil, nil
        end
        for _, statistic in ipairs(mean.statistics) do
            statistic.error = statistic.error / mean.folds
            statistic.naive_error = statistic.naive_error / mean.folds
        end
        mean.sums, mean.verdict = nil, verdict_of(mean)
    end
    table.sort(means, function(a, b)
        return (a.node or -1) < (b.node or -1)
    end)
    return means
end

return judgement

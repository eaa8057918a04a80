-- Prediction intervals: an outer bootstrap over the recorded traces. Each round simulates a resample of them: the
-- spread over the rounds is what another log of the same process would have changed, which more runs do not shrink.
-- What is covered, and when there are too few traces: docs/capacity.md.
local base = require "tracereel.base"
local dependence = require "tracereel.simulation.dependence"
local estimates = require "tracereel.simulation.estimates"
local failure = require "tracereel.util.failure"
local text = require "tracereel.util.text"

local intervals = {}

-- Measured: tests/bench/coverage.lua. With fewer, intervals of 95 % cover less than 90 %.
local min_independent, min_beyond = 50, 5

---@class tracereel.interval_plan
---@field rounds integer how many resamples are simulated; 0: none
---@field traces integer closed traces of the recorded log
---@field block integer how many that follow each other are resampled together
---@field independent integer for how many traces they count
---@field problem? string why there are no rounds

---The makespans of the closed traces, in the order of arrival.
---@param recording userdata
---@return number[]
function intervals.makespans(recording)
    local values = {}
    for number = 1, recording:stats().traces do
        local _, _, start_ns, is_left_out, last_ns, is_closed = recording:trace_at(number)
        if is_closed and not is_left_out then
            values[#values + 1] = last_ns - start_ns
        end
    end
    return values
end

local function problem_of(plan)
    if plan.independent >= min_independent then
        return nil
    elseif plan.block == 1 then
        return ("no prediction interval: it takes %d closed traces, and the log has %d"):format(min_independent,
            plan.traces)
    end
    return ("no prediction interval: it takes %d closed traces that do not depend on each other, and the %d of the "
        .. "log, of which %d in a row are alike, count for %d"):format(min_independent, plan.traces, plan.block,
        plan.independent)
end

---How many rounds there are, of what: as many as runs where the options do not say.
---@param parsed table the command's options: runs, rounds
---@param makespans fun(): number[] of the traces that are resampled, in the order of arrival
---@return tracereel.interval_plan
function intervals.plan(parsed, makespans)
    local rounds = parsed.rounds or parsed.runs > 1 and parsed.runs or 0
    if rounds == 1 then
        failure.raise("usage", "--rounds: one resample has no spread: give 0 or at least 2 (20 are good)")
    elseif rounds == 0 then
        return { rounds = 0, traces = 0, block = 1, independent = 0 }
    end
    local values = makespans()
    local plan = { rounds = rounds, traces = #values, block = dependence.block(values) }
    plan.independent = plan.traces // plan.block
    plan.problem = problem_of(plan)
    plan.rounds = plan.problem and 0 or rounds
    return plan
end

---@class tracereel.interval_kind
---@field kind number|"mean"|"share"|"count" which quantile, a mean, a share of `count`, or how many of them
---@field count integer of how many values it was in the recorded log
---@field share? number of a share or a count: what was simulated

---The 95 % prediction interval of a measure; nil where there are too few traces for one.
---@param plan tracereel.interval_plan
---@param of tracereel.interval_kind
---@param center number what was simulated
---@param values number[] of the rounds
---@return { low: number, high: number }|nil
function intervals.of(plan, of, center, values)
    local independent = math.min(plan.independent, of.count)
    local share = of.share or math.type(of.kind) and of.kind or 0.5
    local beyond = independent * math.min(share, 1 - share)
    if #values < 2 or independent < min_independent or beyond < min_beyond - 1e-6 then
        return nil
    end
    local low, high = estimates.range(center, values)
    return { low = low, high = high }
end

---What the tables say of both kinds of intervals.
---@param plan tracereel.interval_plan
---@param runs integer
---@return string[]
function intervals.lines(plan, runs)
    local lines = {}
    if runs > 1 then
        lines[1] = ("sim. ±: simulation error, 95 %% of the mean of %d runs; shrinks with more"):format(runs)
    end
    if plan.rounds > 0 then
        lines[#lines + 1] = ("pred. ≥ ≤: 95 %% prediction interval, by %d resamples of %s"):format(plan.rounds,
            text.count(plan.traces, "closed trace"))
        if plan.block > 1 then
            lines[#lines + 1] = ("  in blocks of %d: traces that follow each other are alike"):format(plan.block)
        end
        lines[#lines + 1] = ("  -: too few traces for one (a p90 takes 50, a p99 500, a share %d of each kind)")
            :format(min_beyond)
    end
    for _, line in ipairs(plan.problem and text.wrap(plan.problem, 80) or {}) do
        lines[#lines + 1] = line
    end
    return lines
end

---A simulated measure as an object for JSON: what is not known is null.
---@param simulated number
---@param simulation_error number|nil
---@param prediction { low: number, high: number }|nil
---@return table
function intervals.measure_object(simulated, simulation_error, prediction)
    return {
        simulated = simulated, simulation_error = simulation_error or base.null, prediction = prediction or base.null,
    }
end

---The lines of a table that show the intervals of a series: what they are called, and the number of an estimate.
---@param plan tracereel.interval_plan
---@param runs integer
---@return { label: string, is_width?: true, value: fun(estimate: tracereel.series_estimate): number|nil }[]
function intervals.rows(plan, runs)
    local function bound(name)
        return function(estimate)
            return estimate.prediction and estimate.prediction[name]
        end
    end
    local rows = {}
    if runs > 1 then
        rows[1] = { label = "sim. ±", is_width = true, value = function(estimate)
            return estimate.simulation_error
        end }
    end
    if plan.rounds > 0 then
        rows[#rows + 1] = { label = "pred. ≥", value = bound "low" }
        rows[#rows + 1] = { label = "pred. ≤", value = bound "high" }
    end
    return rows
end

---The plan as an object for JSON.
---@param plan tracereel.interval_plan
---@param runs integer
function intervals.object(plan, runs)
    return {
        runs = runs, rounds = plan.rounds, closed_traces = plan.traces, block_traces = plan.block,
        independent_traces = plan.independent, problem = plan.problem or base.null,
    }
end

return intervals

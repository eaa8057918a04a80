-- How well a log's past predicts its future: the log is cut, what came before is learnt from, and what is simulated
-- from that is compared with what really came. docs/backtest.md says how.
local base = require "tracereel.base"
local contention = require "tracereel.simulation.contention"
local failure = require "tracereel.util.failure"
local judgement = require "tracereel.backtest.judgement"
local observation = require "tracereel.backtest.observation"
local partition = require "tracereel.backtest.partition"
local prediction = require "tracereel.backtest.prediction"
local progress = require "tracereel.cli.progress"
local recorded = require "tracereel.backtest.recorded"
local simulation = require "tracereel.simulation"
local survival = require "tracereel.backtest.survival"

local backtest = {}

-- What a scenario says of arrivals, or does to a log, has no place here.
local refused_keys = {
    arrivals = "traces arrive when they really came", traces = "as many traces arrive as really came",
    crash = "what is compared is what really came", damage = "what is compared is what really came",
    faults = "what is compared is what really came", goal = "nothing is explored",
}

---Raises where a scenario says what a backtest cannot take.
---@param scenario table of simulation.load
function backtest.check_scenario(scenario)
    for _, key in ipairs { "arrivals", "traces", "crash", "damage", "faults", "goal" } do
        if type(scenario.value) == "table" and scenario.value[key] ~= nil then
            failure.raise("usage", "scenario %s: %s: not in a backtest: %s", scenario.path, key, refused_keys[key])
        end
    end
end

local function closed_of(values)
    return values[2].count
end

-- How many traces of equal weights would scatter as these do.
local function effective_count(weights)
    local squares = 0.0
    for _, weight in ipairs(weights) do
        squares = squares + weight * weight
    end
    return 1 / squares
end

local function learnt_of(learnt, fold, arrivals)
    local all = survival.new(learnt.durations_ns, learnt.are_closed)
    return {
        from_ns = arrivals.times_ns[1], until_ns = fold.cut_ns, traces = #learnt.numbers, closed = learnt.closed,
        open = #learnt.numbers - learnt.closed, left_out = learnt.left_out, never_closed_weight = all.open_weight,
        never_closed = all.open_count, effective = effective_count(all:weights()),
    }
end

-- The waiting for a place that the learnt part has inside it, where the scenario says nothing of places; nil where
-- there is none.
local function found_contention(recording, compiled)
    if contention.is_asked(compiled) then
        return nil
    end
    local use = contention.of(recording, compiled):pools()[1]
    return use.capacity and {
        places = use.capacity, full_share = use.held_ns / use.busy_ns, wait_ns = use.contention_ns, lag_ns = use.lag_ns,
    } or nil
end

-- The scenario must fit what is learnt: a node that comes only after the cut is unknown.
local function checked(scenario, recording, fold)
    local fits, result = failure.pcall(scenario.check, scenario, recording)
    if not fits and failure.is(result) and result.kind == "usage" then
        failure.raise("usage", "%s (in the part before the cut at %s, which is learnt from)", result.message,
            base.time(fold.cut_ns))
    elseif not fits then
        error(result, 0)
    end
    return result
end

-- One part of the log, learnt from and predicted.
local function play_fold(options, arrivals, fold, tell)
    local path, scenario = options.path, options.scenario
    local flow = scenario:flow()
    local recording <const> = simulation.record(path, fold.cut)
    local compiled = checked(recorded.under(scenario), recording, fold)
    local seed = options.seed or compiled.seed
    local learnt = prediction.learn(recording, fold.cut_ns)
    partition.check_closed(path, learnt.closed, fold, true)
    local real = observation.values(observation.timing(path, { from = fold.cut, to = fold.to }, flow),
        fold.until_ns - fold.cut_ns)
    partition.check_closed(path, closed_of(real), fold, false)
    local naive = observation.values(observation.timing(path, { to = fold.cut }, flow),
        fold.cut_ns - arrivals.times_ns[1])
    local predicted, of_rounds = prediction.predict({
        scenario = scenario, recording = recording, learnt = learnt, fold = fold, arrivals = arrivals,
        place = options.place, rounds = options.rounds,
    }, seed, tell)
    progress.clear()
    return {
        seed = seed, cut_ns = fold.cut_ns, until_ns = fold.until_ns, arrivals = fold.last - fold.first + 1,
        closed = closed_of(real), lagging = fold.lagging, learnt = learnt_of(learnt, fold, arrivals),
        contention = found_contention(recording, compiled),
        measures = judgement.measures(real, predicted, of_rounds, naive),
    }
end

---@class tracereel.backtest_options
---@field path string of the log
---@field scenario table of simulation.load or simulation.unchanged
---@field place table of workplace
---@field seed integer|nil in place of the scenario's
---@field rounds integer
---@field folds integer
---@field at table|nil of partition.parse_cut

---@param options tracereel.backtest_options
---@return table result folds, and the measures of all of them
function backtest.run(options)
    simulation.say_unread(options.path)
    local arrivals = partition.arrivals(options.path)
    local folds, results = partition.folds(options.path, arrivals, options), {}
    for index, fold in ipairs(folds) do
        results[index] = play_fold(options, arrivals, fold, function(round)
            progress.set_prefix((#folds > 1 and ("fold %d of %d: "):format(index, #folds) or "")
                .. (options.rounds > 1 and ("round %d of %d: "):format(round, options.rounds) or ""))
        end)
    end
    progress.set_prefix("")
    local measures = {}
    for index, result in ipairs(results) do
        measures[index] = result.measures
    end
    return {
        path = options.path, damaged = arrivals.damaged, rounds = options.rounds,
        seed = results[1].seed, folds = results,
        coverage = options.rounds > 1 and judgement.coverage(options.rounds) or nil,
        measures = #results == 1 and results[1].measures or judgement.mean(measures),
    }
end

return backtest

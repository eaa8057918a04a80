-- What the part of a log before a cut predicts of the part after it. The traces that were learnt arrive as they did,
-- so that the system is loaded at the cut; those that are open there go on as one that lasted longer. From the cut on,
-- such as are drawn from the learnt ones arrive when traces really came.
local failure = require "tracereel.util.failure"
local logs = require "tracereel.cli.logs"
local observation = require "tracereel.backtest.observation"
local random = require "tracereel.util.random"
local recorded = require "tracereel.backtest.recorded"
local survival = require "tracereel.backtest.survival"

local prediction = {}

---@class tracereel.learnt the traces of a log that ends at a cut
---@field numbers integer[] those that are not left out, as the recording numbers them, from 1
---@field starts_ns integer[] of each of these; event times, as the next
---@field durations_ns number[] how long it lasted, or has lasted at the cut
---@field are_closed boolean[]
---@field closed integer how many are
---@field left_out integer tainted ones

---@param recording userdata of a log that ends at the cut
---@param cut_ns integer
---@return tracereel.learnt
function prediction.learn(recording, cut_ns)
    local learnt = { numbers = {}, starts_ns = {}, durations_ns = {}, are_closed = {}, closed = 0, left_out = 0 }
    for number = 1, recording:stats().traces do
        local _, _, start_ns, is_left_out, last_ns, is_closed = recording:trace_at(number)
        if is_left_out then
            learnt.left_out = learnt.left_out + 1
        else
            local index = #learnt.numbers + 1
            learnt.numbers[index], learnt.starts_ns[index] = number, start_ns
            learnt.are_closed[index] = is_closed
            learnt.durations_ns[index] = (is_closed and last_ns or cut_ns) - start_ns
            learnt.closed = learnt.closed + (is_closed and 1 or 0)
        end
    end
    return learnt
end

-- How often each trace counts in a sample of as many, drawn with replacement.
local function resampled(count, draw)
    local counts = {}
    for index = 1, count do
        counts[index] = 0
    end
    for _ = 1, count do
        local index = draw(count)
        counts[index] = counts[index] + 1
    end
    return counts
end

local Timetable = {}
Timetable.__index = Timetable

function Timetable:add(time_ns, number, is_copy)
    local place = #self.times_ns + 1
    self.times_ns[place], self.traces[place], self.are_copies[place] = time_ns, number, is_copy
end

-- What comes after the cut. A single prediction is to be near; several are to scatter as what comes does.
local function drawn_traces(of_all, count, rounds, draw)
    if rounds == 1 then
        return of_all:spread(count, draw)
    end
    local drawn = {}
    for number = 1, count do
        drawn[number] = of_all:draw(draw())
    end
    return drawn
end

-- What arrives: the learnt traces, then drawn ones when traces really came.
local function timetable_of(learnt, of_all, fold, arrivals, draw, rounds)
    local timetable = setmetatable({ times_ns = {}, traces = {}, are_copies = {} }, Timetable)
    for index, number in ipairs(learnt.numbers) do
        local other
        if not learnt.are_closed[index] then
            other = of_all:draw_longer(learnt.durations_ns[index], draw())
        end
        timetable:add(learnt.starts_ns[index], other and learnt.numbers[other] or number, other ~= nil)
    end
    for number, index in ipairs(drawn_traces(of_all, fold.last - fold.first + 1, rounds, draw)) do
        timetable:add(arrivals.times_ns[fold.first + number - 1], learnt.numbers[index], true)
    end
    return setmetatable(timetable, nil)
end

---@class tracereel.predicting
---@field scenario table of simulation
---@field recording userdata of the log that ends at the cut
---@field learnt tracereel.learnt
---@field fold tracereel.backtest_fold
---@field arrivals tracereel.arrivals
---@field place table of workplace
---@field rounds integer

-- Simulates once; what is measured of the traces that arrived from the cut on.
local function play(self, round, seed)
    local learnt, draw = self.learnt, random.new(seed).draw
    local counts = self.rounds > 1 and resampled(#learnt.numbers, draw) or nil
    local of_all = survival.new(learnt.durations_ns, learnt.are_closed, counts)
    local timetable = timetable_of(learnt, of_all, self.fold, self.arrivals, draw, self.rounds)
    -- Loaded afresh, so that nothing that its functions keep goes from one round to the next.
    local scenario = recorded.under(self.scenario:with_arguments {}):with_timetable(timetable, self.fold.until_ns)
    local directory = self.place:directory(("round-%d"):format(round))
    scenario:run(self.recording, directory, seed, nil, true)
    local from = observation.start_of(directory, #learnt.numbers + 1)
    if logs.interrupted() then
        failure.raise("interrupted", "interrupted")
    end
    local timing = from and observation.timing(directory, { from = from }, scenario:flow())
        or observation.none(scenario:flow())
    self.place:done(directory)
    return timing
end

---Simulates as often as there are rounds, each with a seed of its own; where there are several, each learns from
---another sample of the learnt traces.
---@param self tracereel.predicting
---@param seed integer
---@param tell fun(round: integer)
---@return tracereel.backtest_value[] all all rounds together
---@return tracereel.backtest_value[][] of_rounds
function prediction.predict(self, seed, tell)
    local fold, of_rounds = self.fold, {}
    local span_ns = fold.until_ns - fold.cut_ns
    local sum
    for round = 1, self.rounds do
        tell(round)
        local timing = play(self, round, seed + round - 1)
        of_rounds[round] = observation.values(timing, span_ns)
        sum = sum and sum:merge(timing) or timing
    end
    return observation.values(sum, span_ns, self.rounds), of_rounds
end

return prediction

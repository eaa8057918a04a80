-- How often the intervals of simulations hold what they say: many logs are drawn from one known process, each is
-- simulated with the node's time halved, and the truth is known from the distribution, not from the program.
local core = require "tracereel.core"
local estimates = require "tracereel.simulation.estimates"
local helper = require "tests.spec.helper"
local intervals = require "tracereel.simulation.intervals"
local lfs = require "lfs"
local random = require "tracereel.util.random"
local reel = require "tracereel"

local interval_coverage = {}

local second_ns = 1000000000

-- By the definitions of docs/timing.md, and kinds of intervals.of.
local measures = { p50 = 0.50, p90 = 0.90, p99 = 0.99, mean = "mean" }

-- One trace a second, each of one node that runs as long as was drawn.
local function write_log(directory, traces, draw)
    local records = {}
    for trace = 1, traces do
        local start_ns = second_ns * (1700000000 + trace)
        local end_ns = start_ns + math.floor(draw() * second_ns)
        for place, kind in ipairs { "trace_start", "node_start", "node_done", "trace_complete" } do
            records[#records + 1] = { kind = kind, place = 4 * trace + place, fields = {
                trace_id = ("00000000-0000-4000-8000-%012x"):format(trace), node_id = 1,
                timestamp_ns = place <= 2 and start_ns or end_ns,
            } }
        end
    end
    table.sort(records, function(a, b)
        local first_ns, second = a.fields.timestamp_ns, b.fields.timestamp_ns
        return first_ns < second or first_ns == second and a.place < b.place
    end)
    local writer = reel.writer(directory)
    for _, record in ipairs(records) do
        writer:append(reel.record[record.kind](record.fields))
    end
    writer:close()
end

local function measured(directory)
    local sorted, sum = {}, 0
    reel.open(directory):replay { trace_complete = function(_, trace)
        sorted[#sorted + 1] = trace.duration_ns
        sum = sum + trace.duration_ns
    end }
    table.sort(sorted)
    local values = { mean = sum / #sorted }
    for name, share in pairs(measures) do
        values[name] = values[name] or sorted[math.ceil(share * #sorted - 1e-9)]
    end
    return values
end

local function no_question()
    error "a question"
end

-- What `count` simulations of the recording gave, by measure; `block` makes them resamples.
local function simulated(recording, count, options, block)
    local place = helper.directory()
    local values = { p50 = {}, p90 = {}, p99 = {}, mean = {} }
    for number = 1, count do
        local directory = ("%s/%d"):format(place, number)
        assert(lfs.mkdir(directory))
        recording:simulate({
            seed = number, is_temporary = true, traces = options.arriving, resample_block = block,
            nodes = { { id = 1, time = { kind = "factor", factor = 0.5 } } },
        }, directory, no_question)
        for name, value in pairs(measured(directory)) do
            values[name][number] = value
        end
    end
    return values
end

---@param options { logs: integer, traces: integer, arriving: integer|nil, runs: integer, rounds: integer,
---process: { draw: fun(uniform): (fun(): number), truth: table<string, number> } } how many logs of how many traces,
---how many arrive in a simulation, and the process (interval_processes.lua)
---@return table<string, { prediction: integer, simulation: integer, missing: integer }> by measure: of how many logs
---the interval holds the truth, and how many had none
function interval_coverage.of(options)
    local counts = {}
    for name in pairs(measures) do
        counts[name] = { prediction = 0, simulation = 0, missing = 0 }
    end
    for number = 1, options.logs do
        local path = helper.directory() .. "/log"
        write_log(path, options.traces, options.process.draw(random.new(1000 + number).draw))
        local recording = core.recording(path)
        local plan = intervals.plan(options, function()
            return intervals.makespans(recording)
        end)
        local runs = simulated(recording, options.runs, options)
        local resampled = simulated(recording, plan.rounds, options, plan.block)
        for name, kind in pairs(measures) do
            local mean, half_width = estimates.mean(runs[name])
            local prediction = intervals.of(plan, { kind = kind, count = plan.traces }, mean, resampled[name])
            local truth, count = options.process.truth[name] * second_ns, counts[name]
            count.missing = count.missing + (prediction and 0 or 1)
            count.prediction = count.prediction
                + (prediction and prediction.low <= truth and truth <= prediction.high and 1 or 0)
            count.simulation = count.simulation + (math.abs(mean - truth) <= half_width and 1 or 0)
        end
        helper.clean()
    end
    return counts
end

return interval_coverage

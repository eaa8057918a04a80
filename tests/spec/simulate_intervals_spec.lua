local core = require "tracereel.core"
local dependence = require "tracereel.simulation.dependence"
local dkjson = require "dkjson"
local helper = require "tests.spec.helper"
local interval_coverage = require "tests.spec.interval_coverage"
local intervals = require "tracereel.simulation.intervals"
local lfs = require "lfs"
local processes = require "tests.spec.interval_processes"
local random = require "tracereel.util.random"
local reel = require "tracereel"
local simulation_logs = require "tests.spec.simulation_logs"

-- One trace every 10 ms; the nth runs its node for so many milliseconds.
local function log_of(times)
    local traces = {}
    for number, ms in ipairs(times) do
        local at = 10 * number
        traces[number] = { { "trace_start", at, 0 }, { "node_start", at, 1 }, { "node_done", at + ms, 1 },
            { "trace_complete", at + ms, 0 } }
    end
    return simulation_logs.write_traces(traces)
end

local function draws(count, draw)
    local values = {}
    for place = 1, count do
        values[place] = draw()
    end
    return values
end

local function whole_times(count)
    local uniform = random.new(9).draw
    return draws(count, function()
        return uniform(1, 1000)
    end)
end

local function run(log, ...)
    return helper.run { "simulate", helper.script("return { traces = 300 }", "scenario"), log, ... }
end

local function json(log, ...)
    local ran = run(log, "--json", ...)
    assert.equal("", ran.stderr)
    return assert(dkjson.decode(ran.stdout))
end

local function plan_of(traces)
    return { rounds = 20, traces = traces, block = 1, independent = traces }
end

describe("a prediction interval", function()
    after_each(helper.clean)

    -- `make intervals` does it with 200 logs of each of several processes.
    it("of 95 % holds the truth of the process that made the log for about 95 of 100 logs", function()
        local counts = interval_coverage.of {
            logs = 40, traces = 100, arriving = 200, runs = 5, rounds = 12, process = processes.exponential,
        }
        for _, name in ipairs { "p50", "p90", "mean" } do
            -- Of independent traces a few look as if they were not.
            local shown = 40 - counts[name].missing
            assert.is_true(shown >= 37)
            assert.is_true(counts[name].prediction >= 0.9 * shown, ("%s: %d"):format(name, counts[name].prediction))
            -- The simulation error is another thing: it knows nothing of the logs that were not recorded.
            assert.is_true(counts[name].simulation < 30, ("%s: %d of 40"):format(name, counts[name].simulation))
        end
        assert.equal(40, counts.p99.missing)
    end)

    it("does not shrink with the number of runs, as the simulation error does", function()
        local log = log_of(whole_times(120))
        local few = json(log, "--sweep", "node.1.time=0.5", "--runs", "4", "--rounds", "12").points[1].measures
        local many = json(log, "--sweep", "node.1.time=0.5", "--runs", "64", "--rounds", "12").points[1].measures
        for _, name in ipairs { "makespan_p50", "makespan_p90", "makespan_mean" } do
            local function width(of)
                return of[name].prediction.high - of[name].prediction.low
            end
            assert.is_true(many[name].simulation_error < 0.5 * few[name].simulation_error, name)
            assert.is_true(width(many) > 0.8 * width(few) and width(many) < 1.25 * width(few), name)
        end
    end)

    it("is Student's interval of the resamples' spread around what was simulated, or their range if that is wider",
        function()
            local log = log_of(whole_times(60))
            local measure = json(log, "--sweep", "node.1.time=1", "--rounds", "4").points[1].measures.makespan_p50
            local recording, medians, sum, squares = core.recording(log), {}, 0, 0
            for round = 1, 4 do
                local directory = ("%s/%d"):format(helper.directory(), round)
                assert(lfs.mkdir(directory))
                recording:simulate({ nodes = {}, traces = 300, seed = round - 1, resample_block = 1 }, directory, error)
                local makespans = {}
                reel.open(directory):replay { trace_complete = function(_, trace)
                    makespans[#makespans + 1] = trace.duration_ns
                end }
                table.sort(makespans)
                medians[round], sum = makespans[150], sum + makespans[150]
            end
            for _, median in ipairs(medians) do
                squares = squares + (median - sum / 4) ^ 2
            end
            table.sort(medians)
            local half_width = 3.182 * math.sqrt(squares / 3) -- Student's t for three degrees of freedom
            local center = measure.simulated
            local below = center / (1 + half_width / center)
            assert.is_true(math.abs(measure.prediction.low - math.min(below, medians[1])) < 1)
            assert.is_true(math.abs(measure.prediction.high - math.max(center + half_width, medians[4])) < 1)
        end)

    it("takes 50 traces, and 5 of them beyond the percentile or of each kind", function()
        local values = { 8, 9, 10, 11, 12 }
        local function has(traces, kind, count, share)
            local of = { kind = kind, count = count or traces, share = share }
            return intervals.of(plan_of(traces), of, 10, values) ~= nil
        end
        assert.same({ false, true }, { has(49, "mean"), has(50, "mean") })
        assert.same({ false, true }, { has(49, 0.50), has(50, 0.50) })
        assert.same({ false, true }, { has(49, 0.90), has(50, 0.90) })
        assert.same({ false, true }, { has(499, 0.99), has(500, 0.99) })
        assert.same({ false, true }, { has(500, 0.99, 499), has(900, 0.99, 500) })
        assert.same({ false, true, true, false }, { has(100, "share", 100, 0.04), has(100, "share", 100, 0.05),
            has(100, "count", 100, 0.95), has(100, "count", 100, 1.0) })
    end)

    it("is not shown where the log has too few closed traces, and that is said", function()
        local log = log_of(whole_times(49))
        local ran = run(log, "--sweep", "node.1.time=1", "--runs", "2")
        assert.equal("", ran.stderr)
        assert.matches("\nno prediction interval: it takes 50 closed traces, and the log has 49\n", ran.stdout)
        assert.is_nil(ran.stdout:find("pred%."))
        local object = json(log, "--sweep", "node.1.time=1", "--runs", "2")
        assert.is_nil(object.points[1].measures.makespan_p50.prediction)
        assert.equal(49, object.intervals.closed_traces)
        assert.equal(0, object.intervals.rounds)
        assert.matches("^no prediction interval: ", object.intervals.problem)
    end)

    it("is shown under its name beside the simulation error, in every table that has one", function()
        local log = log_of(whole_times(60))
        local shown = "\nsim%. ±: simulation error, 95 %% of the mean of 2 runs; shrinks with more\n"
            .. "pred%. ≥ ≤: 95 %% prediction interval, by 3 resamples of 60 closed traces\n"
        for _, arguments in ipairs { { "-o", helper.directory() .. "/new" }, { "--sweep", "node.1.time=0.5,1" },
            { "--rank" } } do
            local ran = run(log, "--runs", "2", "--rounds", "3", table.unpack(arguments))
            assert.equal("", ran.stderr)
            assert.matches(shown, ran.stdout)
            assert.matches("\n *sim%. ± +%d[^\n]*\n *pred%. ≥ +[-+%d][^\n]*\n *pred%. ≤ +[-+%d]", ran.stdout)
            for line in ran.stdout:gmatch("[^\n]+") do
                assert.is_true(utf8.len(line) <= 80, line)
            end
        end
    end)

    it("of a node's times counts its own attempts", function()
        local measures = json(log_of(whole_times(60)), "-o", helper.directory() .. "/new", "--rounds", "5").measures
        assert.is_true(measures["node.1.run_p50"].prediction.low < measures["node.1.run_p50"].simulated)
        assert.is_nil(measures["node.1.run_p99"].prediction)
        assert.is_nil(measures["node.1.error_share"].prediction) -- nobody saw one fail
        assert.is_nil(measures["node.1.run_p50"].simulation_error) -- there was one run
    end)

    it("needs two resamples, and none are made where nobody asks", function()
        local log = log_of(whole_times(60))
        local ran = run(log, "--sweep", "node.1.time=1", "--rounds", "1")
        assert.equal(2, ran.status)
        assert.matches("one resample has no spread", ran.stderr)
        assert.equal(0, json(log, "--sweep", "node.1.time=1").intervals.rounds)
        assert.equal(0, json(log, "--sweep", "node.1.time=1", "--runs", "3", "--rounds", "0").intervals.rounds)
        assert.equal(3, json(log, "--sweep", "node.1.time=1", "--runs", "3").intervals.rounds)
        ran = run(log, "--explore", "--rounds", "3")
        assert.equal(2, ran.status)
    end)
end)

describe("how many traces are resampled together", function()
    after_each(helper.clean)

    it("is one where they do not depend on each other", function()
        assert.equal(1, dependence.block(draws(1000, processes.exponential.draw(random.new(4).draw))))
        assert.equal(1, dependence.block(draws(1000, function()
            return 7
        end)))
        assert.equal(1, dependence.block {})
    end)

    -- Politis and White (2004) for a process of order one: the cube root of 6 r^2 / (1 - r^2)^2 times the count. The
    -- rank correlation of two normal variables with correlation 0.6 is 6 / pi * asin(0.3).
    it("is the length that the theory gives where each depends on the one before it", function()
        local r = 6 / math.pi * math.asin(0.3)
        local expected = (6 * r ^ 2 / (1 - r ^ 2) ^ 2 * 4000) ^ (1 / 3)
        local sum = 0
        for seed = 1, 5 do
            sum = sum + dependence.block(draws(4000, processes.dependent.draw(random.new(seed).draw)))
        end
        assert.is_true(math.abs(sum / 5 / expected - 1) < 0.3, sum / 5 .. " for " .. expected)
    end)

    -- Through one place at four fifths of its capacity: who comes after a long line waits long.
    it("is not what the line for a place makes alike, where the scenario has the line arise anew", function()
        local uniform, traces, free, at = random.new(3).draw, {}, 0, 0
        for trace = 1, 400 do
            at = at - 10 * math.log(1 - uniform())
            local start = math.max(at, free)
            free = start - 8 * math.log(1 - uniform())
            traces[trace] = { { "trace_start", at, 0 }, { "node_start", start, 1 }, { "node_done", free, 1 },
                { "trace_complete", free, 0 } }
        end
        local log = simulation_logs.write_traces(traces)
        local ran = run(log, "--json", "--sweep", "node.1.time=1", "--rounds", "2")
        assert.matches("was for want of a place", ran.stderr) -- and stays as it was recorded
        local alike = assert(dkjson.decode(ran.stdout)).intervals
        local own = json(log, "--sweep", "limits.nodes=2,1", "--rounds", "2").intervals
        assert.same({ 0, 1, 400, 2 }, { alike.rounds, own.block_traces, own.independent_traces, own.rounds })
        assert.is_true(alike.block_traces > 8)
    end)

    it("is said, and that dependent traces count for fewer", function()
        local draw = processes.dependent.draw(random.new(2).draw)
        local times = draws(200, function()
            return math.floor(1000 * draw())
        end)
        local ran = run(log_of(times), "--sweep", "node.1.time=1", "--runs", "2")
        assert.matches("\nno prediction interval: it takes 50 closed traces that do not depend on each\n"
            .. "other, and the 200 of the log, of which %d+ in a row are alike, count for %d+\n", ran.stdout)
        local object = json(log_of(draws(1500, function()
            return math.floor(1000 * draw())
        end)), "--sweep", "node.1.time=1", "--rounds", "2")
        assert.is_true(object.intervals.block_traces > 5)
        assert.equal(1500 // object.intervals.block_traces, object.intervals.independent_traces)
    end)
end)

local helper = require "tests.spec.helper"
local queue_logs = require "tests.spec.queue_logs"
local reel = require "tracereel"
local simulation_logs = require "tests.spec.simulation_logs"

local ms = simulation_logs.millisecond

-- What `tracereel backtest --json` says, and its status.
local function backtest(...)
    local result = helper.run { "backtest", "--json", ... }
    return result.stdout ~= "" and reel.json_decode(result.stdout) or nil, result
end

local function measure_of(found, name, node)
    for _, measure in ipairs(found.folds[1].measures) do
        if measure.name == name and measure.node == node then
            return measure
        end
    end
end

-- The value at rank ceil(share * count).
local function percentile(values, share)
    local sorted = table.move(values, 1, #values, 1, {})
    table.sort(sorted)
    return sorted[math.max(1, math.ceil(share * #sorted))]
end

local function mean(values)
    local sum = 0
    for _, value in ipairs(values) do
        sum = sum + value
    end
    return sum / #values
end

local function assert_near(expected, found, share)
    assert.True(math.abs(found - expected) <= share * math.abs(expected), ("%s, not %s"):format(found, expected))
end

-- A log of traces that wait for one of four places, and how they were scheduled.
local function queue_log(rates, half_ms, seed)
    local random = queue_logs.random(seed)
    local arrivals = queue_logs.arrivals(random, rates, half_ms)
    local services = {}
    for index = 1, #arrivals do
        services[index] = 50 + 100 * random()
    end
    local spans = queue_logs.schedule(arrivals, services, 4)
    return queue_logs.write(spans), spans
end

-- Of the spans, those whose traces arrive from the cut on, and those that are over before it.
local function sides(spans)
    local first, last = spans[1].arrival, spans[#spans].arrival
    local before, after, cut = {}, {}, nil
    for _, span in ipairs(spans) do
        if span.arrival - first >= (last - first) / 2 then
            cut = cut or span.arrival
            after[#after + 1] = span
        end
    end
    for _, span in ipairs(spans) do
        before[#before + 1] = span.stop < cut and span or nil
    end
    return before, after
end

local function list_of(spans, value_of)
    local values = {}
    for index, span in ipairs(spans) do
        values[index] = value_of(span) * ms
    end
    return values
end

local value_of = {
    makespan = function(span) return span.stop - span.arrival end,
    run = function(span) return span.stop - span.start end,
    queue = function(span) return span.start - span.arrival end,
}

describe("backtest", function()
    teardown(helper.clean)

    describe("of a log whose second half has twice the load, through four places", function()
        local log, spans, found

        setup(function()
            log, spans = queue_log({ 24, 48 }, 20000, 3)
            found = backtest(log, helper.script("return { limits = { nodes = 4 } }", "scenario"))
        end)

        it("predicts the queue that the past does not know: p90 within 10 %, the past is over 50 % off", function()
            local makespan = measure_of(found, "makespan")
            assert.True(math.abs(makespan.statistics.p90.error) < 0.1)
            assert.True(math.abs(makespan.statistics.p90.naive_error) > 0.5)
            assert.equal("better", makespan.verdict)
            assert.equal("better", measure_of(found, "queue", 1).verdict)
        end)

        it("does not predict it without the scenario's limit, and says that it found one", function()
            local unlimited, result = backtest(log)
            assert.True(math.abs(measure_of(unlimited, "makespan").statistics.p90.error) > 0.5)
            assert.equal(4, unlimited.folds[1].contention.places)
            assert.matches("recorded on 4 places, .*`limits = { nodes = 4 }` has them arise anew", result.stderr)
            assert.Nil(found.folds[1].contention)
        end)

        it("does not play the waiting for a place twice: learnt under the same load, it predicts the same", function()
            local _, loaded = queue_log({ 37, 37 }, 20000, 5)
            local seen = backtest(queue_logs.write(loaded), helper.script("return { limits = { nodes = 4 } }"))
            local seen_twice = backtest(queue_logs.write(loaded),
                helper.script("return { limits = { nodes = 4, recorded = { nodes = 1000 } } }"))
            local once = measure_of(seen, "makespan").statistics.mean.predicted
            local twice = measure_of(seen_twice, "makespan").statistics.mean.predicted
            -- Where the engine had 1000 places, what was waited was for something else: it comes on top.
            local waited = mean(list_of(sides(loaded), value_of.queue))
            assert.near(waited, twice - once, 0.35 * waited)
        end)

        it("measures what came, and the past, by their definitions: percentiles within 0.8 %, means exactly", function()
            local before, after = sides(spans)
            for name, node in pairs { makespan = false, run = 1, queue = 1 } do
                local measure = measure_of(found, name, node or nil)
                local real, naive = list_of(after, value_of[name]), list_of(before, value_of[name])
                assert.equal(#real, measure.real_count)
                assert.equal(#naive, measure.naive_count)
                for statistic, share in pairs { p50 = 0.5, p90 = 0.9, p99 = 0.99 } do
                    assert_near(percentile(real, share), measure.statistics[statistic].real, 1 / 128)
                    assert_near(percentile(naive, share), measure.statistics[statistic].naive, 1 / 128)
                end
                -- Nanoseconds of what was written in whole microseconds.
                assert_near(mean(real), measure.statistics.mean.real, 1e-3)
                assert_near(mean(naive), measure.statistics.mean.naive, 1e-3)
                local numbers = measure.statistics.p90
                assert_near(numbers.predicted / numbers.real - 1, numbers.error, 1e-9)
                assert_near(numbers.naive / numbers.real - 1, numbers.naive_error, 1e-9)
            end
        end)

        it("counts what it learnt, what was open at the cut, and what arrived after it", function()
            local before, after = sides(spans)
            local learnt = found.folds[1].learnt
            assert.equal(#spans - #after, learnt.traces)
            assert.equal(#before, learnt.closed)
            assert.equal(#spans - #after - #before, learnt.open)
            assert.equal(#after, found.folds[1].arrivals)
            local throughput, last = measure_of(found, "throughput"), 0
            for _, span in ipairs(spans) do
                last = math.max(last, span.stop)
            end
            local seconds = (last - after[1].arrival) / 1000
            assert_near(#after / seconds, throughput.statistics.value.real, 1e-6)
        end)

        it("gives the same bytes for the same seed, and others for another one", function()
            local _, first = backtest(log, "--seed", "5")
            local _, again = backtest(log, "--seed", "5")
            local _, other = backtest(log, "--seed", "6")
            assert.equal(first.stdout, again.stdout)
            assert.not_equal(first.stdout, other.stdout)
        end)

        it("says in one sentence what it predicts better than the past", function()
            assert.matches("^better than the past repeated: makespan", found.summary)
            local text = helper.output_of("backtest", log, helper.script("return { limits = { nodes = 4 } }"))
            assert.truthy(text:gsub("%s+", " "):find(found.summary .. " ", 1, true))
            for line in text:gmatch("[^\n]+") do
                assert.True(utf8.len(line) <= 80, line)
            end
        end)
    end)

    it("is loaded at the cut: who waited there goes on waiting, and those that come after wait for them", function()
        local log, spans = queue_log({ 60, 15 }, 10000, 9)
        local found = backtest(log, "--at", tostring(simulation_logs.start_ns + 10000 * ms),
            helper.script("return { limits = { nodes = 4 } }"))
        assert.True(found.folds[1].learnt.open > 100)
        local queue, waited = measure_of(found, "queue", 1), {}
        for _, span in ipairs(spans) do
            waited[#waited + 1] = span.arrival >= 10000 and value_of.queue(span) * ms or nil
        end
        -- 15 traces a second do not wait for each other: what they waited is what was left from before.
        assert.near(mean(waited), queue.statistics.mean.predicted, 0.15 * mean(waited))
        assert.True(mean(waited) > 500 * ms)
    end)

    it("knows nothing of what comes after the cut but when traces arrive", function()
        local random = queue_logs.random(7)
        local arrivals = queue_logs.arrivals(random, { 30, 30 }, 5000)
        local predicted = {}
        for variant, slower in ipairs { 1, 3 } do
            local services, of_service = {}, queue_logs.random(11)
            for index, arrival in ipairs(arrivals) do
                local service = 20 + 60 * of_service()
                services[index] = arrival < 5000 and service or service * slower
            end
            local spans = queue_logs.schedule(arrivals, services, 1000)
            -- The log ends with the same event, so that both are cut at the same time.
            spans[#spans + 1] = { arrival = 12000, start = 12000, stop = 12010 }
            local found = backtest(queue_logs.write(spans), "--at", tostring(simulation_logs.start_ns + 5000 * ms))
            predicted[variant] = measure_of(found, "makespan")
        end
        for _, statistic in ipairs { "p50", "p90", "p99", "mean" } do
            assert.equal(predicted[1].statistics[statistic].predicted, predicted[2].statistics[statistic].predicted)
            assert.True(predicted[2].statistics[statistic].real > 2 * predicted[1].statistics[statistic].real)
        end
    end)

    it("weights traces that were open at the cut: what takes long is not forgotten because it was not over", function()
        -- Every second trace takes 6 s. Traces arrive for 20 s, so that of those before the cut that take so long the
        -- 60 that began in the last 6 s are open, and 40 closed.
        local spans = {}
        for index = 0, 399 do
            local arrival = index * 50
            local takes = index % 2 == 0 and 20 or 6000
            spans[#spans + 1] = { arrival = arrival, start = arrival, stop = arrival + takes }
        end
        local makespan = measure_of(backtest(queue_logs.write(spans), "--rounds", "9"), "makespan")
        assert_near(3010 * ms, makespan.statistics.mean.real, 0.001)
        assert_near((100 * 20 + 40 * 6000) / 140 * ms, makespan.statistics.mean.naive, 0.001)
        assert.True(math.abs(makespan.statistics.mean.error) < 0.05, tostring(makespan.statistics.mean.error))
    end)
end)

local conditions = require "tracereel.backtest.conditions"
local helper = require "tests.spec.helper"
local judgement = require "tracereel.backtest.judgement"
local queue_logs = require "tests.spec.queue_logs"
local reel = require "tracereel"
local simulation_logs = require "tests.spec.simulation_logs"

-- A log of traces that arrive every 10 ms and take 5 ms, but where a function says otherwise.
local function even_log(count, change)
    local spans = {}
    for index = 1, count do
        local arrival = index * 10
        spans[index] = { arrival = arrival, start = arrival, stop = arrival + 5 }
        if change then
            change(spans[index], index)
        end
    end
    return queue_logs.write(spans)
end

local function run(...)
    return helper.run { "backtest", ... }
end

local function assert_refused(result, words)
    assert.equal(6, result.status, result.stderr)
    assert.equal("", result.stdout)
    assert.matches(words, result.stderr)
end

describe("backtest refuses", function()
    after_each(helper.clean)

    it("a log with fewer than 50 closed traces: too few", function()
        assert_refused(run(even_log(49)), "49 of 49 traces closed: too few to learn from and to judge by; a backtest "
            .. "takes at least 50")
        assert.equal(0, run(even_log(50)).status)
        assert_refused(run("examples/logs/orders"), "20 of 32 traces closed: too few")
    end)

    it("a log without a trace, and one of traces that are all open", function()
        assert_refused(run(simulation_logs.write { { "checkpoint", 0, 0 } }), "no trace begins in the log")
        local records = {}
        for index = 1, 60 do
            records[index] = { "trace_start", index, 0, index }
        end
        assert_refused(run(simulation_logs.write(records)), "0 of 60 traces closed: too few")
    end)

    it("a single arrival: half of its time has no trace", function()
        assert_refused(run(even_log(1)), "1 of 1 trace closed: too few")
        local start_ns = simulation_logs.start_ns
        assert_refused(run("--at", tostring(start_ns + 991 * simulation_logs.millisecond), even_log(100)),
            "1 trace closed after the cut at .*: too few to judge by")
    end)

    it("a cut before the first trace or after the last, and one with too little on a side", function()
        assert_refused(run("--at", "2020-01-01", even_log(60)), "no trace arrives before the cut at 2020%-01%-01")
        assert_refused(run("--at", "2200-01-01", even_log(60)), "no trace arrives from the cut at 2200%-01%-01")
        assert_refused(run("--at", "5%", even_log(60)), "3 traces closed before the cut at .*: too few to learn from")
        assert_refused(run("--at", "95%", even_log(60)), "3 traces closed after the cut at .*: too few to judge by")
    end)

    it("a log in which all traces arrive at once: no time passes before the cut", function()
        assert_refused(run(even_log(60, function(span)
            span.arrival, span.start, span.stop = 10, 10, 20
        end)), "no trace arrives before the cut")
    end)

    it("a clock that steps back across the cut, where time stands still", function()
        -- From the 60th trace on the clock is a minute behind.
        local directory = helper.directory() .. "/log"
        local writer = reel.writer(directory)
        for index = 1, 120 do
            local at = simulation_logs.start_ns
                + (index * 10 - (index >= 55 and 60000 or 0)) * simulation_logs.millisecond
            local id = ("00000000-0000-4000-8000-%012x"):format(index)
            writer:append(reel.record.trace_start { trace_id = id, timestamp_ns = at })
            writer:append(reel.record.trace_complete { trace_id = id, timestamp_ns = at + simulation_logs.millisecond })
        end
        writer:close()
        assert_refused(run("--at", tostring(simulation_logs.start_ns + 300 * simulation_logs.millisecond), directory),
            "the clock steps: %d+ traces after the cut at .* began up to 1m00s earlier than records before them")
    end)

    it("a log from a pipe, two ways to cut, and arguments without a scenario", function()
        for _, arguments in ipairs { { "-" }, { "--at", "50%", "--folds", "2", even_log(60) },
            { "-a", "x=1", even_log(60) }, { "--at", "0%", even_log(60) }, { "--at", "soon", even_log(60) } } do
            local result = run(table.unpack(arguments))
            assert.equal(2, result.status, result.stderr)
        end
    end)

    it("a scenario that says when traces arrive, or what happens to a log", function()
        for key, value in pairs { arrivals = '{ rate = 3 }', traces = "7", crash = "{ record = 3 }",
            damage = "{ bit_flips = 1 }", faults = "{}", goal = "function() return true end" } do
            local result = run(even_log(60), helper.script(("return { %s = %s }"):format(key, value), key))
            assert.equal(2, result.status)
            assert.matches("scenario .*: " .. key .. ": not in a backtest: ", result.stderr)
        end
    end)
end)

describe("backtest", function()
    after_each(helper.clean)

    it("of a damaged log goes by what is whole, and ends with status 3", function()
        local log = even_log(200, function(span, index)
            span.stop = span.arrival + (index <= 100 and 5 or 10)
        end)
        local segment = log .. "/wal_0000000000000000.log"
        local bytes = helper.read(segment)
        local middle = #bytes // 4
        helper.write(segment, bytes:sub(1, middle) .. ("\255"):rep(300) .. bytes:sub(middle + 301))
        local result = run(log)
        assert.equal(3, result.status)
        assert.matches("is damaged: what is learnt and compared is what is whole of it", result.stderr)
        assert.matches("makespan p50", result.stdout)
        assert.equal(7, run("--fail-on", "p90>20%", log).status)
    end)

    it("takes a scenario's arguments, and names of nodes", function()
        local log = even_log(100)
        helper.write(log .. "/tracereel.flow.lua", 'return { nodes = { [1] = { name = "work" } } }')
        local scenario = helper.script('return { args = { factor = { type = "number", default = 1 } }, '
            .. "start = function(args) return { node = { work = { time = args.factor } } } end }", "scenario")
        local result = run(log, scenario, "-a", "factor=3", "--fail-on", "work.run.p50>100%")
        assert.equal(7, result.status)
        assert.matches("failed: work.run.p50>100%%: work run p50: %+200 %%", result.stdout)
        assert.equal(0, run(log, scenario, "--fail-on", "work.run.p50>100%").status)
    end)

    it("takes a trace that begins afresh for one arrival", function()
        local directory = helper.directory() .. "/log"
        local writer = reel.writer(directory)
        for index = 1, 200 do
            local at = simulation_logs.start_ns + index * simulation_logs.millisecond
            local id = ("00000000-0000-4000-8000-%012x"):format((index + 1) // 2)
            writer:append(reel.record.trace_start { trace_id = id, timestamp_ns = at })
            if index % 2 == 0 then
                writer:append(reel.record.trace_complete { trace_id = id, timestamp_ns = at + 500000 })
            end
        end
        writer:close()
        local fold = reel.json_decode(run("--json", directory).stdout).folds[1]
        assert.equal(50, fold.arrivals)
        assert.equal(50, fold.closed)
        for _, measure in ipairs(fold.measures) do
            assert.near(0, measure.statistics.p50 and measure.statistics.p50.error or measure.statistics.value.error,
                0.001)
        end
    end)

    it("says that what a scenario names is not in the part that is learnt", function()
        local log = even_log(100)
        local result = run(log, helper.script("return { node = { [7] = { time = 2 } } }"))
        assert.equal(2, result.status)
        assert.matches("7.*%(in the part before the cut at .*, which is learnt from%)", result.stderr)
    end)

    it("takes an imported log, whose nodes have names", function()
        -- 80 cases, ten minutes apart: a check of a minute, then work of 20 minutes (40 in every fourth case).
        local rows = { "case_id,activity,start_time,end_time" }
        for case = 0, 79 do
            for _, step in ipairs { { "check", 0, 1 }, { "do work", 1, case % 4 == 0 and 41 or 21 } } do
                local from, to = case * 10 + step[2], case * 10 + step[3]
                rows[#rows + 1] = ("%d,%s,2025-11-24 %02d:%02d:00,2025-11-24 %02d:%02d:00"):format(case, step[1],
                    from // 60, from % 60, to // 60, to % 60)
            end
        end
        local directory = helper.directory()
        helper.write(directory .. "/cases.csv", table.concat(rows, "\n") .. "\n")
        helper.output_of("import", directory .. "/cases.csv", "-o", directory .. "/log")
        local fold = reel.json_decode(run("--json", directory .. "/log").stdout).folds[1]
        assert.equal(40, fold.arrivals)
        local by_name = {}
        for _, measure in ipairs(fold.measures) do
            by_name[(measure.node_name or "") .. "." .. measure.name] = measure
        end
        local minute_ns = 60 * 1000000000
        assert.near(20 * minute_ns, by_name["do work.run"].statistics.p50.real, minute_ns / 4)
        assert.near(25 * minute_ns, by_name["do work.run"].statistics.mean.real, minute_ns)
        assert.near(0, by_name["do work.run"].statistics.mean.error, 0.1)
        assert.near(minute_ns, by_name["check.run"].statistics.mean.predicted, 1)
        assert.equal(0, run("--fail-on", "do work.run.mean>10%", directory .. "/log").status)
    end)

    it("writes nothing but what it was asked to", function()
        local log = even_log(60)
        local before = helper.shell("cd " .. log .. " && sha256sum * && ls -la")
        run(log)
        assert.equal(before, (helper.shell("cd " .. log .. " && sha256sum * && ls -la")))
    end)

    it("with folds learns from all before each cut, at the same distance, and gives the mean error", function()
        -- Each third of the traces takes twice as long as the one before.
        local log = even_log(300, function(span, index)
            span.stop = span.arrival + 10 * 2 ^ ((index - 1) // 100)
        end)
        local found = reel.json_decode(run("--json", "--folds", "2", log).stdout)
        assert.equal(2, #found.folds)
        local start_ns = simulation_logs.start_ns
        for index, fold in ipairs(found.folds) do
            assert.equal(index * 100, (fold.cut_ns - start_ns) // (10 * simulation_logs.millisecond) - 1)
            assert.equal(index * 100, fold.learnt.traces)
        end
        -- 10 ms were known, and 20 came; 10 and 20, and 40 came.
        local makespan = found.measures[1]
        assert.equal("makespan", makespan.name)
        assert.near((0.5 + 0.5) / 2, makespan.statistics.p99.naive_error, 0.01)
        assert.near((0.5 + 0.75) / 2, makespan.statistics.p50.naive_error, 0.02)
        assert.equal(2, makespan.folds)
    end)

    it("with rounds gives intervals that hold what comes in the share that it says", function()
        local covered = 0
        for seed = 1, 6 do
            local random = queue_logs.random(seed)
            local log = even_log(100, function(span)
                span.stop = span.arrival + 1 - 10 * math.log(1 - random())
            end)
            local found = reel.json_decode(run("--json", "--rounds", "19", log).stdout)
            assert.near(0.9, found.coverage, 1e-12) -- from the smallest of 19 to the largest
            local mean = found.folds[1].measures[1].statistics.mean
            assert.True(mean.low < mean.high)
            assert.True(mean.low <= mean.predicted and mean.predicted <= mean.high)
            covered = covered + (mean.low <= mean.real and mean.real <= mean.high and 1 or 0)
        end
        -- Fewer than 4 of 6 are as probable as 1 in 60.
        assert.True(covered >= 4, covered .. " of 6")
        -- Of 200 rounds, the 5 smallest and the 5 largest are outside.
        assert.near(1 - 2 * 5 / 201, judgement.coverage(200), 1e-12)
    end)
end)

describe("a condition of backtest --fail-on", function()
    after_each(helper.clean)

    local function parsed(text)
        local condition, problem = conditions.parse(text)
        assert.truthy(condition, problem)
        return { condition.node, condition.measure, condition.statistic, condition.limit, n = 4 }
    end

    it("is a measure with a statistic, of the makespan where it names none, of any node where it names none", function()
        assert.same({ nil, "makespan", "p90", 0.2, n = 4 }, parsed "p90>20%")
        assert.same({ nil, "makespan", "p90", 0.2, n = 4 }, parsed " makespan.p90 > 20 % ")
        assert.same({ "charge", "queue", "mean", 0.5, n = 4 }, parsed "charge.queue.mean>50%")
        assert.same({ "a.b", "run", "ks", 0.125, n = 4 }, parsed "a.b.run.ks>12.5%")
        assert.same({ nil, "run", "p99", 0.1, n = 4 }, parsed "run.p99>10%")
        assert.same({ nil, "throughput", nil, 0.1, n = 4 }, parsed "throughput>10%")
        assert.same({ "3", "errors", nil, 0.02, n = 4 }, parsed "3.errors>2%")
    end)

    it("that is wrong is refused with the character at which it is", function()
        for text, place in pairs {
            ["p90"] = 4, ["p90>"] = 5, ["p90>x%"] = 5, ["p90>20"] = 7, ["p90>20%%"] = 7, [">20%"] = 1,
            ["p80>20%"] = 1, ["makespan>20%"] = 9, ["makespan.p80>20%"] = 10, ["throughput.p90>3%"] = 11,
            ["charge.makespan.p90>3%"] = 8, [".run.p90>3%"] = 1, ["3.charge>1%"] = 3,
        } do
            local condition, problem = conditions.parse(text)
            assert.Nil(condition, text)
            assert.truthy(problem:find(("\"%s\", character %d: "):format(text, place), 1, true), problem)
        end
        local result = run("--fail-on", "p80>20%", "x")
        assert.equal(2, result.status)
        assert.matches('character 1: .*expected, got "p80"', result.stderr)
    end)

    it("that is about nothing is refused, and one that fails is told", function()
        local log = even_log(100)
        for _, condition in ipairs { "suspended.p50>10%", "9.run.p50>10%" } do
            local result = run("--fail-on", condition, log)
            assert.equal(2, result.status)
            assert.matches("there is nothing to judge", result.stderr)
        end
        local slower = even_log(100, function(span, index)
            span.stop = span.arrival + (index <= 50 and 5 or 10)
        end)
        local result = run("--fail-on", "p90>20%", "--fail-on", "run.mean>60%", "--fail-on", "ks>50%", slower)
        assert.equal(7, result.status)
        assert.matches("failed: p90>20%%: makespan p90: %-50 %%", result.stdout)
        assert.matches("failed: ks>50%%: makespan ks: 1.00 apart", result.stdout)
        assert.not_matches("run.mean", result.stdout)
        assert.same({ "p90>20%: makespan p90: -50 %" }, reel.json_decode(run("--json", "--fail-on", "p90>20%",
            slower).stdout).failed_checks)
    end)
end)

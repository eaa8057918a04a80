-- `--baseline`: it must find what changed, and must not cry wolf.
local baseline = require "tracereel.timing.baseline"
local helper = require "tests.spec.helper"
local hypothesis = require "tracereel.timing.hypothesis"
local tracereel = require "tracereel"

-- A generator that gives the same numbers everywhere.
local function new_random(seed)
    local state = seed
    local random = {}
    function random.uniform()
        state = state * 6364136223846793005 + 1442695040888963407
        return ((state >> 11) + 0.5) / (1 << 53)
    end
    function random.normal()
        return math.sqrt(-2 * math.log(random.uniform())) * math.cos(2 * math.pi * random.uniform())
    end
    return random
end

-- Durations as nodes have them: with a long tail, of two kinds, all nearly the same, or counted in whole milliseconds.
local shapes = {
    function(random)
        return math.exp(15 + random.normal() * 1.2)
    end,
    function(random)
        return random.uniform() < 0.9 and 2e6 + random.uniform() * 1e6 or 4e8 + random.uniform() * 1e8
    end,
    function(random)
        return 1e6 + random.uniform() * 1e4
    end,
    function(random)
        return math.floor(random.uniform() * 4) * 1e6
    end,
}

local function distribution(draw, count)
    local histogram, sum = tracereel.histogram(), 0
    for _ = 1, count do
        local value = math.floor(draw())
        histogram:add(value)
        sum = sum + value
    end
    local buckets = {}
    for lower_ns, upper_ns, times in histogram:buckets() do
        buckets[#buckets + 1] = { lower_ns = lower_ns, upper_ns = upper_ns, count = times }
    end
    return {
        count = count, sum_ns = sum, mean_ns = count > 0 and sum // count or 0, buckets = buckets,
        p50_ns = histogram:quantile(0.5), p90_ns = histogram:quantile(0.9), p95_ns = histogram:quantile(0.95),
        p99_ns = histogram:quantile(0.99), p999_ns = histogram:quantile(0.999),
    }
end

-- A report with one node of each shape, `slower` times as slow, and errors at that rate.
local function fake_report(random, count, slower, error_rate)
    local nodes = {}
    for id, shape in ipairs(shapes) do
        local errors = 0
        for _ = 1, count do
            errors = errors + (random.uniform() < (error_rate or 0.05) and 1 or 0)
        end
        nodes[id] = {
            id = id, count = count, error_count = errors,
            exact_count = count + errors, estimated_count = 0,
            run = distribution(function()
                return shape(random) * (slower or 1)
            end, count),
        }
    end
    local makespan = distribution(function()
        return shapes[1](random) * (slower or 1)
    end, count)
    return {
        relative_error = 1 / 128, nodes = nodes,
        traces = { makespan = makespan, complete_count = count, failed_count = 0 },
    }
end

local function significant(comparison, metric)
    local found = 0
    for _, shift in ipairs(comparison.shifts) do
        found = found + (shift.significant and (not metric or shift.metric == metric) and 1 or 0)
    end
    return found
end

describe("a comparison with a baseline", function()
    it("reports shifts between logs of the same process at most as often as it claims", function()
        local random = new_random(20261122)
        local alarms, comparisons = 0, 400
        for round = 1, comparisons do
            local count = ({ 12, 60, 150, 400 })[round % 4 + 1]
            local before, after = fake_report(random, count), fake_report(random, count // (round % 3 + 1))
            local comparison = baseline.compare(before, after)
            alarms = alarms + (significant(comparison) > 0 and 1 or 0)
            assert.are.equal(0.01, comparison.false_alarm_rate)
            assert.are.equal(#shapes * 7 + 7, comparison.tests)
        end
        assert.is_true(alarms <= 0.01 * comparisons, alarms .. " false alarms")
    end)

    it("finds nodes that became slower, and those with more errors", function()
        local random = new_random(7)
        local slower = baseline.compare(fake_report(random, 1500), fake_report(random, 1500, 1.5))
        assert.is_true(significant(slower, "p50") >= 4)
        local broken = baseline.compare(fake_report(random, 1500), fake_report(random, 1500, 1, 0.1))
        assert.are.equal(#shapes, significant(broken, "errors"))
        assert.are.equal(#shapes, significant(broken))
    end)

    it("finds a tail that grew though the median stayed", function()
        local random = new_random(8)
        local before, after = fake_report(random, 5000), fake_report(random, 5000)
        after.nodes[3].run = distribution(function()
            return shapes[3](random) * (random.uniform() < 0.03 and 5 or 1)
        end, 5000)
        local comparison = baseline.compare(before, after)
        assert.are.equal(0, significant(comparison, "p50"))
        local found
        for _, shift in ipairs(comparison.shifts) do
            found = found or shift.node_id == 3 and shift.metric == "p99" and shift
        end
        assert.is_true(found.significant)
        assert.is_true(found.change > 3 and found.probability <= 0.01)
        baseline.check(comparison, { baseline.parse_condition("p99>20%"), baseline.parse_condition("p50>1%") })
        assert.are.equal(1, #comparison.failed_checks)
        assert.is_truthy(comparison.failed_checks[1]:find("p99>20%: node 3: p99 1.01 ms to 5.", 1, true))
    end)

    -- The first node's run times as drawn, everything else as it was.
    local function with_runs(draw, count, changes)
        local report = fake_report(new_random(11), count)
        report.nodes[1].run = distribution(draw, count)
        for key, value in pairs(changes or {}) do
            report.nodes[1][key] = value
        end
        return report
    end

    local function shift_of(comparison, metric)
        for _, shift in ipairs(comparison.shifts) do
            if shift.node_id == 1 and shift.metric == metric then
                return shift
            end
        end
    end

    it("does not call a node slower on average because of a few extreme values", function()
        local drawn = 0
        local function mostly_faster()
            drawn = drawn + 1
            return drawn % 100 == 0 and 1e9 or 80000 + drawn % 7 * 1000
        end
        local function before()
            drawn = drawn + 1
            return 100000 + drawn % 7 * 1000
        end
        local comparison = baseline.compare(with_runs(before, 1000), with_runs(mostly_faster, 1000))
        local mean = shift_of(comparison, "mean")
        assert.is_true(mean.change > 10)
        assert.is_false(mean.significant)
        assert.is_true(shift_of(comparison, "p50").significant and shift_of(comparison, "p50").change < -0.1)
    end)

    it("does not report a shift that rounding of times can produce", function()
        local function constant(value)
            return function()
                return value
            end
        end
        local function p50_shift(value)
            return shift_of(baseline.compare(with_runs(constant(1000000), 500), with_runs(constant(value), 500)), "p50")
        end
        local small, large = p50_shift(1009000), p50_shift(1040000)
        assert.is_true(small.probability < 0.01 and not small.significant)
        assert.is_true(large.significant)
    end)

    it("fails a check for a value that was zero before, whatever the limit", function()
        local function run()
            return 1000
        end
        local comparison = baseline.compare(with_runs(run, 500, { error_count = 0 }),
            with_runs(run, 500, { error_count = 100 }))
        baseline.check(comparison, { baseline.parse_condition("errors>900%") })
        assert.are.same({ "errors>900%: node 1: errors 0 % to 17 %, from nothing" }, comparison.failed_checks)
    end)

    it("does not report a large shift of only three values", function()
        local random = new_random(9)
        assert.are.equal(0, significant(baseline.compare(fake_report(random, 3), fake_report(random, 3, 100))))
    end)

    it("does not compare exact runs with estimated ones", function()
        local random = new_random(10)
        local before, after = fake_report(random, 500), fake_report(random, 500, 3)
        after.nodes[2].estimated = true
        local comparison = baseline.compare(before, after)
        assert.are.same({ 2 }, comparison.not_compared)
        for _, shift in ipairs(comparison.shifts) do
            assert.is_true(shift.node_id ~= 2 or shift.metric == "errors")
        end
    end)
end)

-- All tables with these margins, one by one: what the exact test must add up.
local function choose(n, k)
    local product = 1
    for i = 1, k do
        product = product * (n - k + i) / i
    end
    return product
end

describe("the tests of a hypothesis", function()
    it("sum exactly the tables that are as extreme", function()
        local cases = { { 3, 10, 9, 10 }, { 0, 12, 5, 9 }, { 5, 5, 0, 5 }, { 7, 20, 6, 18 }, { 2, 30, 9, 17 } }
        for _, case in ipairs(cases) do
            local hits_a, total_a, hits_b, total_b = table.unpack(case)
            local hits = hits_a + hits_b
            local lower, upper = 0, 0
            for k = math.max(0, hits - total_b), math.min(hits, total_a) do
                local probability = choose(total_a, k) * choose(total_b, hits - k) / choose(total_a + total_b, hits)
                lower = lower + (k <= hits_a and probability or 0)
                upper = upper + (k >= hits_a and probability or 0)
            end
            local expected = math.min(1, 2 * math.min(lower, upper))
            assert.is_true(math.abs(hypothesis.split(hits_a, total_a, hits_b, total_b) - expected) < 1e-9 * expected)
        end
        assert.are.equal(1, hypothesis.split(0, 10, 0, 10))
        assert.are.equal(1, hypothesis.split(10, 10, 3, 3))
    end)

    it("handle counts in millions", function()
        local probability = hypothesis.split(500000, 1000000, 501500, 1000000)
        -- By the normal distribution: 2 * (1 - Phi(2.120)) = 0.0340.
        assert.is_true(math.abs(probability - 0.0340) < 0.0005)
        assert.is_true(hypothesis.split(1000, 1000000, 2000, 1000000) < 1e-70)
    end)

    it("adjust probabilities for their number, as Holm does", function()
        assert.are.same({ 0.03, 0.06, 0.06, 0.5 }, (function()
            local adjusted = hypothesis.adjust { 0.0075, 0.02, 0.03, 0.5 }
            for index, value in ipairs(adjusted) do
                adjusted[index] = math.floor(value * 1e6 + 0.5) / 1e6
            end
            return adjusted
        end)())
    end)
end)

describe("tracereel timing --baseline", function()
    local directory

    -- Two logs of the generator's pipeline; the second can be slower.
    local function generate(name, seed)
        local path = directory .. "/" .. name
        assert.are.equal(0, helper.run({ "generate", path, "--traces", "400", "--seed", tostring(seed) }).status)
        return path
    end

    -- A copy in which every node of a trace takes longer: times are stretched from the trace's start on.
    local function stretched(path, name, factor)
        local writer, starts = tracereel.writer(directory .. "/" .. name), {}
        for record in tracereel.open(path):records() do
            local id = record.trace_id
            starts[id] = starts[id] or record.timestamp_ns
            local passed_ns = record.timestamp_ns - starts[id]
            writer:append(record:copy { timestamp_ns = starts[id] + math.floor(passed_ns * factor) })
        end
        writer:close()
        return directory .. "/" .. name
    end

    before_each(function()
        directory = helper.directory()
    end)
    after_each(helper.clean)

    it("reports nothing for two logs of the same pipeline", function()
        local ran = helper.run { "timing", "--baseline", generate("a", 1), "--fail-on", "p50>0%", "--fail-on", "p99>0%",
            "--fail-on", "errors>0%", "--fail-on", "makespan>0%", generate("b", 2) }
        assert.are.equal("", ran.stderr)
        assert.are.equal(0, ran.status)
        assert.is_truthy(ran.stdout:find("no shift that is more than chance", 1, true))
    end)

    it("exits with 7 and the reason if a limit is exceeded, otherwise with 0", function()
        local before = generate("a", 1)
        local after = stretched(generate("b", 2), "c", 1.5)
        local function run(condition)
            return helper.run { "timing", "--json", "--baseline", before, "--fail-on", condition, after }
        end
        local ran = run("p50>20%")
        assert.are.equal(7, ran.status)
        assert.is_truthy(ran.stderr:find("p50>20%: node 3: p50 ", 1, true))
        local comparison = tracereel.json_decode(ran.stdout).comparison
        assert.is_true(#comparison.failed_checks > 0)
        assert.are.same({ before }, comparison.paths)
        assert.are.equal(0, run("p50>90%").status)
        assert.are.equal(7, run("makespan>20%").status)
        assert.are.equal(0, run("errors>20%").status)
    end)

    it("names new nodes, and nodes that are gone", function()
        local function log_of(name, nodes)
            local writer = tracereel.writer(directory .. "/" .. name)
            for index, node in ipairs(nodes) do
                local id = ("00000000-0000-0000-0000-%012x"):format(index)
                writer:append(tracereel.record.trace_start { trace_id = id, timestamp_ns = 1000 })
                writer:append(tracereel.record.node_done { trace_id = id, node_id = node, timestamp_ns = 2000 })
            end
            writer:close()
            return directory .. "/" .. name
        end
        local ran = helper.run { "timing", "--json", "--baseline", log_of("a", { 1, 2 }), log_of("b", { 2, 3, 4 }) }
        local comparison = tracereel.json_decode(ran.stdout).comparison
        assert.are.same({ 3, 4 }, comparison.new_nodes)
        assert.are.same({ 1 }, comparison.vanished_nodes)
    end)

    it("compares a node by its exact runs, however many estimated ones are left out", function()
        -- 300 traces in which node 1 ran once, and in `stray` of them ended a second time, with an estimated start.
        local function log_of(name, run_ns, stray)
            local writer = tracereel.writer(directory .. "/" .. name)
            for number = 1, 300 do
                local id = ("00000000-0000-0000-0000-%012x"):format(number)
                for _, step in ipairs {
                    { "trace_start", 0 }, { "node_start", 0 }, { "node_done", run_ns + number },
                    number <= stray and { "node_done", 2 * run_ns + number } or nil,
                } do
                    writer:append(tracereel.record[step[1]] { trace_id = id, node_id = 1, timestamp_ns = step[2] })
                end
            end
            writer:close()
            return directory .. "/" .. name
        end
        local before, none, many = log_of("a", 10000, 0), log_of("b", 20000, 0), log_of("c", 20000, 200)
        local function means(after)
            local ran = helper.run { "timing", "--json", "--baseline", before, "--fail-on", "p50>50%", after }
            assert.are.equal(7, ran.status)
            local comparison, found = tracereel.json_decode(ran.stdout).comparison, {}
            assert.are.same({}, comparison.not_compared)
            for _, shift in ipairs(comparison.shifts) do
                if shift.node_id == 1 then
                    found[shift.metric] = { shift.before, shift.after }
                end
            end
            return found
        end
        assert.are.same(means(none), means(many))
    end)

    it("fails a condition that nothing in the two logs can be judged by", function()
        local ran = helper.run { "timing", "--baseline", helper.log("done-only"), "--fail-on", "errors>50%",
            "--fail-on", "p99>20%", helper.log("orders") }
        assert.are.equal(2, ran.status)
        assert.is_truthy(ran.stderr:find("p99>20%: there is nothing to judge", 1, true), ran.stderr)
        ran = helper.run { "timing", "--baseline", helper.log("done-only"), "--fail-on", "errors>50%", "--fail-on",
            "makespan.p99>400%", helper.log("orders") }
        assert.are.equal(0, ran.status, ran.stderr)
    end)

    it("compares only the given nodes", function()
        local ran = helper.run { "timing", "--json", "--node", "3", "--baseline", generate("a", 1), generate("b", 2) }
        local comparison = tracereel.json_decode(ran.stdout).comparison
        assert.are.same({}, comparison.vanished_nodes)
        for _, shift in ipairs(comparison.shifts) do
            assert.is_true(shift.node_id == 3 or shift.node_id == nil)
        end
    end)

    it("refuses an unknown condition, and one without a baseline", function()
        for _, condition in ipairs { "p98>20%", "p99>20", "p99<20%", "makespan.errors>1%", ">1%" } do
            local ran = helper.run { "timing", "--baseline", helper.log("orders"), "--fail-on", condition,
                helper.log("orders") }
            assert.are.equal(2, ran.status)
            assert.is_truthy(ran.stderr:find("is not a condition", 1, true))
        end
        local ran = helper.run { "timing", "--fail-on", "p99>20%", helper.log("orders") }
        assert.are.equal(2, ran.status)
        assert.is_truthy(ran.stderr:find("needs a --baseline", 1, true))
    end)
end)

-- The tables that simulate prints.
local helper = require "tests.spec.helper"
local reel = require "tracereel"
local simulation_logs = require "tests.spec.simulation_logs"

local function printed(scenario, log, arguments)
    local _, ran = simulation_logs.simulate("return " .. scenario, log, arguments)
    assert.equal("", ran.stderr)
    return ran.stdout
end

-- Two traces, one after the other, of two nodes each: node 1 runs 10 ms, node 2 runs 30 ms.
local function two_traces()
    local records = {}
    for number = 1, 2 do
        local at = (number - 1) * 100
        for _, record in ipairs {
            { "trace_start", 0 }, { "node_start", 0, 1 }, { "node_done", 10, 1 },
            { "node_start", 10, 2 }, { "node_done", 40, 2 }, { "trace_complete", 40 },
        } do
            records[#records + 1] = { record[1], at + record[2], record[3], number }
        end
    end
    return simulation_logs.write(records)
end

-- Of a log that is read for it: what `measures` of --json says of either log, by what a timing counts.
local function measured(path, flow)
    local timing = reel.timing(flow)
    local log = reel.open(path, { measured = true })
    local function add(_, trace)
        if trace then
            timing:add(trace)
        end
    end
    log:replay { trace_complete = add, trace_failed = add }
    for _, trace in ipairs(log:traces()) do
        timing:add(trace)
    end
    local report = timing:report()
    local values = {
        complete = report.traces.complete_count, failed = report.traces.failed_count, open = report.traces.open_count,
        throughput = report.traces.throughput_per_s, suspended_mean = report.traces.suspended.mean_ns,
        makespan_p50 = report.traces.makespan.p50_ns, makespan_mean = report.traces.makespan.mean_ns,
    }
    for _, node in ipairs(report.nodes) do
        for name, value in pairs {
            done = node.count, errors = node.error_count, run_p99 = node.run.p99_ns, queue_mean = node.queue.mean_ns,
            critical = node.critical_share,
        } do
            values[("node.%d.%s"):format(node.id, name)] = value
        end
    end
    return values
end

-- The measures of one side that `measured` has, 0 where the other log has none.
local function assert_measured(expected, measures, side, log)
    for name, value in pairs(expected) do
        assert.equal(value, measures[name] and measures[name][side], ("%s of %s: %s"):format(name, log, side))
    end
end

describe("what simulate prints", function()
    after_each(helper.clean)

    -- Logs with open traces, damage, restarts and records of no trace.
    it("is what reading each log again would measure, also with a flow, and where records are lost", function()
        local flow = "{ nodes = { [0] = {}, [1] = { after = { 0 } }, [2] = { after = { 0 } } } }"
        for _, name in ipairs { "orders", "bit-flip-payload", "restarted" } do
            for _, rest in ipairs {
                "",
                ", node = { [1] = { time = 2.5 }, [2] = { fail = 0.5, retry = { max = 1 } } }",
                ", crash = { record = 20, torn = 5, lost = 2 }",
                ", damage = { bit_flips = 3 }",
            } do
                local log = "tests/fixtures/logs/" .. name
                local scenario = ("return { flow = %s%s }"):format(flow, rest)
                local out, ran = simulation_logs.simulate(scenario, log, { "--json" })
                assert.is_true(ran.status == 0 or ran.status == 3, ran.stderr)
                local order = load("return " .. flow)()
                local measures = reel.json_decode(ran.stdout).measures
                assert_measured(measured(log, order), measures, "recorded", name .. rest)
                assert_measured(measured(out, order), measures, "simulated", name .. rest)
            end
        end
    end)

    -- Node 2 becomes 15 ms: makespan 40 -> 25 ms; of it node 1 decides 10 (25 % -> 40 %). Two traces are closed in
    -- 140 ms (from the first start to the last end), then in 125 ms.
    it("is one row for each node that changed, beside the recorded numbers", function()
        assert.equal(table.concat({
            "simulated 2 traces, 12 records (recorded: 2 traces, 12 records)",
            "",
            "Traces  makespan p50, p90, p99; mean time suspended",
            "          COMPLETE  FAILED   OPEN    CLOSED      P50      P90      P99 SUSPENDED",
            "recorded         2       0      0   14.29/s  40.0 ms  40.0 ms  40.0 ms      0 ns",
            "simulated        2       0      0      16/s  25.0 ms  25.0 ms  25.0 ms      0 ns",
            "change                               +12.0%   -37.5%   -37.5%   -37.5%",
            "",
            "Nodes  recorded → simulated; one number: the same in both",
            "NODE RUN P50           RUN P99           QUEUE P99         CRITICAL %  ERROR %",
            "1    10.0 ms           10.0 ms              0 ns           25.0 → 40.0   0",
            "2    30.0 ms → 15.0 ms 30.0 ms → 15.0 ms    0 ns           75.0 → 60.0   0",
            "",
        }, "\n"), printed('{ node = { [2] = { time = 0.5 } } }', two_traces()))
    end)

    it("counts the nodes without a difference", function()
        assert.matches("\n2 nodes as recorded\n$", printed("{}", two_traces()))
    end)

    it("has the interval of several runs under the value", function()
        local text = printed("{ node = { [2] = { time = function(ns, _, _, random) return ns * random() end } } }",
            two_traces(), { "--runs", "4" })
        assert.matches("\n  sim%. ±  ", text)
        local _, first = text:find("\n2  .-\n")
        assert.matches("^ +± [%d.]+ ms", text:sub(first + 1))
        assert.is_nil(text:match("\n1 [^\n]*\n[^\n]*ms ± ")) -- node 1 runs as long as it did
    end)

    it("measures both logs by the scenario's flow, so that waiting for a limit is queue time", function()
        local log = simulation_logs.write {
            { "trace_start", 0 }, { "node_start", 0, 1 }, { "node_start", 0, 2 }, { "node_done", 10, 1 },
            { "node_done", 10, 2 }, { "trace_complete", 10 },
        }
        local text = printed("{ limits = { nodes = 1 }, flow = { nodes = { [1] = {}, [2] = {} } } }", log)
        assert.matches("\n2    10.0 ms           10.0 ms              0 ns → 10.0 ms", text)
    end)

    it("has at most 80 columns if times are a million times as long", function()
        local text = printed('{ node = { [2] = { time = "3000d" } } }', two_traces())
        assert.matches("\nchange .* x %de%+%d%d", text)
        for line in text:gmatch("[^\n]+") do
            assert.is_true(utf8.len(line) <= 80, line)
        end
    end)

    it("has at most 80 columns", function()
        for _, arguments in ipairs { {}, { "--runs", "3" } } do
            local text = printed("{ traces = 500, arrivals = { rate = 1000 }, limits = { nodes = 3 }, "
                .. "node = { default = { fail = 0.5, retry = { max = 2 } } } }", helper.log("orders"), arguments)
            for line in text:gmatch("[^\n]+") do
                assert.is_true(utf8.len(line) <= 80, line)
            end
        end
    end)
end)

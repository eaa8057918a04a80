local helper = require "tests.spec.helper"
local simulation_logs = require "tests.spec.simulation_logs"

local simulate = simulation_logs.simulate

-- helper.objects keeps numbers as texts, marked.
local function number(text)
    return tonumber((text:gsub("^#", "")))
end

describe("a crash", function()
    after_each(helper.clean)

    it("after a number of records leaves exactly these", function()
        local lines = simulation_logs.play("return { crash = { record = 100 } }", helper.log("orders"))
        local whole = simulation_logs.lines(helper.log("orders"))
        assert.same(table.move(whole, 1, 100, 1, {}), lines)
    end)

    it("loses the last records, and leaves a torn one", function()
        local lines, _, directory = simulation_logs.play(
            "return { crash = { record = 100, lost = 10, torn = 40 } }", helper.log("orders"))
        local whole = simulation_logs.lines(helper.log("orders"))
        assert.same(table.move(whole, 1, 90, 1, {}), lines)
        local gaps = helper.objects(helper.run({ "check", "--json", directory }).stdout)
        local text = helper.run({ "check", directory }).stdout
        assert.matches("torn_tail", text)
        assert.equal("torn_tail", gaps[1].class)
    end)

    it("leaves no whole record in place of a torn one, whatever the number of bytes", function()
        local lines, _, directory = simulation_logs.play(
            "return { crash = { record = 3, lost = 1, torn = 1000 } }", simulation_logs.one_node())
        assert.same({ "trace_start 0@0", "node_start 1@0" }, lines)
        assert.equal(3 * 69 - 1, tonumber((helper.shell(("cat %s/wal_* | wc -c"):format(directory)))))
    end)

    it("at a time leaves what was written before it", function()
        local lines = simulation_logs.play('return { crash = { at = "5ms" } }', simulation_logs.one_node())
        assert.same({ "trace_start 0@0", "node_start 1@0" }, lines)
        lines = simulation_logs.play('return { crash = { at = "10ms" } }', simulation_logs.one_node())
        assert.equal("trace_complete 0@10", lines[#lines])
    end)
end)

describe("a scenario", function()
    after_each(helper.clean)

    local cases = {
        { "{ nodes = {} }", 'unknown key "nodes"' },
        { "{ node = { [3] = { tiem = 1 } } }", 'node%[3%]: unknown key "tiem"' },
        { "{ node = { [99] = {} } }", "node%[99%]: the log has no node 99" },
        { "{ node = { x = {} } }", 'node%["x"%]: "x" is not a node number' },
        { "{ node = { ['3'] = {} } }", 'node%["3"%]: "3" is not a node number' },
        { "{ ['\\27[31m'] = 1 }", 'unknown key "\\x1b%[31m"' },
        { "{ traces = 1e300 }", "traces: a whole number" },
        { "{ traces = '5' }", "traces: a whole number" },
        { '{ node = { [3] = { time = "-5ms" } } }', 'node%[3%]%.time: "%-5ms" is negative' },
        { "{ node = { [3] = { time = -1 } } }", "%-1 is negative" },
        { "{ node = { [3] = { time = 120000000 } } }", 'node%[3%]%.time: a number is a factor of the recorded time, '
            .. 'from 0 to 1000, and 120000000 is more; a time is written "120ms", and nanoseconds,.* "120000000ns"' },
        { "{ suspension = { [4] = { time = 1000.5 } } }", "from 0 to 1000, and 1000%.5 is more" },
        { "{ arrivals = { every = -1 } }", "arrivals%.every: %-1 is negative" },
        { "{ arrivals = { every = 0.5 } }", 'arrivals%.every: a time like "120ms" expected, or whole nanoseconds, got '
            .. "0%.5" },
        { '{ node = { [3] = { time = "soon" } } }', "is not a duration" },
        { "{ node = { [3] = { fail = 1.5 } } }", "node%[3%]%.fail: a number from 0 to 1" },
        { "{ node = { [3] = { retry = { max = 1 } } } }", "never fails" },
        { "{ node = { [3] = { fail = 1, retry = { max = 1, wait = 2 } } } }", 'retry: unknown key "wait"' },
        { "{ suspension = { [77] = {} } }", "no node 77" },
        { "{ arrivals = { rate = -2 } }", "arrivals%.rate" },
        { '{ arrivals = { rate = 2, every = "1s" } }', "one of rate, every and times" },
        { "{ traces = 0 }", "traces: a whole number" },
        { "{ limits = { nodes = 0 } }", "limits%.nodes" },
        { "{ limits = { threads = 1 } }", 'unknown key "threads"' },
        { "{ flow = { nodes = { [1] = { after = {2} }, [2] = { after = {1} } } } }", "1 after 2 after 1" },
        { "{ flow = { nodes = { [55] = {} } } }", "no node 55" },
        { "{ crash = {} }", "crash: one of" },
        { "{ seed = 1.5 }", "seed: a whole number" },
        { "{ loop = 8 }", "loop: a table like" },
        { "{ loop = { [8] = { times = 2 } } }", 'loop%[8%]: unknown key "times"' },
        { "{ loop = { [8] = {} } }", "loop%[8%]%.iterations: a whole number from 1 to 1000000 expected, got nil" },
        { "{ loop = { [8] = { iterations = 0 } } }", "loop%[8%]%.iterations: a whole number from 1 " },
        { "{ loop = { [8] = { iterations = -2 } } }", "loop%[8%]%.iterations: a whole number from 1 " },
        { "{ loop = { [99] = { iterations = 2 } } }", "loop%[99%]: the log has no node 99" },
        { "{ loop = { [3] = { iterations = 2 } } }", "loop%[3%]: node 3 is no loop" },
        { "{ loop = { [8] = { iterations = 2, body = { 99 } } } }", "loop%[8%]%.body: the log has no node 99" },
        { "{ loop = { [8] = { iterations = 2, body = { x = 3 } } } }", "loop%[8%]%.body: a list expected" },
        { "{ on_event = 7 }", "on_event: a function expected" },
        { "{ node = { [3] = { fail = '1' } } }", 'node%[3%]%.fail: a number from 0 to 1 expected, got "1"\n' },
        { "{ node = { [3] = { fail = {} } } }", "node%[3%]%.fail: a number from 0 to 1 expected, got a table\n" },
        { "{ node = { [3] = { fail = 0/0 } } }", "node%[3%]%.fail: a number from 0 to 1 expected, got nan\n" },
        { "7", "a table expected" },
    }
    for _, case in ipairs(cases) do
        it(("with a mistake is refused before anything runs: %s"):format(case[1]), function()
            local directory, ran = simulate("return " .. case[1], helper.log("orders"))
            assert.equal(2, ran.status, ran.stderr)
            assert.matches(case[2], ran.stderr)
            assert.equal("", (helper.shell("ls " .. directory .. " 2>/dev/null")))
        end)
    end

    -- Reading such a table runs the scenario's code, or does not see what is in it.
    it("has no metatables", function()
        for where, text in pairs {
            [": a table"] = "setmetatable({}, { __index = { seed = 3 } })",
            [": limits: a table"] = "{ limits = setmetatable({}, { __pairs = function() error 'seen' end }) }",
            [": node[3].retry: a table"] = "{ node = { [3] = { retry = setmetatable({}, { __index = print }) } } }",
            [": start: seed: a table"] = "{ start = function() return { seed = setmetatable({}, {}) } end }",
        } do
            local _, ran = simulate("return " .. text, helper.log("orders"))
            assert.equal(1, ran.status)
            assert.truthy(ran.stderr:find(where .. " without a metatable expected\n", 1, true), ran.stderr)
        end
    end)

    it("can make traces last longer than a signed 64-bit number of nanoseconds", function()
        local scenario = "return { node = { [1] = { time = function() return math.maxinteger end } } }"
        local _, ran = simulate(scenario, helper.log("orders"))
        assert.equal(0, ran.status, ran.stderr)
        assert.matches("\nsimulated +%d+ +%d+ +%d+ +%S+ +>292y +>292y +>292y ", ran.stdout)
        local object = helper.objects(select(2, simulate(scenario, helper.log("orders"), { "--json" })).stdout)[1]
        assert.is_true(tonumber((object.measures.makespan_p50.simulated:sub(2))) >= 2 ^ 63)
        local file = helper.script(scenario, "scenario")
        local svg = helper.directory() .. "/curve.svg"
        ran = helper.run { "simulate", file, helper.log("orders"), "--sweep", "node.2.time=1,2", "--svg", svg }
        assert.equal(0, ran.status, ran.stderr)
        ran = helper.run { "simulate", file, helper.log("orders"), "--rank" }
        assert.equal(0, ran.status, ran.stderr)
        assert.matches("p50 >292y, p99 >292y", ran.stdout)
    end)

    it("has its errors reported with line, trace and node", function()
        local _, ran = simulate('return { node = { [3] = {\n time = function() error "oops" end } } }',
            helper.log("orders"))
        assert.equal(1, ran.status)
        assert.matches("scenario%.lua:2: oops %(time of node 3, trace %x+%-", ran.stderr)
    end)

    it("must answer with possible times", function()
        for _, answer in ipairs { "-1", "'x'", "nil", "0/0" } do
            local _, ran = simulate(("return { node = { [3] = { time = function() return %s end } } }"):format(answer),
                helper.log("orders"))
            assert.equal(1, ran.status)
            assert.matches("scenario%.lua:1: time of node 3, trace .*: a time in nanoseconds", ran.stderr)
        end
        local _, ran = simulate("return { node = { [3] = { time = type } } }", helper.log("orders"))
        assert.matches("^tracereel: time of node 3, trace .* expected, got \"number\"", ran.stderr)
    end)

    it("must not let time overflow, which would make all results wrong", function()
        local too_long = {
            ['node = { default = { time = "100000d" } }'] = "node 1 of trace 1",
            ['node = { [3] = { fail = 1, retry = { max = 99, delay = "1s", factor = 2 } } }'] = "node 3 of trace %d",
            ['node = { [3] = { time = function() return math.maxinteger end } }'] = "node 3 of trace %d",
            ['arrivals = { every = "50000d" }'] = "arrival of trace 5",
        }
        for scenario, place in pairs(too_long) do
            local _, ran = simulate(("return { %s }"):format(scenario), helper.log("orders"))
            assert.equal(2, ran.status, scenario)
            assert.matches("past the year 2554.*" .. place, ran.stderr)
        end
        -- What would be tried again in a thousand years lies after the crash.
        local _, crashed = simulate([[return { crash = { at = "11h" },
            node = { [1] = { fail = 1, retry = { max = 2, delay = "10h", factor = 1000000 } } } }]],
            simulation_logs.one_node())
        assert.equal(0, crashed.status, crashed.stderr)
    end)

    it("may give whole numbers as floats, as a division does", function()
        local directory, ran = simulate("return { traces = 1e1, limits = { nodes = 16 / 2 }, seed = 2.0 }",
            helper.log("orders"))
        assert.equal(0, ran.status, ran.stderr)
        assert.equal(10, #helper.objects(helper.run({ "traces", "--json", directory }).stdout))
        ran = select(2, simulate("return { damage = { bit_flips = 4 / 2 } }", helper.log("orders"), { "--json" }))
        assert.equal(2, #helper.objects(ran.stdout)[1].runs[1].damage)
    end)

    it("cannot write over an existing log", function()
        local scenario = helper.script("return {}", "scenario")
        local copy = helper.directory()
        helper.shell(("cp %s/wal_* %s"):format(helper.log("orders"), copy))
        local ran = helper.run { "simulate", scenario, helper.log("orders"), "-o", copy }
        assert.equal(2, ran.status)
        assert.matches("already holds segments", ran.stderr)
    end)
end)

describe("what simulate prints", function()
    after_each(helper.clean)

    it("is the recorded log beside the simulated one", function()
        local _, ran = simulate("return { node = { [3] = { time = 0.5 } } }", helper.log("orders"), { "--json" })
        local object = helper.objects(ran.stdout)[1]
        local measure = object.measures["node.3.run_p50"]
        assert.is_true(math.abs(number(measure.simulated) / number(measure.recorded) - 0.5) < 0.02)
        assert.equal(60, number(object.recorded.traces))
    end)

    it("has an interval over the seeds of several runs, each in a directory of its own", function()
        local directory, ran = simulate("return { node = { [3] = { fail = 0.5 } } }", helper.log("orders"),
            { "--runs", "3", "--json" })
        local object = helper.objects(ran.stdout)[1]
        assert.equal(3, #object.runs)
        local sum, squares = 0, 0
        for _, run in ipairs(object.runs) do
            sum = sum + number(run.injected_errors)
        end
        for _, run in ipairs(object.runs) do
            squares = squares + (number(run.injected_errors) - sum / 3) ^ 2
        end
        -- 4.303: Student's t for two degrees of freedom; every injected error is a node_error.
        local errors = object.measures["node.3.errors"]
        assert.is_true(math.abs(number(errors.simulation_error) - 4.303 * math.sqrt(squares / 2 / 3)) < 0.01)
        assert.equal("run-1\nrun-2\nrun-3\n", (helper.shell("ls " .. directory)))
    end)

    it("for the example is the saved output, and the numbers in its text are right", function()
        local directory = helper.directory()
        local log = "examples/logs/orders"
        local ran = helper.run { "simulate", "examples/rush_hour.lua", log, "-o", directory .. "/simulated" }
        assert.equal("", ran.stderr)
        assert.equal(helper.read("examples/rush_hour.txt"), ran.stdout)
        local function p50(text)
            return text:match("\nsimulated%s+%d+%s+%d+%s+%d+%s+[%d.]+/s%s+(%S+ %S+)")
        end
        assert.equal("72.9 ms", p50(ran.stdout))
        local as_it_is = helper.read("examples/rush_hour.lua"):gsub("{ time = 0.5 } }", "{ time = 1 } }")
        local _, slow = simulate(as_it_is, log)
        assert.equal("232 ms", p50(slow.stdout))
    end)
end)

-- Fault exploration. Expected shares and faults are worked out by hand, from small traces.
local helper = require "tests.spec.helper"
local reel = require "tracereel"
local simulation_logs = require "tests.spec.simulation_logs"

local write = simulation_logs.write

local complete = 'goal = function(trace) return trace.status == "complete" end'

-- Node 2 waits for a person. Records 1 to 8.
local function chain()
    return write {
        { "trace_start", 0 }, { "node_start", 1, 1 }, { "node_done", 11, 1 }, { "node_start", 12, 2 },
        { "trace_suspended", 20, 2 }, { "trace_resumed", 100 }, { "node_done", 110, 2 }, { "trace_complete", 111 },
    }
end

local function explore(scenario, log, arguments)
    local all = { "simulate", helper.script(scenario, "scenario"), log, "--explore" }
    return helper.run(table.move(arguments or {}, 1, #(arguments or {}), #all + 1, all))
end

-- helper.objects keeps numbers as texts, marked.
local function number(marked)
    return tonumber((marked:gsub("^#", "")))
end

local function explored(scenario, log, arguments)
    local all = table.move(arguments or {}, 1, #(arguments or {}), 2, { "--json" })
    local ran = explore(scenario, log, all)
    assert(ran.stderr == "", ran.stderr)
    return helper.objects(ran.stdout)[1], ran
end

-- "failing/futures" of each record.
local function shares(object)
    local list = {}
    for index, record in ipairs(object.records) do
        list[index] = ("%d/%d"):format(number(record.failing), number(record.futures))
    end
    return table.concat(list, " ")
end

local function faults_of(object)
    local list = {}
    for index, fault in ipairs(object.fault_set.faults) do
        list[index] = ("%s@%d"):format(fault.kind, number(fault.record))
    end
    return table.concat(list, " ")
end

local function levels(object)
    local list = {}
    for index, level in ipairs(object.levels) do
        list[index] = ("%d of %d, %d failing"):format(number(level.tried), number(level.possible),
            number(level.failing))
    end
    return table.concat(list, "; ")
end

describe("exploring a trace", function()
    after_each(helper.clean)

    it("tries every kind of fault at every record that it fits, and reports the futures that fail", function()
        local object, ran = explored(("return { %s }"):format(complete), chain())
        -- A crash everywhere; a lost record but for the first; an error at 3 and 7; a delay at 6. Without a retry an
        -- error ends the trace, and a trace whose trace_complete is lost looks unfinished.
        assert.equal("0/1 0/2 1/3 0/2 0/2 0/3 1/3 1/2", shares(object))
        assert.equal("#1", object.records[8].kinds.lost.failing)
        assert.equal("#0", object.records[6].kinds.delay.failing)
        assert.equal("#3", object.jump.record)
        assert.equal("error@3", faults_of(object))
        assert.equal("18 of 18, 3 failing", levels(object))
        assert.equal("found", object.ended_by)
        assert.equal(7, ran.status)
    end)

    it("defines a rise as the largest jump, counting the first record's share from 0", function()
        -- Errors alone, and node 2 survives them: 100 % at record 3, 0 % at record 7.
        local survived = "node = { [2] = { retry = { max = 1 } } }, "
        local object = explored(("return { %s%s }"):format(survived, complete), chain(), { "--faults", "error" })
        assert.equal("0/0 0/0 1/1 0/0 0/0 0/0 0/1 0/0", shares(object))
        assert.same({ "#3", 0, 1 }, { object.jump.record, number(object.jump.from), number(object.jump.to) })
    end)

    it("reports the same in text", function()
        local ran = explore(("return { %s }"):format(complete), chain())
        assert.matches("\n3  11.0 ms  node_done           1  1/3      33 %%   ██   error\n", ran.stdout)
        assert.matches("largest jump: from 0 %% to 33 %% at record 3, node_done of node 1\n", ran.stdout)
        assert.matches("smallest set that fails: 1 fault\n"
            .. '  record 3, node_done of node 1: an error "simulated failure"\n', ran.stdout)
        assert.matches("all 18 futures with 1 fault were tried\n", ran.stdout)
    end)

    it("draws a point for each record at which a fault was tried, and names it", function()
        local file = helper.directory() .. "/curve.svg"
        explore(("return { %s }"):format(complete), chain(), { "--svg", file, "--faults", "error,crash" })
        local picture = helper.read(file)
        assert.matches("Futures of trace 00000000%-0000%-4000%-8000%-000000000001 that fail", picture)
        assert.matches("share of failing futures", picture)
        local shares_drawn = {}
        for share, record in picture:gmatch("<title>record %d+, [%w_ ]+: (%d+) %% at (%d+)</title>") do
            shares_drawn[tonumber(record)] = share
        end
        assert.matches("<title>record 3, node_done of node 1: 50 %% at 3</title>", picture)
        assert.matches(">record 3, node_done of node 1</text>", picture) -- beside the highest
        assert.is_nil(picture:find('class="line', 1, true))
        assert.same({ "0", "0", "50", "0", "0", "0", "50", "0" }, shares_drawn)
    end)

    it("finds no set of faults if none fails, and says that all were tried", function()
        local object, ran = explored(("return { %s }"):format(complete), chain(), { "--faults", "delay,crash",
            "--max-faults", "1" })
        assert.equal("0/1 0/1 0/1 0/1 0/1 0/2 0/1 0/1", shares(object))
        assert.equal("space", object.ended_by)
        assert.equal("#null", object.fault_set)
        assert.equal(0, ran.status)
    end)

    it("needs two errors if one is retried", function()
        local scenario = ("return { node = { default = { retry = { max = 1 } } }, %s }"):format(complete)
        local object = explored(scenario, chain(), { "--faults", "error" })
        assert.equal("0/0 0/0 0/1 0/0 0/0 0/0 0/1 0/0", shares(object))
        -- The retry's node_start is record 4, its node_done record 5.
        assert.equal("error@3 error@5", faults_of(object))
        -- After the first error come two node_dones more, after the second one.
        assert.equal("2 of 2, 0 failing; 1 of 3, 1 failing", levels(object))
    end)

    it("finds what only two different faults do together: a lost node_done, and a crash after it", function()
        -- After both, node 1 runs again, and ends after node 2, which is done.
        local log = write {
            { "trace_start", 0 }, { "node_done", 10, 1 }, { "node_done", 15, 2 }, { "trace_complete", 16 },
        }
        local object = explored([[return { goal = function(trace)
            local first, second = trace:node(1), trace:node(2)
            return not first or not second or first.end_ns < second.end_ns
        end }]], log, { "--faults", "lost,crash" })
        assert.equal("lost@2 crash@4", faults_of(object))
        assert.equal("#0", object.levels[1].failing)
    end)

    it("tries a second fault at each later record of the history after the first", function()
        local log = write { { "trace_start", 0 }, { "node_done", 10, 1 }, { "trace_complete", 11 } }
        local object = explored("return { goal = function() return true end }", log, { "--faults", "crash",
            "--max-faults", "2" })
        -- After a crash at 1 come the trace's three records; after one at 2 trace_resumed and the last two; after
        -- one at 3 trace_resumed and the last.
        assert.equal("3 of 3, 0 failing; 8 of 8, 0 failing", levels(object))
        assert.equal("space", object.ended_by)
    end)

    it("does not follow a history twice", function()
        local object = explored(("return { %s }"):format(complete), chain(), { "--faults", "delay", "--delay", "0s" })
        assert.equal("1 of 1, 0 failing", levels(object))
    end)

    it("stops at its budget, and says how far it got", function()
        local scenario = ("return { node = { default = { retry = { max = 1 } } }, %s }"):format(complete)
        local object, ran = explored(scenario, chain(), { "--faults", "error", "--budget", "2" })
        assert.equal("2 of 2, 0 failing; 0 of 3, 0 failing", levels(object))
        assert.equal("budget", object.ended_by)
        assert.equal(0, ran.status)
        local text = explore(scenario, chain(), { "--faults", "error", "--budget", "1" }).stdout
        assert.matches("no failing future was found, but not all were tried\n", text)
        assert.matches("budget of 1 future spent: 1 of the 2 futures with 1 fault were tried\n", text)
    end)

    it("explores the longest trace whose goal holds, or the given one", function()
        local log = write {
            { "trace_start", 0, 0, 1 }, { "node_done", 1, 1, 1 }, { "trace_complete", 2, 0, 1 },
            { "trace_start", 3, 0, 2 }, { "node_start", 3, 1, 2 }, { "node_done", 4, 1, 2 },
            { "trace_complete", 5, 0, 2 },
            { "trace_start", 6, 0, 3 }, { "node_start", 6, 1, 3 }, { "node_done", 7, 1, 3 }, { "node_done", 8, 2, 3 },
            { "trace_failed", 8, 0, 3 },
        }
        local scenario = ("return { %s }"):format(complete)
        assert.equal("#2", explored(scenario, log).trace_number)
        assert.equal("00000000-0000-4000-8000-000000000001",
            explored(scenario, log, { "--trace", "00000000-0000-4000-8000-000000000001" }).trace_id)
        local ambiguous = explore(scenario, log, { "--trace", "0000" })
        assert.equal(2, ambiguous.status)
        assert.matches("is the beginning of 3 traces", ambiguous.stderr)
        local unknown = explore(scenario, log, { "--trace", "beef" })
        assert.equal(2, unknown.status)
        assert.matches('begins with "beef"', unknown.stderr)
        local unhappy = explore(scenario, log, { "--trace", "00000000-0000-4000-8000-000000000003" })
        assert.equal(7, unhappy.status)
        assert.matches("does not hold without a fault: there is nothing to explore", unhappy.stdout)
        assert.matches("holds for none of the 3 traces",
            explore("return { goal = function() return false end }", log).stdout)
    end)

    it("uses only seeds with which the trace reaches its goal without faults", function()
        local scenario = ("return { node = { [1] = { fail = 0.5 } }, %s }"):format(complete)
        local log = chain()
        local expected = {}
        for seed = 0, 9 do
            local directory = simulation_logs.simulate(scenario, log, { "--seed", ("%d"):format(seed) })
            if reel.open(directory):traces()[1] == nil then -- none is left open
                expected[#expected + 1] = ("#%d"):format(seed)
            end
        end
        assert.is_true(#expected > 0 and #expected < 10)
        assert.same(expected, explored(scenario, log, { "--runs", "10", "--faults", "crash" }).seeds)
    end)

    it("gives the same answer when repeated", function()
        local scenario = ([[return { node = { [3] = { time = function(ns, _, _, random) return ns + random(1000) end,
            fail = 0.3, retry = { max = 3 } } }, %s }]]):format(complete)
        local log = helper.log("orders")
        local arguments = { "--runs", "3", "--budget", "2000" }
        assert.equal(explore(scenario, log, arguments).stdout, explore(scenario, log, arguments).stdout)
    end)

    it("prints lines of at most 80 columns", function()
        local ran = explore(("return { limits = { nodes = 4 }, %s }"):format(complete), helper.log("orders"))
        for line in ran.stdout:gmatch("[^\n]+") do
            assert.is_true(utf8.len(line) <= 80, line)
        end
        assert.matches("the scenario's limits and pools hold across traces", ran.stdout)
    end)
end)

describe("a trace alone", function()
    after_each(helper.clean)

    for what, scenario in pairs {
        ["with drawn times and failures"] = [[node = { default = { retry = { max = 50, delay = "1ms" },
            fail = function(_, _, random) return random() < 0.3 end,
            time = function(ns, _, _, random) return random.exponential(ns) end } }]],
        ["that arrives at random"] = "arrivals = { rate = 30 }",
        ["that arrives at a pace"] = 'arrivals = { every = "7ms" }',
    } do
        it(what .. " behaves as among the others", function()
            local text = ("return { seed = 5, %s, %s }"):format(scenario, complete)
            local log = helper.log("orders")
            local object = explored(text, log, { "--budget", "1" })
            local directory = simulation_logs.simulate(text, log)
            local expected, found = {}, {}
            for rec in reel.open(directory):records { traces = { object.trace_id } } do
                expected[#expected + 1] = ("%s@%d"):format(rec.type, rec.timestamp_ns)
            end
            for index, record in ipairs(object.records) do
                found[index] = ("%s@%s"):format(record.type, record.time_ns:gsub("^#", ""))
            end
            assert.is_true(#expected > 10)
            assert.same(expected, found)
        end)
    end
end)

describe("limits across traces", function()
    after_each(helper.clean)

    it("make a trace fail alone that does not among the others, which is reported", function()
        -- The second trace's node waits 10 ms for the first one's, and only then is the trace older than 15 ms.
        local log = write {
            { "trace_start", 0, 0, 1 }, { "node_start", 0, 1, 1 }, { "trace_start", 0, 0, 2 },
            { "node_start", 0, 1, 2 }, { "node_done", 10, 1, 1 }, { "node_done", 10, 1, 2 },
            { "trace_complete", 10, 0, 2 },
        }
        local scenario = [[return { limits = { nodes = 1 }, goal = function(trace)
            return trace.status == "complete" or trace.duration_ns > 15000000
        end }]]
        local object = explored(scenario, log, { "--faults", "error" })
        assert.equal("#2", object.trace_number)
        assert.equal("error@3", faults_of(object))
        assert.is_false(object.fails_in_whole_log)
        assert.matches("in the whole log, beside all other traces, it does NOT fail",
            explore(scenario, log, { "--faults", "error" }).stdout)
    end)
end)

describe("a set of faults that fails", function()
    after_each(helper.clean)

    -- Whether the trace's records in the log, as `dump` prints them, end in a trace_complete.
    local function is_complete(directory, id)
        local last
        for _, record in ipairs(helper.objects(helper.run({ "dump", "--json", directory }).stdout)) do
            last = record.trace_id == id and record.type or last
        end
        return last == "trace_complete"
    end

    it("is saved as a scenario that repeats it, with the log in which the goal fails", function()
        local directory = helper.directory() .. "/saved"
        local scenario = ("return { seed = 3, node = { default = { retry = { max = 1 } } }, %s }"):format(complete)
        local log = helper.log("orders")
        local object = explored(scenario, log, { "--faults", "error", "-o", directory })
        assert.equal(2, #object.fault_set.faults)
        assert.is_true(object.fails_in_whole_log)
        assert.is_true(is_complete(log, object.trace_id))
        assert.is_false(is_complete(directory .. "/log", object.trace_id))
        local again = helper.directory() .. "/again"
        local ran = helper.run { "simulate", directory .. "/scenario.lua", log, "-o", again }
        assert.equal(0, ran.status, ran.stderr)
        assert.matches("2 faults of the scenario happened", ran.stdout)
        assert.equal("", (helper.shell(("diff -r %s %s/log"):format(again, directory))))
        local twice = explore(scenario, log, { "-o", directory })
        assert.equal(2, twice.status)
        assert.matches("already holds", twice.stderr)
    end)

    it("is saved with the arguments that it was found with, and what `start` made of them", function()
        local directory = helper.directory() .. "/saved"
        local scenario = ([[return { args = { times = { type = "integer", default = 1 } },
            start = function(args) return { node = { default = { retry = { max = args.times } } } } end, %s }]]):format(
            complete)
        local object = explored(scenario, chain(), { "--faults", "error", "--arg", "times=2", "--seed", "9", "-o",
            directory })
        assert.equal("error@3 error@5 error@7", faults_of(object))
        assert.is_false(is_complete(directory .. "/log", object.trace_id))
        local again = helper.directory() .. "/again"
        local ran = helper.run { "simulate", directory .. "/scenario.lua", chain(), "-o", again }
        assert.matches("3 faults of the scenario happened", ran.stdout)
        assert.matches("1 trace given up", ran.stdout)
        local json = helper.run { "simulate", directory .. "/scenario.lua", chain(), "-o", again .. "2", "--json" }
        assert.equal("#9", helper.objects(json.stdout)[1].seed)
    end)

    it("is added to the faults that the scenario has already", function()
        local directory = helper.directory() .. "/saved"
        local scenario = ([[return { node = { default = { retry = { max = 1 } } }, %s,
            faults = { { trace = 1, record = 3, error = "first" } } }]]):format(complete)
        local object = explored(scenario, chain(), { "--faults", "error", "-o", directory })
        assert.equal("error@5", faults_of(object))
        assert.is_false(is_complete(directory .. "/log", object.trace_id))
    end)
end)

describe("an exploration", function()
    after_each(helper.clean)

    it("names script and line of an error in the goal", function()
        local ran = explore("return { goal = function(trace)\n  error 'oops'\nend }", chain())
        assert.equal(1, ran.status)
        assert.matches("scenario%.lua:2: oops %(goal, trace 00000000%-", ran.stderr)
    end)

    it("requires a goal that returns true or false", function()
        local ran = explore("return { goal = function() end }", chain())
        assert.equal(1, ran.status)
        assert.matches("goal, trace .*: true or false expected, got nil", ran.stderr)
        local without = explore("return {}", chain())
        assert.equal(2, without.status)
        assert.matches("judges by `goal = function%(trace%)", without.stderr)
    end)

    for _, case in ipairs {
        { { "--explore", "--faults", "error,typo" }, '"error,typo" is no list of faults' },
        { { "--explore", "--budget", "0" }, "whole number from 1" },
        { { "--explore", "--delay", "soon" }, "is not a duration" },
        { { "--budget", "5", "-o", "nowhere" }, "%-%-budget is for %-%-explore" },
        { { "--max-faults", "5", "-o", "nowhere" }, "%-%-max%-faults is for %-%-explore" },
    } do
        it(("is refused with wrong options: %s"):format(table.concat(case[1], " ")), function()
            local all = { "simulate", helper.script(("return { %s }"):format(complete), "scenario"), chain() }
            local ran = helper.run(table.move(case[1], 1, #case[1], #all + 1, all))
            assert.equal(2, ran.status)
            assert.matches(case[2], ran.stderr)
        end)
    end

    it("says what --most-faults, its former name, is called now", function()
        local ran = helper.run { "simulate", "examples/double_charge.lua", "examples/logs/orders", "--explore",
            "--most-faults", "2" }
        assert.equal(2, ran.status)
        assert.matches("^tracereel: unknown option '%-%-most%-faults'; it is called %-%-max%-faults now\n", ran.stderr)
    end)

    it("is refused for a scenario with a crash that cuts its log", function()
        local ran = explore(("return { crash = { record = 3 }, %s }"):format(complete), chain())
        assert.equal(2, ran.status)
        assert.matches("with `crash` the log is not whole", ran.stderr)
    end)
end)

describe("the example of a double charge", function()
    after_each(helper.clean)

    it("prints the saved output, and the numbers in its text are right", function()
        local log = "examples/logs/orders"
        local ran = helper.run { "simulate", "examples/double_charge.lua", log, "--explore", "--faults",
            "error,delay,crash" }
        assert.equal("", ran.stderr)
        assert.equal(helper.read("examples/double_charge.txt"), ran.stdout)
        local failing = {}
        for record, failures in ran.stdout:gmatch("\n *(%d+)  %S+ %S+ +%S+ +%d* +(%d+)/%d+") do
            failing[#failing + 1] = failures ~= "0" and record or nil
        end
        assert.same({ "12", "15", "18" }, failing)
        local errors = helper.run { "simulate", "examples/double_charge.lua", log, "--explore", "--faults", "error" }
        assert.matches("smallest set that fails: 3 faults", errors.stdout)
    end)
end)

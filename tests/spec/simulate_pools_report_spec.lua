-- What simulate says of pools, and how --sweep and --rank change them.
local dkjson = require "dkjson"
local format = require "tracereel.simulation.format"
local helper = require "tests.spec.helper"
local simulation_logs = require "tests.spec.simulation_logs"

local millisecond = simulation_logs.millisecond

-- Traces that begin together, each with a node 1 of 10 ms and then a node 2 of 5 ms.
local function together(count)
    local records = {}
    for _, record in ipairs { { "trace_start", 0, 0 }, { "node_start", 0, 1 }, { "node_done", 10, 1 },
        { "node_start", 10, 2 }, { "node_done", 15, 2 }, { "trace_complete", 15, 0 } } do
        for trace = 1, count do
            records[#records + 1] = { record[1], record[2], record[3], trace }
        end
    end
    return simulation_logs.write(records)
end

local function json(scenario, log, ...)
    local _, ran = simulation_logs.simulate("return { " .. scenario .. " }", log, { "--json", ... })
    assert.equal(0, ran.status, ran.stderr)
    return dkjson.decode(ran.stdout)
end

local function series(scenario, log, ...)
    return helper.run { "simulate", helper.script("return { " .. scenario .. " }", "scenario"), log, ... }
end

describe("the results of a pool", function()
    after_each(helper.clean)

    it("are how much of it was used, how long its line was, and what was waited", function()
        local object = json("limits = { nodes = 9 }, pools = { a = { nodes = {1}, capacity = 1 }, "
            .. "b = { capacity = 2 } }", together(3))
        local all, a, b = object.pools[1], object.pools[2], object.pools[3]
        -- Node 1 from 0, 10 and 20 ms on; the last node 2 ends at 35 ms.
        assert.same({ "a", 1, "b", 2, 9 }, { a.name, a.capacity, b.name, b.capacity, all.capacity })
        assert.is_nil(all.name)
        local function near(expected, cell)
            assert.is_true(math.abs(cell.simulated - expected) <= 0.008 * expected, cell.simulated)
        end
        near(30 / 35, a.utilisation)
        near((2 * 10 + 10) / 35, a.queue_mean)
        near(2, a.queue_max)
        near(10 * millisecond, a.wait_mean)
        near(10 * millisecond, a.wait_p50)
        near(20 * millisecond, a.wait_p99)
        near(3, a.asked)
        near(0, a.waiting)
        near(15 / 35 / 2, b.utilisation)
        near(0, b.wait_mean)
        near(45 / 35 / 9, all.utilisation)
        assert.is_true(a.little.holds)
        assert.is_true(math.abs(a.little.length - a.little.by_law) < 1e-6)
        assert.equal(3, #object.runs[1].pools)
    end)

    it("are not there without pools and limits", function()
        local object = json("seed = 1", together(1))
        assert.is_nil(object.pools)
        assert.is_nil(object.runs[1].pools)
    end)

    it("count the time in which it is open", function()
        -- The log begins at 22:13:20 UTC: 10 ms of work from the next 9:00 on, for which it is open for 10 ms of 8 h.
        local object = json("pools = { a = { nodes = {1}, capacity = 1, calendar = '09:00-17:00' } }", together(1))
        assert.is_true(object.pools[1].utilisation.simulated > 0.6) -- node 2 ends 5 ms later
        assert.is_true(object.pools[1].wait_mean.simulated > 10 * 3600 * 1000 * millisecond)
    end)

    it("have a row for each value of its key", function()
        local object = json("pools = { a = { by = 'metadata.tenant', capacity = { x = 2, default = 1 } } }",
            helper.log("orders"))
        local seen = {}
        for _, pool in ipairs(object.pools) do
            seen[#seen + 1] = ("%s %s %d"):format(pool.name, pool.value, pool.capacity)
        end
        assert.same({ "a nil 1" }, seen)
    end)

    it("are printed as a table, with what is off of Little's law", function()
        local _, ran = simulation_logs.simulate([[return { crash = { record = 60 },
            pools = { clerks = { nodes = {1}, capacity = 1 } } }]], together(30))
        assert.matches("\nPOOL +PLACES +USED %% +QUEUE +MAX +WAIT MEAN +P50 +P90 +P99\nclerks +1 +100%.0 ", ran.stdout)
        assert.matches("\nclerks: [%d.]+ waited on average, but by Little's law [%d.]+ %(", ran.stdout)
        local _, whole = simulation_logs.simulate("return { pools = { clerks = { nodes = {1}, capacity = 1 } } }",
            together(30))
        assert.is_nil(whole.stdout:find("Little", 1, true))
    end)
end)

describe("simulate --sweep", function()
    after_each(helper.clean)

    it("tries capacities of a pool", function()
        local ran = series("pools = { a = { nodes = {1}, capacity = 1 } }", together(4), "--sweep",
            "pools.a.capacity=1,2,4", "--json")
        local medians = {}
        for index, point in ipairs(dkjson.decode(ran.stdout).points) do
            medians[index] = point.measures.makespan_p99.simulated / millisecond
        end
        assert.same({ 45, 25, 15 }, medians)
    end)

    it("refuses a pool that the scenario does not have", function()
        local ran = series("pools = { a = { nodes = {1}, capacity = 1 } }", together(1), "--sweep",
            "pools.b.capacity=1,2")
        assert.equal(2, ran.status)
        assert.matches("%-%-sweep pools%.b%.capacity=1: the scenario has no pool \"b\"; it has a\n", ran.stderr)
        ran = series("seed = 1", together(1), "--sweep", "pools.b.capacity=1,2")
        assert.equal(2, ran.status)
        assert.matches("the scenario has no pools: give it pools = { b = { capacity = 4 } }", ran.stderr)
    end)

    it("puts values that are wide above their numbers, so that no line has more than 80 columns", function()
        local ran = series("pools = { a = { nodes = {1}, capacity = 1 } }", together(2), "--runs", "2", "--sweep",
            "pools.a.calendar=Mon-Fri 09:00-17:00 +01:00,00:00-24:00")
        for line in ran.stdout:gmatch("[^\n]+") do
            assert.is_true(utf8.len(line) <= 80, line)
        end
        assert.matches("\npools%.a%.calendar=Mon%-Fri 09:00%-17:00 %+01:00\n", ran.stdout)
        assert.matches("\npools%.a%.calendar=00:00%-24:00\n +15%.0 ms +25%.0 ms", ran.stdout)
    end)
end)

describe("simulate --rank", function()
    after_each(helper.clean)

    local scenario = "limits = { nodes = 100 }, pools = { a = { nodes = {1}, capacity = 1 }, "
        .. "b = { by = 'role', capacity = { x = 1, default = 5 } } }"

    it("tries one place more for each pool and each limit", function()
        local object = dkjson.decode(series(scenario, together(4), "--rank", "--json").stdout)
        local rows = {}
        for index, row in ipairs(object.places) do
            rows[index] = ("%s %g"):format(row.pool or row.limit, row.makespan_p99.change / millisecond)
        end
        -- With two places four nodes of 10 ms take two rounds instead of four.
        assert.same({ "a -20", "nodes 0", "b 0" }, rows)
        assert.equal(2, #object.nodes)
    end)

    it("prints no zero with a sign and no line of more than 80 columns", function()
        for _, arguments in ipairs { { "--rank" }, { "--rank", "--runs", "2" } } do
            local ran = series(scenario, together(4), table.unpack(arguments))
            assert.matches("\nPLACES OF", ran.stdout)
            assert.matches("\npool a +%-10%.0 ms +%-40%.00%% +%-20%.0 ms", ran.stdout)
            for line in ran.stdout:gmatch("[^\n]+") do
                assert.is_true(utf8.len(line) <= 80, line)
                assert.is_nil(line:find("[+-]0 ns"), line)
                assert.is_nil(line:find("[+-]0%.0+%%"), line)
            end
        end
    end)
end)

describe("what a simulation's tables write", function()
    it("has no sign where it is rounded to nothing", function()
        assert.equal("", format.change(1 - 1e-9))
        assert.equal("", format.change(1 + 1e-9, 2))
        assert.equal("-0.01%", format.change(1 - 1e-4, 2))
        assert.equal("0 ns", format.signed_duration(-0.3))
        assert.equal("0 ns", format.signed_duration(0.3))
        assert.equal("+1 ns", format.signed_duration(1))
        assert.equal("-1 ns", format.signed_duration(-1))
    end)

    it("fits its column", function()
        assert.equal("12345.5", format.count(12345.5))
        assert.equal("1234568", format.count(1234567.8))
        assert.equal("12346", format.count(12345.6, 6))
        assert.equal("1.2e+08", format.count(123456789))
        assert.equal("4e+09", format.count(4294967295, 6))
        assert.equal("+899.0%", format.change(9.99))
        assert.equal("+899%", format.change(9.99, 1, 6))
        assert.equal("x 64", format.change(64))
        assert.equal("x99999", format.change(99999, 1, 6))
        assert.equal("x1e+06", format.change(1e6, 1, 6))
    end)
end)

-- `tracereel capacity`, on logs of queues whose places are known: queue_logs schedules them.
local dkjson = require "dkjson"
local helper = require "tests.spec.helper"
local queue_logs = require "tests.spec.queue_logs"
local simulation_logs = require "tests.spec.simulation_logs"

-- A queue of so many places, half of whose time is busy, and what is known of it.
local function queue(places, rate)
    local random = queue_logs.random(7)
    local arrivals, services = queue_logs.arrivals(random, { rate, 1 }, 10000), {}
    for index in ipairs(arrivals) do
        services[index] = 20 - math.log(1 - random()) * 80
    end
    local spans = queue_logs.schedule(arrivals, services, places)
    local known = { starts = #spans, waited_ms = 0, waited = 0, ran_ms = 0 }
    for index, span in ipairs(spans) do
        known.waited_ms = known.waited_ms + span.start - span.arrival
        known.waited = known.waited + (span.start - span.arrival > 0.0005 and 1 or 0)
        known.ran_ms = known.ran_ms + services[index]
    end
    return queue_logs.write(spans), known
end

local function pools_of(...)
    local pools = {}
    for _, pool in ipairs(dkjson.decode(helper.output_of("capacity", "--json", ...)).pools) do
        pools[pool.name] = pool
    end
    return pools
end

describe("capacity", function()
    after_each(helper.clean)

    it("finds the places of a queue, how much of the waiting was for one, and how much they were used", function()
        local log, known = queue(3, 32)
        local pool = pools_of(log)["all nodes together"]
        assert.same({ 3, 3, false, known.starts }, { pool.capacity, pool.peak, pool.is_given, pool.starts })
        assert.near(known.waited_ms, pool.lag_ns / 1e6, known.starts * 0.002)
        assert.equal(pool.lag_ns, pool.contention_ns)
        assert.near(known.waited, pool.contended, 2)
        assert.near(known.ran_ms, pool.place_ns / 1e6, known.starts * 0.002)
        assert.near(known.ran_ms / (3 * pool.busy_ns / 1e6), pool.utilisation, 1e-6)
    end)

    it("finds none where nothing waited, and says how many ran at once", function()
        local log = queue(1000, 32)
        local pool = pools_of(log)["all nodes together"]
        assert.is_nil(pool.capacity)
        assert.same({ 0, 0 }, { pool.contended, pool.contention_ns })
        assert.is_true(pool.peak > 3)
        local text = helper.output_of("capacity", log)
        assert.matches("no capacity was found: %d+ or more ran for %d+%.%d %% of the\ntime", text)
    end)

    it("says the evidence, and what a scenario is to say, in lines of at most 80 columns", function()
        local text = helper.output_of("capacity", (queue(3, 32)))
        assert.matches("3 or more ran for %d+%.%d %% of the time", text)
        assert.truthy(text:gsub("%s+", " "):find("limits = { recorded = { nodes = 3 } }", 1, true))
        for line in text:gmatch("[^\n]+") do
            assert.is_true(utf8.len(line) <= 80, line)
        end
    end)

    it("splits by the places that are given, and by none where fewer were ever taken", function()
        local log = queue(3, 32)
        local given = pools_of(log, "--recorded", "3")["all nodes together"]
        assert.same({ 3, true, given.lag_ns }, { given.capacity, given.is_given, given.contention_ns })
        assert.equal(0, pools_of(log, "--recorded", "9")["all nodes together"].contention_ns)
    end)

    it("looks at pools of some nodes, and at each value of a key", function()
        local function start(ms, node, trace, role)
            return { "node_start", ms, node, trace, fields = { metadata = dkjson.encode { role = role } } }
        end
        local log = simulation_logs.write {
            { "trace_start", 0, nil, 1 }, { "trace_start", 0, nil, 2 },
            start(0, 1, 1, "a"), start(0, 1, 2, "b"), { "node_done", 10, 1, 1 }, start(10, 2, 1, "a"),
            { "node_done", 10, 1, 2 }, start(20, 2, 2, "a"), { "node_done", 20, 2, 1 }, { "node_done", 30, 2, 2 },
            { "trace_complete", 20, nil, 1 }, { "trace_complete", 30, nil, 2 },
        }
        local pools = pools_of(log, "--pool", "desk=2", "--pool", "rest=others")
        -- The second start of the desk is written before the end of the first one: both run at no time.
        assert.same({ 1, 2, 2, 2 }, { pools.desk.peak, pools.desk.starts, pools.rest.peak, pools.rest.starts })
        local roles = pools_of(log, "--by", "role").all
        assert.same({ 2, 1, 4 }, { roles.members, roles.peak, roles.starts })
    end)

    it("of a log without starts says that nothing can be found", function()
        local log = simulation_logs.write { { "trace_start", 0 }, { "node_done", 10, 1 }, { "trace_complete", 10 } }
        local pool = pools_of(log)["all nodes together"]
        assert.same({ 0, 1 }, { pool.starts, pool.unwritten_starts })
        assert.matches("no node_start of it", helper.output_of("capacity", log))
    end)

    it("ends with 3 for a damaged log, and with 2 for what cannot be asked", function()
        assert.equal(3, helper.run({ "capacity", helper.log("bit-flip-payload") }).status)
        for words, problem in pairs {
            ["desk"] = "'desk' is no pool: NAME=NODE,NODE,...", ["desk=77"] = "the log has no node 77",
        } do
            local ran = helper.run { "capacity", "--pool", words, helper.log("orders") }
            assert.equal(2, ran.status)
            assert.truthy(ran.stderr:find(problem, 1, true), ran.stderr)
        end
        local twice = helper.run { "capacity", "--pool", "a=1", "--pool", "a=2", helper.log("orders") }
        assert.equal(2, twice.status)
        assert.truthy(twice.stderr:find("--pool: a is there twice", 1, true))
    end)
end)

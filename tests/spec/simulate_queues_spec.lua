-- Pools against the formulas of queueing theory, with fixed seeds.
local helper = require "tests.spec.helper"
local reel = require "tracereel"
local simulation = require "tracereel.simulation"
local simulation_logs = require "tests.spec.simulation_logs"

local write = simulation_logs.write
local second_ns <const> = 1e9

-- Simulates in this process; answers with the pools and the directory of the new log.
local function simulate(scenario, log, seed)
    local loaded = simulation.load(helper.script("return { " .. scenario .. " }", "scenario"))
    local directory = helper.directory() .. "/simulated"
    return loaded:run(simulation.record(log), directory, seed, nil, true).pools, directory
end

local function timing_of(directory)
    local timing = reel.timing(nil, 0)
    local function add(_, trace)
        timing:add(trace)
    end
    reel.open(directory):replay { trace_complete = add }
    return timing:report()
end

local function near(expected_s, found_ns, what)
    local found_s = found_ns / second_ns
    assert.is_true(math.abs(found_s / expected_s - 1) < 0.05,
        ("%s: %.6f s expected, %.6f s found"):format(what, expected_s, found_s))
end

-- Erlang's C: the chance to wait at `servers` servers under `load`, the mean number that is busy.
local function chance_to_wait(servers, load)
    local term, sum = 1, 1
    for busy = 1, servers - 1 do
        term = term * load / busy
        sum = sum + term
    end
    local all_busy = term * load / servers * servers / (servers - load)
    return all_busy / (sum + all_busy)
end

-- The mean wait of M/M/c; `rates` a second, `service` of one server.
local function mean_wait(servers, arrival_rate, service_rate)
    return chance_to_wait(servers, arrival_rate / service_rate) / (servers * service_rate - arrival_rate)
end

local function exponential(mean_ns)
    return ("time = function(_, _, _, random) return random.exponential(%d) end"):format(mean_ns)
end

describe("a log that was recorded at four servers", function()
    after_each(helper.clean)

    it("simulated at more of them, and with other arrivals, is what these servers would have made of it", function()
        local queue = "pools = { servers = { capacity = %d } }"
        local served = ("traces = 30000, arrivals = { rate = 36 }, node = { [1] = { %s } }, "):format(exponential(1e8))
        local log = simulation_logs.one_node()
        local recorded_pools, recorded = simulate(served .. queue:format(4), log, 1)
        assert.is_true(recorded_pools[1].wait.mean_ns > 0.15 * second_ns) -- so that the log has its waiting inside it
        for _, servers in ipairs { 6, 8 } do
            local truth = simulate(served .. queue:format(servers), log, 1)[1]
            for _, known in ipairs { "", "recorded = 4, " } do
                local pools, directory = simulate(queue:gsub("capacity", known .. "capacity"):format(servers), recorded)
                -- To the nanosecond, those of the servers that did not record it.
                assert.same({ truth.wait.mean_ns, truth.wait.max_ns, truth.queue_mean },
                    { pools[1].wait.mean_ns, pools[1].wait.max_ns, pools[1].queue_mean })
                near(0.1 + mean_wait(servers, 36, 10), timing_of(directory).traces.makespan.mean_ns,
                    ("M/M/%d"):format(servers))
            end
        end
        for servers, rate in pairs { [3] = 18, [4] = 28, [8] = 60 } do
            local scenario = ("arrivals = { rate = %d }, "):format(rate) .. queue:format(servers)
            local _, directory = simulate(scenario, recorded, 5)
            near(0.1 + mean_wait(servers, rate, 10), timing_of(directory).traces.makespan.mean_ns,
                ("M/M/%d at %d a second"):format(servers, rate))
        end
    end)
end)

describe("a pool of one place", function()
    after_each(helper.clean)

    it("makes nodes wait as long as Pollaczek and Khinchine say", function()
        -- Mean 10 ms; what random() answers with is squared, or one of two exponentials.
        local kinds = {
            { "30 * random() ^ 2 * 1e6", 9e-4 / 5 },
            { "random() < 0.8 and random.exponential(5e6) or random.exponential(30e6)",
                2 * (0.8 * 0.005 ^ 2 + 0.2 * 0.030 ^ 2) },
            { "10e6", 1e-4 },
        }
        local rate <const> = 55
        for _, kind in ipairs(kinds) do
            local pools = simulate(([[traces = 60000, arrivals = { rate = %d }, pools = { server = { capacity = 1 } },
                node = { [1] = { time = function(_, _, _, random) return %s end } }]]):format(rate, kind[1]),
                simulation_logs.one_node(), 3)
            near(rate * kind[2] / 2 / (1 - rate * 0.01), pools[1].wait.mean_ns, kind[1])
            near(rate * 0.01, pools[1].utilisation * second_ns, "utilisation")
        end
    end)
end)

describe("two pools in series", function()
    after_each(helper.clean)

    it("wait as each would by itself", function()
        local log = write {
            { "trace_start", 0 }, { "node_start", 0, 1 }, { "node_done", 10, 1 }, { "node_start", 10, 2 },
            { "node_done", 20, 2 }, { "trace_complete", 20 },
        }
        local pools = simulate(([[traces = 60000, arrivals = { rate = 60 }, pools = { a = { nodes = {1}, capacity = 1 },
            b = { nodes = {2}, capacity = 2 } }, node = { [1] = { %s }, [2] = { %s } }]]):format(exponential(1e7),
            exponential(2.5e7)), log, 2)
        near(mean_wait(1, 60, 100), pools[1].wait.mean_ns, "the first")
        near(mean_wait(2, 60, 40), pools[2].wait.mean_ns, "the second")
    end)
end)

describe("two classes of priority", function()
    after_each(helper.clean)

    -- A trace of node 1 and one of node 2.
    local function two_kinds()
        return write {
            { "trace_start", 0, 0, 1, fields = { metadata = '{"class":2}' } }, { "node_start", 0, 1, 1 },
            { "node_done", 10, 1, 1 }, { "trace_complete", 10, 0, 1 },
            { "trace_start", 20, 0, 2, fields = { metadata = '{"class":1}' } }, { "node_start", 20, 2, 2 },
            { "node_done", 30, 2, 2 }, { "trace_complete", 30, 0, 2 },
        }
    end

    it("wait as long as Cobham says, whether metadata or a function tell them", function()
        local log = two_kinds()
        for servers, priority in pairs {
            '"metadata.class"', "function(trace) return trace.node == 1 and 1 or 0 end",
        } do
            local rate = 75 * servers
            local _, directory = simulate(([[traces = 60000, arrivals = { rate = %d },
                pools = { servers = { capacity = %d, priority = %s } }, node = { default = { %s } }]]):format(rate,
                servers, priority, exponential(1e7)), log, 4)
            local nodes = timing_of(directory).nodes
            -- Half of the load is of the first class.
            local load = 0.75
            local residual = chance_to_wait(servers, load * servers) / (servers * 100)
            near(residual / (1 - load / 2), nodes[1].queue.mean_ns, servers .. ", first class")
            near(residual / (1 - load / 2) / (1 - load), nodes[2].queue.mean_ns, servers .. ", second class")
        end
    end)
end)

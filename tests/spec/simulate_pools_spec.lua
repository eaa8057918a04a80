-- How pools decide which nodes run, and when.
local helper = require "tests.spec.helper"
local simulation = require "tracereel.simulation"
local simulation_logs = require "tests.spec.simulation_logs"

local play, write = simulation_logs.play, simulation_logs.write

-- Starts and ends of nodes as "1@0-10 #2", in the order of the ends.
local function runs(scenario, log)
    local began, list = {}, {}
    for _, line in ipairs((play("return { " .. scenario .. " }", log))) do
        local kind, node, at, trace = line:match("^node_(%a+) (%d+)@(%S+)(.*)$")
        if kind == "start" then
            began[node .. trace] = at
        elseif kind then
            list[#list + 1] = ("%s@%s-%s%s"):format(node, began[node .. trace], at, trace)
        end
    end
    return list
end

-- Traces that begin together; each has the nodes 1 and 2 side by side, which take 10 ms.
local function busy(count, fields)
    local records = {}
    for trace = 1, count do
        records[#records + 1] = { "trace_start", 0, 0, trace, fields = fields and fields[trace] }
    end
    for trace = 1, count do
        records[#records + 1] = { "node_start", 0, 1, trace }
        records[#records + 1] = { "node_start", 0, 2, trace }
    end
    for trace = 1, count do
        records[#records + 1] = { "node_done", 10, 1, trace }
        records[#records + 1] = { "node_done", 10, 2, trace }
        records[#records + 1] = { "trace_complete", 10, 0, trace }
    end
    return write(records)
end

-- One node 1 of 10 ms in each of some traces, which begin a millisecond after one another.
local function one_after_another(count, metadata, start_metadata)
    local records = {}
    local function add(at, type, node, trace, text)
        records[#records + 1] =
            { type, at, node, trace, fields = text and { metadata = text }, number = #records }
    end
    for trace = 1, count do
        add(trace - 1, "trace_start", 0, trace, metadata and metadata[trace])
        add(trace - 1, "node_start", 1, trace, start_metadata and start_metadata[trace])
    end
    for trace = 1, count do
        add(trace + 9, "node_done", 1, trace)
        add(trace + 9, "trace_complete", 0, trace)
    end
    table.sort(records, function(a, b)
        return a[2] < b[2] or a[2] == b[2] and a.number < b.number
    end)
    return write(records)
end

describe("a pool", function()
    after_each(helper.clean)

    it("limits its own nodes only", function()
        assert.same({ "1@0-10", "2@0-10", "2@0-10 #2", "1@10-20 #2" },
            runs("pools = { a = { nodes = {1}, capacity = 1 } }", busy(2)))
    end)

    it("of the others limits those that no other pool has", function()
        assert.same({ "1@0-10", "2@0-10", "1@0-10 #2", "2@10-20 #2" },
            runs("pools = { a = { nodes = {1}, capacity = 2 }, b = { nodes = 'others', capacity = 1 } }", busy(2)))
    end)

    it("and a limit of all nodes both hold", function()
        assert.same({ "1@0-10", "2@0-10", "1@10-20 #2", "2@10-20 #2" },
            runs("limits = { nodes = 2 }, pools = { a = { nodes = {1}, capacity = 1 } }", busy(2)))
    end)

    it("of all nodes gives what limits.nodes gives", function()
        local log = busy(7)
        assert.same(play("return { limits = { nodes = 3 } }", log),
            (play("return { pools = { all = { capacity = 3 } } }", log)))
    end)

    it("takes who came first, who came last, or who has the largest priority", function()
        local function order(scenario, log)
            local traces = {}
            for index, run in ipairs(runs("pools = { a = { capacity = 1, " .. scenario .. " } }", log)) do
                traces[index] = run:match("#(%d)") or "1"
            end
            return table.concat(traces)
        end
        local urgency = {}
        for trace, number in ipairs { "5", "1", "-3", "7", "1", '"x"' } do
            urgency[trace] = ('{"urgency":%s}'):format(number)
        end
        local log = one_after_another(6, urgency)
        assert.equal("123456", order("", log))
        assert.equal("123456", order("order = 'fifo'", log))
        assert.equal("165432", order("order = 'lifo'", log))
        assert.equal("142563", order("priority = 'metadata.urgency'", log))
        assert.equal("136425", order(
            "priority = function(trace) return ({ 0, -9, math.maxinteger, 0, math.mininteger, 1 })[trace.number] end",
            log))
    end)

    it("by a key has its capacity for each value, or another one for some", function()
        local log = one_after_another(6, nil, { '{"role":"a"}', '{"role":"b"}', '{"role":"a"}', '{"role":"b"}',
            '{"role":"a"}', '{"other":"a"}' })
        assert.same({ "1@0-10", "1@1-11 #2", "1@5-15 #6", "1@10-20 #3", "1@11-21 #4", "1@20-30 #5" },
            runs("pools = { staff = { by = 'role', capacity = 1 } }", log))
        assert.same({ "1@0-10", "1@1-11 #2", "1@2-12 #3", "1@5-15 #6", "1@11-21 #4", "1@10-20 #5" },
            (function()
                local found = runs("pools = { staff = { by = 'role', capacity = { a = 2, default = 1 } } }", log)
                found[5], found[6] = found[6], found[5]
                return found
            end)())
    end)

    it("by a key of the trace's metadata has its capacity for each value of that", function()
        local log = one_after_another(3, { '{"customer":7}', '{"customer":8}', '{"customer":7}' })
        assert.same({ "1@0-10", "1@1-11 #2", "1@10-20 #3" },
            runs("pools = { a = { by = 'metadata.customer', capacity = 1 } }", log))
        assert.same({ "1@0-10", "1@1-11 #2", "1@2-12 #3" },
            runs("pools = { a = { by = 'metadata.customer', capacity = { [7] = 2, default = 1 } } }", log))
    end)
end)

-- A node 1 in each of some traces, all at once, that works 10 ms, waits an hour for a person, and works 10 ms.
local function waiting(count)
    local records = {}
    for _, record in ipairs { { "trace_start", 0 }, { "node_start", 0, 1 }, { "trace_suspended", 10, 1 },
        { "trace_resumed", 3600010 }, { "node_done", 3600020, 1 }, { "trace_complete", 3600020 } } do
        for trace = 1, count do
            records[#records + 1] = { record[1], record[2], record[3], trace }
        end
    end
    return write(records)
end

describe("a node that waits for a person", function()
    after_each(helper.clean)

    local function last_ms(scenario, log)
        local lines = play("return { " .. scenario .. " }", log)
        return tonumber(lines[#lines]:match("@(%S+)"))
    end

    it("has no slot meanwhile, and needs one again to go on", function()
        local log = waiting(20)
        -- Five rounds of four, 10 ms each; an hour after its own round each trace works again.
        for _, scenario in ipairs { "limits = { nodes = 4 }", "pools = { a = { capacity = 4 } }",
            "limits = { nodes_per_trace = 1, nodes = 4 }" } do
            assert.equal(3600000 + 60, last_ms(scenario, log))
        end
        assert.equal(3600000 + 20 * 10 + 10, last_ms("pools = { a = { nodes = {1}, capacity = 1 } }", log))
        assert.equal(3600000 + 20, last_ms("limits = { nodes_per_trace = 1 }", log))
    end)

    it("keeps it where its pool holds places", function()
        assert.equal(5 * 3600020, last_ms("pools = { a = { capacity = 4, holds = true } }", waiting(20)))
    end)

    it("has to wait for it after it was resumed", function()
        local log = write {
            { "trace_start", 0 }, { "node_start", 0, 1 }, { "trace_suspended", 10, 1 },
            { "trace_start", 15, 0, 2 }, { "node_start", 15, 2, 2 }, { "trace_resumed", 20 }, { "node_done", 30, 1 },
            { "trace_complete", 30 }, { "node_done", 45, 2, 2 }, { "trace_complete", 45, 0, 2 },
        }
        assert.same({ "2@15-45 #2", "1@0-55" }, runs("limits = { nodes = 1 }", log))
        assert.same({ "1@0-30", "2@30-60 #2" }, runs("pools = { a = { capacity = 1, holds = true } }", log))
    end)
end)

describe("a pool with a calendar", function()
    after_each(helper.clean)

    local hour_ms <const> = 3600000
    -- The log begins on Tuesday 2023-11-14 at 22:13:20 UTC.
    local begin_ms <const> = (22 * 60 + 13) * 60000 + 20000

    -- Two traces 1 h apart, whose node works 2 h.
    local function log()
        return write {
            { "trace_start", 0 }, { "node_start", 0, 1 }, { "trace_start", hour_ms, 0, 2 },
            { "node_start", hour_ms, 1, 2 }, { "node_done", 2 * hour_ms, 1 }, { "trace_complete", 2 * hour_ms },
            { "node_done", 3 * hour_ms, 1, 2 }, { "trace_complete", 3 * hour_ms, 0, 2 },
        }
    end

    -- Hours from that Tuesday's midnight, UTC, as "begin-end".
    local function hours(pool)
        local list = {}
        for index, run in ipairs(runs("pools = { a = { " .. pool .. " } }", log())) do
            local from, to = run:match("@(%S+)-(%S+)")
            list[index] = ("%.4g-%.4g"):format((from + begin_ms) / hour_ms, (to + begin_ms) / hour_ms)
        end
        return table.concat(list, " ")
    end

    it("starts nothing while it is closed, and what runs pauses", function()
        assert.equal("33-35 33-35", hours "capacity = 2, calendar = 'Mon-Fri 09:00-17:00'")
        assert.equal("33-35 35-37", hours "capacity = 1, calendar = 'Mon-Fri 09:00-17:00'")
        assert.equal("32-34 32-34", hours "capacity = 2, calendar = 'Mon-Fri 09:00-17:00 +01:00'")
        assert.equal("33-58 58-60", hours "capacity = 1, calendar = 'Wed 09:00-10:00; Thu 09:00-17:00'")
    end)

    it("goes over midnight and over the week's end", function()
        assert.equal("22.22-24.22 23.22-25.22", hours "capacity = 2, calendar = '22:00-06:00'")
        -- The next Monday is six days later.
        assert.equal("144-146 144-146", hours "capacity = 2, calendar = 'Mon 00:00-03:00'")
        assert.equal("143-145 143-145", hours "capacity = 2, calendar = 'Sun 23:00-03:00'")
    end)

    it("that held when the log was recorded, too, leaves what passed outside of it out of the work", function()
        -- 22:13:20 to 23:00 and 0:00 to 0:13:20 are an hour of work; 23:13:20 to 1:13:20 are 1:13:20.
        assert.equal("33-34 33-34.22", hours("capacity = 2, calendar = '09:00-17:00', "
            .. "recorded_calendar = '00:00-23:00'"))
    end)
end)

describe("pools in a simulation with crashes", function()
    after_each(helper.clean)

    it("get all places back: every trace of a log without open ones ends, and no place is used twice", function()
        local log = simulation.record(helper.log("all-complete"))
        local orders = { "order = 'fifo'", "order = 'lifo'", "priority = function(_, random) return random(3) end" }
        local faults = { "crash = '50ms'", "crash = '2s'", "crash = '1ms'", "lost = true", "delay = '1s'" }
        local waited = 0
        for seed = 1, 40 do
            math.randomseed(seed)
            local list = {}
            for trace = math.random(5), 60, 13 do
                list[#list + 1] = ("{ trace = %d, record = %d, %s }"):format(trace, math.random(16),
                    faults[math.random(#faults)])
            end
            local scenario = ([[return { traces = 60, arrivals = { rate = %d }, faults = { %s },
                limits = { nodes = %d, nodes_per_trace = %d }, pools = { a = { nodes = {3}, capacity = %d, %s,
                holds = %s%s }, b = { capacity = %d } }, node = { default = { fail = 0.1, retry = { max = 1 } } } }]])
                :format(math.random(10, 200), table.concat(list, ", "), math.random(3, 9), math.random(2),
                    math.random(3), orders[math.random(#orders)], math.random(4) == 1, math.random(3) == 1
                    and ", calendar = '00:00-23:00, 23:05-24:00'" or "", math.random(5))
            local directory = helper.directory() .. "/simulated"
            local stats = simulation.load(helper.script(scenario, "scenario")):run(log, directory, seed, nil, true)
            assert.equal(0, stats.waiting_traces, scenario)
            for _, pool in ipairs(stats.pools) do
                assert.equal(0, pool.waiting_count, scenario)
                assert.is_true(pool.utilisation <= 1, scenario)
                waited = waited + pool.queue_max
            end
        end
        assert.is_true(waited > 100)
    end)

    it("admit nobody before it is known what runs again", function()
        local log = write { { "trace_start", 0, 0, 1 }, { "trace_start", 0, 0, 2 }, { "node_start", 0, 1, 1 },
            { "node_start", 0, 1, 2 }, { "node_done", 9, 1, 2 }, { "node_start", 9, 2, 2 }, { "node_done", 10, 1, 1 },
            { "node_start", 10, 2, 1 }, { "trace_start", 15, 0, 3 }, { "trace_complete", 15, 0, 3 },
            { "node_done", 29, 2, 2 }, { "trace_complete", 29, 0, 2 }, { "node_done", 30, 2, 1 },
            { "trace_complete", 30, 0, 1 } }
        -- The ends of both nodes 1 are lost. When the engine crashes, at 15, the second trace's node 2 runs, and the
        -- first one's is in line; from 20 on both nodes 1 run again, for 9 and 10 ms.
        local lines = play([[return { pools = { a = { nodes = {2}, capacity = 1 } },
            faults = { { trace = 1, record = 3, lost = true }, { trace = 2, record = 3, lost = true },
                { trace = 3, record = 1, crash = "5ms" } } }]], log)
        local second_nodes = {}
        for _, line in ipairs(lines) do
            second_nodes[#second_nodes + 1] = line:match("^node_%a+ 2@.*")
        end
        assert.same({ "node_start 2@9 #2", "node_start 2@29 #2", "node_done 2@49 #2", "node_start 2@49",
            "node_done 2@69" }, second_nodes)
    end)
end)

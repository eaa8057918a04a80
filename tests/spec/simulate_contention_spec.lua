-- What a start waited for want of a place when it was recorded is left out of a simulation that says how many places
-- there are. The logs are written by hand, or scheduled by queue_logs; what is expected follows from their places.
local dkjson = require "dkjson"
local helper = require "tests.spec.helper"
local imported = require "tests.spec.imported"
local queue_logs = require "tests.spec.queue_logs"
local reel = require "tracereel"
local simulation_logs = require "tests.spec.simulation_logs"

-- Traces of one node, { arrival, start, end } in ms, all of it in the order of time.
local function log_of(spans, without_starts)
    local records = {}
    for number, span in ipairs(spans) do
        local all = { { "trace_start", span[1] }, { "node_start", span[2], 1 }, { "node_done", span[3], 1 },
            { "trace_complete", span[3] } }
        for place, record in ipairs(all) do
            record[4], record.place = number, place
            if not (without_starts and place == 2) then
                records[#records + 1] = record
            end
        end
    end
    table.sort(records, function(a, b)
        -- At one moment what ends comes first, and makes room for what begins.
        local a_begins, b_begins = a.place < 3, b.place < 3
        if a[2] ~= b[2] or a_begins ~= b_begins then
            return a[2] < b[2] or a[2] == b[2] and b_begins
        end
        return a[4] < b[4] or a[4] == b[4] and a.place < b.place
    end)
    return simulation_logs.write(records)
end

-- When the node of each trace starts and ends in a simulation, in ms.
local function spans_of(scenario, log, stderr)
    local directory, ran = simulation_logs.simulate(scenario, log)
    assert.equal(0, ran.status, ran.stderr)
    assert.equal(stderr or "", ran.stderr)
    local spans, number_of, count = {}, {}, 0
    for rec in reel.open(directory):records() do
        if not number_of[rec.trace_id] then
            count = count + 1
            number_of[rec.trace_id], spans[count] = count, {}
        elseif rec.node_id and rec.type ~= "trace_complete" then
            table.insert(spans[number_of[rec.trace_id]], (rec.timestamp_ns - simulation_logs.start_ns)
                / simulation_logs.millisecond)
        end
    end
    return spans
end

local function starts_of(...)
    local starts = {}
    for number, span in ipairs(spans_of(...)) do
        starts[number] = span[1]
    end
    return starts
end

-- One place: the second and the third wait for it, and it takes 2 ms to begin in it.
local one_place = { { 0, 0, 10 }, { 0, 12, 22 }, { 0, 24, 34 } }

describe("a simulation of what waited for a place", function()
    after_each(helper.clean)

    it("leaves that waiting out, and keeps the time to begin in a place", function()
        assert.same({ 0, 2, 2 }, starts_of("return { limits = { nodes = 3 } }", log_of(one_place)))
    end)

    it("has it arise anew where there are as many places as when recorded", function()
        assert.same({ 0, 12, 24 }, starts_of("return { limits = { nodes = 1 } }", log_of(one_place)))
    end)

    it("leaves it out where the scenario only says how many places there were", function()
        assert.same({ 0, 2, 2 }, starts_of("return { limits = { recorded = { nodes = 1 } } }", log_of(one_place)))
    end)

    it("leaves nothing out where no two ran at once, and none waited for the other", function()
        local apart = { { 0, 3, 10 }, { 20, 23, 30 }, { 40, 43, 50 } }
        assert.same({ 3, 23, 43 }, starts_of("return { limits = { nodes = 2 } }", log_of(apart)))
    end)

    it("keeps what a start waited before those that overtook it had even arrived", function()
        -- The first trace asks for a place when the last one that overtook it is there, at 25.
        local spans = { { 0, 40, 50 }, { 0, 0, 10 }, { 5, 10, 20 }, { 15, 20, 30 }, { 25, 30, 40 } }
        assert.same({ 25, 0, 5, 15, 25 }, starts_of("return { limits = { nodes = 9 } }", log_of(spans)))
    end)

    it("keeps what a start waited while a place stayed free", function()
        -- The place of the second trace is free from 10 to 50, while the first one waits for something else.
        local spans = { { 0, 100, 110 }, { 0, 0, 10 }, { 50, 50, 60 }, { 55, 60, 100 } }
        assert.same({ 90, 0, 50, 55 }, starts_of("return { limits = { nodes = 9 } }", log_of(spans)))
    end)

    it("works out when nodes began whose starts were not written", function()
        local spans = spans_of("return { limits = { nodes = 3, recorded = { nodes = 1 } } }",
            log_of({ { 0, 0, 10 }, { 0, 10, 20 }, { 0, 20, 30 } }, true))
        assert.same({ { 10 }, { 10 }, { 10 } }, spans)
    end)

    it("counts a node that waits for a person as one that holds no place", function()
        local log = simulation_logs.write {
            { "trace_start", 0, nil, 1 }, { "trace_start", 0, nil, 2 },
            { "node_start", 0, 1, 1 }, { "trace_suspended", 10, 1, 1 },
            { "node_start", 15, 2, 2 }, { "node_done", 25, 2, 2 }, { "trace_complete", 25, nil, 2 },
            { "trace_resumed", 30, 1, 1 }, { "node_done", 35, 1, 1 }, { "trace_complete", 35, nil, 1 },
        }
        local lines = simulation_logs.play("return { limits = { nodes = 2, recorded = { nodes = 1 } } }", log)
        -- The place was free from 10 on; 5 ms are the time to begin.
        assert.same({ "node_start 2@5 #2", "trace_suspended 1@10", "node_done 2@15 #2" },
            table.move(lines, 4, 6, 1, {}))
    end)

    it("splits the places of each trace by themselves", function()
        local log = simulation_logs.write {
            { "trace_start", 0, nil, 1 }, { "trace_start", 0, nil, 2 },
            { "node_start", 0, 1, 1 }, { "node_start", 0, 1, 2 },
            { "node_done", 10, 1, 1 }, { "node_start", 10, 2, 1 }, { "node_done", 10, 1, 2 },
            { "node_start", 10, 2, 2 }, { "node_done", 20, 2, 1 }, { "trace_complete", 20, nil, 1 },
            { "node_done", 20, 2, 2 }, { "trace_complete", 20, nil, 2 },
        }
        local lines = simulation_logs.play([[return { limits = { recorded = { nodes_per_trace = 1 } },
            flow = { nodes = { [1] = {}, [2] = {} } } }]], log)
        local second = {}
        for _, line in ipairs(lines) do
            second[#second + 1] = line:match("^node_start 2@.*")
        end
        assert.same({ "node_start 2@0", "node_start 2@0 #2" }, second)
    end)

    it("splits the places of a pool, and leaves other nodes alone", function()
        local log = simulation_logs.write {
            { "trace_start", 0, nil, 1 }, { "trace_start", 0, nil, 2 },
            { "node_start", 0, 1, 1 }, { "node_done", 10, 1, 1 },
            { "node_start", 10, 1, 2 }, { "node_start", 13, 2, 1 }, { "node_done", 15, 2, 1 },
            { "trace_complete", 15, nil, 1 }, { "node_done", 20, 1, 2 }, { "node_start", 23, 2, 2 },
            { "node_done", 25, 2, 2 }, { "trace_complete", 25, nil, 2 },
        }
        local lines = simulation_logs.play("return { pools = { desk = { nodes = {1}, capacity = 2 } } }", log)
        local starts = {}
        for _, line in ipairs(lines) do
            starts[#starts + 1] = line:match("^node_start .*")
        end
        assert.same({ "node_start 1@0", "node_start 1@0 #2", "node_start 2@13", "node_start 2@13 #2" }, starts)
    end)

    -- The log with other fields, without the records for which that is nil.
    local function copy(log, fields_of)
        local directory = helper.directory() .. "/plain"
        local writer = reel.writer(directory)
        for rec in reel.open(log):records() do
            local fields = fields_of(rec)
            if fields then
                writer:append(reel.record[rec.type](fields))
            end
        end
        writer:close()
        return directory
    end

    local function without_metadata(rec)
        return { trace_id = rec.trace_id, node_id = rec.node_id, timestamp_ns = rec.timestamp_ns }
    end

    for _, case in ipairs { { "", "limits = { nodes = %d }", without_metadata },
        { ", whose starts were not written", "limits = { nodes = %d, recorded = { nodes = 4 } }", function(rec)
            return rec.type ~= "node_start" and without_metadata(rec) or nil
        end } } do
        it("is that of a queue with so many servers, of the same arrivals" .. case[1], function()
            local random = queue_logs.random(11)
            local arrivals, services = queue_logs.arrivals(random, { 36 }, 40000), {}
            for index in ipairs(arrivals) do
                services[index] = -math.log(1 - random()) * 100
            end
            local log = copy(queue_logs.write(queue_logs.schedule(arrivals, services, 4)), case[3])
            for _, places in ipairs { 6, 8 } do
                local expected = 0
                for _, span in ipairs(queue_logs.schedule(arrivals, services, places)) do
                    expected = expected + span.stop - span.arrival
                end
                local directory = simulation_logs.simulate(("return { %s }"):format(case[2]:format(places)), log)
                local simulated = imported.timing(directory).traces.makespan.mean_ns / 1e6 * #arrivals
                assert.near(1, simulated / expected, 0.001)
            end
        end)
    end

    local fixtures = "tests/fixtures/foreign/"
    local answers = dkjson.decode(helper.read(fixtures .. "wf-expected.json"))
    for _, name in ipairs { "rnaseq-dirt02-001", "blast-chameleon-small-001" } do
        it("is that of a workflow on other cores, though the log does not say when its tasks were ready: " .. name,
            function()
                local log = imported.log("wfformat", { fixtures .. "wf-" .. name .. ".json" }, { "-a", "cores=4" })
                local plain = copy(log, without_metadata)
                for cores, ns in pairs(answers[name].fifo_list_schedule_ns) do
                    local directory = simulation_logs.simulate(("return { limits = { nodes = %s } }"):format(cores),
                        plain, { "--flow", log .. "/tracereel.flow.lua" })
                    assert.equal(ns, imported.timing(directory).traces.makespan.max_ns)
                end
            end)
    end
end)

describe("a simulation says", function()
    after_each(helper.clean)

    local function said(scenario, log)
        local _, ran = simulation_logs.simulate(scenario, log, { "--json" })
        assert.equal(0, ran.status, ran.stderr)
        local warnings = dkjson.decode(ran.stdout).warnings
        assert.equal(ran.stderr, #warnings == 0 and "" or "tracereel: " .. table.concat(warnings, "\ntracereel: ")
            .. "\n")
        return warnings
    end

    it("how much waiting for a place stays where it changes the load, and what to write", function()
        local log = log_of { { 0, 0, 10 }, { 0, 10, 20 }, { 0, 20, 30 } }
        local warnings = said('return { arrivals = { every = "1s" } }', log)
        assert.equal(1, #warnings)
        assert.matches("^30.0 ms of the waiting in the log %(100 %%%).*with 1 place,.*limits = { nodes = 1 }",
            warnings[1])
        assert.same({}, said("return {}", log))
        assert.same({}, said("return { limits = { nodes = 1 }, traces = 9 }", log))
    end)

    it("that more places are said to have been there than were ever taken", function()
        local warnings = said("return { limits = { nodes = 9, recorded = { nodes = 5 } } }", log_of(one_place))
        assert.equal(1, #warnings)
        assert.matches("nodes = 5.*never more than 1 ran at once", warnings[1])
    end)

    it("that all waiting stays where no number of places explains it", function()
        local spans = { { 0, 100, 110 }, { 50, 50, 60 }, { 70, 70, 80 } }
        local warnings = said("return { limits = { nodes = 2 } }", log_of(spans))
        assert.equal(1, #warnings)
        assert.matches("waited 100 ms in all.*limits = { recorded = { nodes = N } }", warnings[1])
    end)

    it("that the log has no starts to find waiting by", function()
        local warnings = said("return { limits = { nodes = 2 } }", log_of({ { 0, 0, 10 }, { 0, 10, 20 } }, true))
        assert.equal(1, #warnings)
        assert.matches("no node_start.*limits = { recorded = { nodes = N } }", warnings[1])
    end)

    it("what is wrong with a recorded capacity", function()
        for scenario, problem in pairs {
            ["{ nodes = 0 }"] = "limits.recorded.nodes: a whole number from 1",
            ["7"] = "limits.recorded: a table expected",
            ["{ traces = 3 }"] = "limits.recorded.traces: what a trace waited before its trace_start is not in the log",
            ["{ node = 3 }"] = 'limits.recorded: unknown key "node"',
        } do
            local _, ran = simulation_logs.simulate(("return { limits = { recorded = %s } }"):format(scenario),
                simulation_logs.one_node())
            assert.equal(2, ran.status)
            assert.truthy(ran.stderr:find(problem, 1, true), ran.stderr)
        end
    end)
end)

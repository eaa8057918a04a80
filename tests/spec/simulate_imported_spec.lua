-- Simulations of imported logs: instances of a node, waits that are its own, and the time in the queue that is known.
local dkjson = require "dkjson"
local helper = require "tests.spec.helper"
local imported = require "tests.spec.imported"
local reel = require "tracereel"
local simulation_logs = require "tests.spec.simulation_logs"

local millisecond, start_ns = simulation_logs.millisecond, simulation_logs.start_ns

-- A record { type, ms, node } of an instance, with what else its metadata says.
local function of(kind, ms, node, instance, more)
    local metadata = more or {}
    metadata.instance = instance
    return { kind, ms, node, fields = { metadata = dkjson.encode(metadata) } }
end

local function scheduled(ms)
    return { scheduled_ns = start_ns + ms * millisecond }
end

-- Node 1 runs three times at once, and node 2 after all of them.
local function fan()
    return simulation_logs.write {
        { "trace_start", 0 },
        of("node_start", 1, 1, "a", scheduled(1)), of("node_start", 1, 1, "b", scheduled(1)),
        of("node_start", 1, 1, "c", scheduled(1)),
        of("node_done", 11, 1, "b"), of("node_done", 21, 1, "a"), of("node_done", 31, 1, "c"),
        of("node_start", 32, 2, nil, scheduled(32)), of("node_done", 35, 2),
        { "trace_complete", 35 },
    }
end

-- "type node[instance]@ms" of each record, and with a scheduled time the time in the queue.
local function play(scenario, log)
    local directory, result = simulation_logs.simulate(scenario, log)
    assert.equal("", result.stderr)
    local lines = {}
    for rec in reel.open(directory):records() do
        local said = rec.metadata and dkjson.decode(rec.metadata) or {}
        local ms = (rec.timestamp_ns - start_ns) / millisecond
        lines[#lines + 1] = ("%s %d%s@%g%s"):format(rec.type, rec.node_id, said.instance or "", ms,
            said.scheduled_ns and ("+%g"):format((rec.timestamp_ns - said.scheduled_ns) / millisecond) or "")
    end
    return lines
end

describe("a simulated imported log", function()
    after_each(helper.clean)

    it("is the recorded one under an empty scenario", function()
        local log = fan()
        local directory = simulation_logs.simulate("return {}", log)
        assert.equal(imported.bytes(log), imported.bytes(directory))
    end)

    it("runs instances as slots allow, and what comes after the last of them after all of them", function()
        assert.same({ "trace_start 0@0", "node_start 1a@1+0", "node_start 1b@1+0", "node_done 1b@11",
            "node_start 1c@11+10", "node_done 1a@21", "node_done 1c@41", "node_start 2@42+0", "node_done 2@45",
            "trace_complete 0@45" }, play("return { limits = { nodes = 2 } }", fan()))
    end)

    it("has what follows wait for the instance that is now the last", function()
        local lines = play([[return { node = { [1] = {
            time = function(ns, trace, attempt) return ns == 10000000 and 50000000 or ns end } } }]], fan())
        assert.same({ "node_done 1b@51", "node_start 2@52+0", "node_done 2@55", "trace_complete 0@55" },
            table.move(lines, 7, 10, 1, {}))
    end)

    it("moves the time at which a node was ready with the node", function()
        local log = simulation_logs.write {
            { "trace_start", 0 }, of("node_start", 0, 1), of("node_done", 10, 1),
            of("node_start", 15, 2, nil, scheduled(11)), of("node_done", 20, 2), { "trace_complete", 20 },
        }
        assert.same("node_start 2@25+4", play("return { node = { [1] = { time = 2 } } }", log)[4])
        -- It had a place all the time: what it waited was not for want of one.
        assert.same("node_start 2@15+4", play("return { limits = { nodes = 5 } }", log)[4])
    end)

    it("fails an instance, and no other one", function()
        local lines = play([[return { node = { [1] = { retry = { max = 1 },
            fail = function(trace, attempt) return attempt == 1 and trace.now_ns % 2 == 0 and 1 or 0 end } } }]], fan())
        local errors = {}
        for _, line in ipairs(lines) do
            errors[#errors + 1] = line:match("^node_error.*")
        end
        assert.same({ "node_error 1b@11", "node_error 1a@21", "node_error 1c@31" }, errors)
    end)

    it("ends each of several waits that are open at once by itself, and gives them no slot", function()
        local function wait(kind)
            return { wait = kind }
        end
        local log = simulation_logs.write {
            { "trace_start", 0 },
            of("node_start", 1, 1), of("trace_suspended", 1, 1, nil, wait "timer"),
            of("node_start", 1, 2), of("trace_suspended", 1, 2, nil, wait "signal"),
            of("trace_resumed", 21, 2, nil, wait "signal"), of("node_done", 21, 2),
            of("trace_resumed", 31, 1, nil, wait "timer"), of("node_done", 31, 1),
            { "trace_complete", 31 },
        }
        local lines = play("return { suspension = { [2] = { time = 2 } }, limits = { nodes = 1 } }", log)
        assert.same({ "trace_resumed 1@31", "node_done 1@31", "trace_resumed 2@41", "node_done 2@41",
            "trace_complete 0@41" }, table.move(lines, 6, 10, 1, {}))
    end)

    it("of a workflow on some cores is that on more or fewer", function()
        local fixtures = "tests/fixtures/foreign/"
        local answer = dkjson.decode(helper.read(fixtures .. "wf-expected.json"))["srasearch-chameleon-10a-001"]
        local log = imported.log("wfformat", { fixtures .. "wf-srasearch-chameleon-10a-001.json" },
            { "-a", "cores=4" })
        for cores, ns in pairs { ["1"] = answer.fifo_list_schedule_ns["1"],
            ["16"] = answer.fifo_list_schedule_ns["16"], ["1000"] = answer.longest_path_ns } do
            local directory = simulation_logs.simulate(("return { limits = { nodes = %s } }"):format(cores), log)
            assert.equal(ns, imported.timing(directory).traces.makespan.max_ns)
        end
    end)
end)

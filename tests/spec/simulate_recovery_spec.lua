-- What the engine does after a crash, in a simulation: engine.md's sentences. Expected lists are worked out by hand.
local helper = require "tests.spec.helper"
local reel = require "tracereel"
local simulation_logs = require "tests.spec.simulation_logs"

local play, write = simulation_logs.play, simulation_logs.write

local function played(faults, log, rest)
    return (play(("return { faults = { %s }, %s }"):format(faults, rest or ""), log))
end

local function from(lines, first, last)
    return table.move(lines, first, last or #lines, 1, {})
end

local function crash(record, trace, down)
    return ('{ trace = %d, record = %d, crash = "%s" }'):format(trace or 1, record, down or "100ms")
end

-- As the engine writes it: no node_start, no node_done of node 4, which runs 5 ms, and waits from 15 to 115 ms.
-- Records 1 to 7.
local function approved(metadata)
    return write {
        { "trace_start", 0 }, { "node_done", 10, 3 },
        { "trace_suspended", 15, 4, fields = { metadata = metadata } }, { "trace_resumed", 115 },
        { "node_done", 125, 5 }, { "node_done", 135, 6 }, { "trace_complete", 136 },
    }
end

local function flow(nodes)
    return ("flow = { nodes = { %s } }"):format(nodes)
end

describe("after a crash the engine of a simulation", function()
    after_each(helper.clean)

    it("asks again at an approved node, before what follows begins", function()
        assert.same({ "trace_resumed 0@115", "trace_resumed 0@225", "trace_suspended 4@230", "trace_resumed 0@330",
            "node_done 5@340", "node_done 6@350", "trace_complete 0@351" }, from(played(crash(5), approved()), 4))
    end)

    it("asks again once parallel nodes have ended, and starts none meanwhile", function()
        -- 5 is done, so that 6, which comes after 5 alone, is ready at once; 9 comes after 6.
        local log = write {
            { "trace_start", 0 }, { "node_done", 10, 3 }, { "trace_suspended", 15, 4 }, { "trace_resumed", 115 },
            { "node_done", 125, 5 }, { "node_done", 145, 6 }, { "node_done", 155, 9 }, { "trace_complete", 156 },
        }
        local lines = played(crash(6), log)
        assert.same({ "node_done 5@125", "trace_resumed 0@245", "node_done 6@265", "trace_suspended 4@265",
            "trace_resumed 0@365", "node_done 9@375", "trace_complete 0@376" }, from(lines, 5))
    end)

    it("asks again even if only the end of the trace was left", function()
        assert.same({ "node_done 6@135", "trace_resumed 0@236", "trace_suspended 4@241", "trace_resumed 0@341",
            "trace_complete 0@342" }, from(played(crash(7), approved()), 6))
    end)

    it("asks again after each crash that follows an approval", function()
        local lines = played(crash(5) .. ", " .. crash(9), approved())
        assert.same({ "trace_suspended 4@230", "trace_resumed 0@330", "trace_resumed 0@440", "trace_suspended 4@445",
            "trace_resumed 0@545", "node_done 5@555" }, from(lines, 6, 11))
    end)

    it("does not ask again if the node that waited has a node_done", function()
        local log = write {
            { "trace_start", 0 }, { "trace_suspended", 15, 4 }, { "trace_resumed", 115 }, { "node_done", 116, 4 },
            { "node_done", 125, 5 }, { "trace_complete", 126 },
        }
        assert.same({ "node_done 4@116", "trace_resumed 0@225", "node_done 5@234", "trace_complete 0@235" },
            from(played(crash(5), log), 4))
    end)

    it("asks again at every approved node, one after the other", function()
        local log = write {
            { "trace_start", 0 }, { "trace_suspended", 5, 4 }, { "trace_resumed", 55 }, { "node_done", 65, 5 },
            { "trace_suspended", 70, 9 }, { "trace_resumed", 100 }, { "node_done", 110, 6 }, { "trace_complete", 110 },
        }
        assert.same({ "trace_resumed 0@210", "trace_suspended 4@215", "trace_resumed 0@265", "trace_suspended 9@265",
            "trace_resumed 0@295", "node_done 6@305", "trace_complete 0@305" }, from(played(crash(7), log), 7))
    end)

    it("leaves a trace that waits waiting, and writes no trace_resumed for it", function()
        assert.same({ "trace_suspended 4@15", "trace_resumed 0@215", "node_done 5@225" },
            from(played(crash(4), approved()), 3, 5))
    end)

    it("has lost the timeout: a trace that would have timed out waits for ever", function()
        local log = write {
            { "trace_start", 0 }, { "trace_suspended", 0, 4,
                fields = { metadata = [[{"hook_id":"h","timeout_secs":2,"timeout_action":"Reject"}]] } },
            { "trace_start", 10, 0, 2 }, { "node_done", 30, 1, 2 }, { "trace_complete", 30, 0, 2 },
            { "trace_resumed", 2000 }, { "node_done", 2001, 5 }, { "trace_complete", 2001 },
        }
        local lines, _, directory = play(("return { faults = { %s } }"):format(crash(2, 2)), log)
        assert.same({ "trace_start 0@0", "trace_suspended 4@0", "trace_start 0@10 #2", "trace_resumed 0@130 #2",
            "node_done 1@150 #2", "trace_complete 0@150 #2" }, lines)
        assert.equal("suspended", reel.open(directory):traces()[1].status)
    end)

    it("receives a person's answer that comes before the timeout", function()
        local lines = played(crash(4), approved('{"timeout_secs":3600}'))
        assert.equal("trace_resumed 0@215", lines[4])
        assert.equal("trace_complete 0@236", lines[#lines])
    end)

    it("skips a trace that an error had ended for ever, whatever else ran in it", function()
        local log = write {
            { "trace_start", 0 }, { "node_start", 0, 2 }, { "node_start", 0, 7 }, { "node_error", 10, 7 },
            { "node_done", 20, 2 }, { "trace_failed", 21 },
        }
        local lines, _, directory = play(("return { faults = { %s } }"):format(crash(5)), log)
        assert.same({ "trace_start 0@0", "node_start 2@0", "node_start 7@0", "node_error 7@10" }, lines)
        assert.equal("running", reel.open(directory):traces()[1].status)
    end)

    it("runs a node again whose error did not end the trace", function()
        local log = write {
            { "trace_start", 0 }, { "node_error", 10, 1 }, { "node_done", 20, 2 }, { "node_done", 30, 3 },
            { "trace_complete", 31 },
        }
        assert.same({ "node_done 2@20", "trace_resumed 0@130", "node_error 1@140", "node_done 3@140",
            "trace_complete 0@141" }, from(played(crash(4), log), 3))
    end)

    it("runs a node at once whose retry was scheduled for later", function()
        local log = write { { "trace_start", 0 }, { "node_done", 10, 1 }, { "trace_complete", 11 },
            { "trace_start", 12, 0, 2 }, { "node_done", 20, 1, 2 }, { "trace_complete", 20, 0, 2 } }
        assert.same({ "trace_resumed 0@120", "node_done 1@130", "trace_complete 0@131" }, from((function()
            local first = {}
            for _, line in ipairs(played('{ trace = 1, record = 2, error = "x" }, ' .. crash(2, 2), log,
                'node = { [1] = { retry = { max = 1, delay = "1h" } } }')) do
                first[#first + 1] = not line:find("#2") and line or nil
            end
            return first
        end)(), 3))
    end)

    -- 2 routes to 3; 7 runs beside it.
    local routed = [[[1] = {}, [2] = { after = { 1 } }, [7] = { after = { 1 } },
        [3] = { after = { { 2, port = "true" } } }, [6] = { after = { 3 } }]]

    local function switched()
        return write {
            { "trace_start", 0 }, { "node_done", 10, 1 }, { "node_done", 15, 2 }, { "node_done", 25, 3 },
            { "node_done", 30, 7 }, { "node_done", 40, 6 }, { "trace_complete", 41 },
        }
    end

    it("completes a trace without the unfinished branch of a done routing node", function()
        assert.same({ "node_done 2@15", "trace_resumed 0@125", "node_done 7@145", "trace_complete 0@146" },
            from(played(crash(4), switched(), flow(routed)), 3))
    end)

    it("completes a trace at once if only such a branch was left", function()
        local log = write {
            { "trace_start", 0 }, { "node_done", 10, 1 }, { "node_done", 15, 2 }, { "node_done", 25, 3 },
            { "node_done", 30, 6 },
        }
        local nodes = routed:gsub("%[7%] = { after = { 1 } },", "")
        assert.same({ "node_done 2@15", "trace_resumed 0@125", "trace_complete 0@125" },
            from(played(crash(4), log, flow(nodes)), 3))
    end)

    it("continues a branch whose first node is done", function()
        assert.same({ "node_done 3@25", "trace_resumed 0@130", "node_done 6@145", "node_done 7@150",
            "trace_complete 0@151" }, from(played(crash(5), switched(), flow(routed)), 4))
    end)

    it("keeps a branch on the port `out`, and one of a node that routes again", function()
        local plain = routed:gsub('{ 2, port = "true" }', "2")
        assert.equal("node_done 3@135", from(played(crash(4), switched(), flow(plain)), 5)[1])
        assert.same({ "trace_resumed 0@115", "node_done 2@120", "node_done 3@130" },
            from(played(crash(3), switched(), flow(routed)), 3, 5))
    end)

    it("loses the branch of a node that routed while the trace stopped, when a person answers", function()
        -- 4 was approved and is asked again; 2 runs beside it, and 3 may not begin before the answer.
        local nodes = [[[1] = {}, [4] = { after = { 1 } }, [2] = { after = { 1 } },
            [3] = { after = { { 2, port = "true" } } }, [5] = { after = { 4 } }]]
        local log = write {
            { "trace_start", 0 }, { "node_done", 10, 1 }, { "trace_suspended", 15, 4 }, { "trace_resumed", 115 },
            { "node_start", 115, 2 }, { "node_done", 125, 2 }, { "node_done", 135, 3 }, { "node_done", 140, 5 },
            { "trace_complete", 141 },
        }
        assert.same({ "trace_resumed 0@225", "node_start 2@225", "node_done 2@235", "trace_suspended 4@235",
            "trace_resumed 0@335", "node_done 5@360", "trace_complete 0@361" },
            from(played(crash(6), log, flow(nodes)), 6))
    end)

    it("produces futures in which a person is asked twice, which exploration finds", function()
        local scenario = helper.script([[return {
            goal = function(trace)
                return trace.status == "complete" and #trace.suspensions == 1
            end,
        }]], "scenario")
        local ran = helper.run { "simulate", scenario, approved(), "--explore", "--faults", "crash", "--json" }
        assert.equal(7, ran.status, ran.stderr)
        local found = reel.json_decode(ran.stdout)
        local failing = {}
        for _, record in ipairs(found.records) do
            failing[record.record] = record.failing
        end
        assert.same({ 0, 0, 0, 0, 1, 1, 1 }, failing)
        assert.equal("crash", found.fault_set.faults[1].kind)
        assert.equal(5, found.fault_set.faults[1].record)
    end)

    it("produces futures in which a trace completes although a branch never ran, which exploration finds", function()
        local scenario = helper.script(([[return {
            goal = function(trace) return trace.completed_nodes[6] ~= nil end, %s,
        }]]):format(flow(routed)), "scenario")
        local ran = helper.run { "simulate", scenario, switched(), "--explore", "--faults", "crash", "--json" }
        assert.equal(7, ran.status, ran.stderr)
        assert.equal(4, reel.json_decode(ran.stdout).fault_set.faults[1].record)
    end)

    it("respects limits: a node that waits for an answer again has no slot until it gets one", function()
        local records = {}
        for trace = 1, 3 do
            for _, record in ipairs { { "trace_start", 0 }, { "node_start", 0, 4 }, { "trace_suspended", 5, 4 },
                { "trace_resumed", 55 }, { "node_start", 55, 5 }, { "node_done", 65, 5 }, { "trace_complete", 65 } } do
                records[#records + 1] = { record[1], record[2] + trace, record[3], trace }
            end
        end
        table.sort(records, function(a, b)
            return a[2] < b[2]
        end)
        local lines = played(crash(6, 2), write(records), "limits = { nodes = 1 }")
        local completed = 0
        for _, line in ipairs(lines) do
            completed = completed + (line:find("trace_complete", 1, true) and 1 or 0)
        end
        assert.equal(3, completed)
    end)
end)

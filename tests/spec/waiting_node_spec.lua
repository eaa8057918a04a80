-- A node that waited for a resume: the engine writes no node_done of it. Times worked out by hand from the records of
-- logs-engine/wait-min: in each of two traces 3 is done after 1 s, 4 runs 1 s, waits 3600 s, and 5 and 6 take 1 s each.
local helper = require "tests.spec.helper"
local read_otlp = require "tests.spec.export_otlp"
local readers = require "tests.spec.export_readers"
local reel = require "tracereel"
local simulation_logs = require "tests.spec.simulation_logs"

local log = "tests/fixtures/logs-engine/wait-min/log"
local killed_twice = "tests/fixtures/logs-engine/orders-killed-twice/wal"
local second_ns = 1000000000
local start_ns = 1764000000001000000
local first_trace = "00000000-0000-4000-8000-000000000001"

local function run(...)
    local result = helper.run { ... }
    assert.equal(0, result.status, result.stderr)
    return result.stdout
end

local function timing()
    local nodes = {}
    for _, node in ipairs(reel.json_decode(run("timing", "--json", log)).nodes) do
        nodes[node.id] = node
    end
    return nodes
end

describe("a node that waited and whose trace went on", function()
    teardown(helper.clean)

    it("is done in timing, with its suspension, on the critical path, and not unfinished", function()
        local nodes = timing()
        for id = 3, 6 do
            assert.equal(0, nodes[id].unfinished_count)
            assert.equal(2, nodes[id].count)
            assert.equal(2 * second_ns, nodes[id].run_ns)
            assert.equal(2, nodes[id].critical_count)
        end
        assert.equal(7200 * second_ns, nodes[4].suspended_ns)
        assert.equal(3600 * second_ns, nodes[4].suspended.p50_ns)
        assert.same({ 2 * second_ns, 7200 * second_ns }, { nodes[4].critical_ns, nodes[4].critical_wait_ns })
    end)

    it("has its predecessors and successors in the inferred flow", function()
        local chunk = assert(load(run("flow", log)))
        local after = {}
        for id, node in pairs(chunk().nodes) do
            after[id] = node.after
        end
        assert.same({ [3] = {}, [4] = { 3 }, [5] = { 4 }, [6] = { 5 } }, after)
    end)

    it("is ended by the resume in Lua, but not completed in the engine's view", function()
        local seen = {}
        local traces = {}
        reel.open(log):replay {
            record = function(rec, trace)
                local node = rec.trace_id == first_trace and trace:node(4)
                if node then
                    seen[#seen + 1] = ("%s %s %s"):format(rec.type, node.status, node.ended_by)
                end
                traces[rec.trace_id] = trace
            end,
        }
        assert.same({ "trace_suspended suspended nil", "trace_resumed running nil", "node_done done trace_resumed",
            "node_done done trace_resumed", "trace_complete done trace_resumed" }, seen)
        local node = traces[first_trace]:node(4)
        assert.is_false(node.completed)
        assert.equal(start_ns + 3602 * second_ns, node.end_ns)
        assert.equal(second_ns, node.duration_ns)
        assert.same({ { start_ns = start_ns + second_ns, end_ns = start_ns + 3602 * second_ns,
            duration_ns = second_ns, outcome = "done", ended_by = "trace_resumed", estimated = true, cut = false } },
            node.attempts)
        assert.equal("node_done", traces[first_trace]:node(5).ended_by)
        assert.is_nil(traces[first_trace].completed_nodes[4])
    end)

    it("ends with the resume in show, and is not listed as unfinished", function()
        local page = run("show", first_trace, log)
        assert.matches("1h00m  └ node 4 resumed, which ends it\n", page)
        assert.is_nil(page:find("never ended"))
        assert.is_nil(page:find("unfinished"))
    end)

    it("continues in show until its own end, if that was written", function()
        local page = run("show", first_trace, simulation_logs.write {
            { "trace_start", 0 }, { "trace_suspended", 10, 4 }, { "trace_resumed", 20 }, { "node_done", 25, 5 },
            { "node_done", 30, 4 }, { "trace_complete", 31 },
        })
        assert.matches("├ node 4 resumed\n", page)
        assert.matches("└ node 4 done\n", page)
    end)

    it("has the time that it waited, without the later resume by a recovery", function()
        local page = run("show", first_trace, simulation_logs.write {
            { "trace_start", 0 }, { "trace_suspended", 10, 4 }, { "trace_resumed", 20 }, { "trace_resumed", 35 },
            { "node_done", 40, 5 },
        })
        assert.matches("0.020000    10.0 ms  └ node 4 resumed, which ends it\n", page)
        assert.matches("0.035000             ● trace resumed\n", page)
    end)

    it("still runs in show and in traces if nothing has followed the resume", function()
        local page = run("show", first_trace, simulation_logs.write {
            { "trace_start", 0 }, { "trace_suspended", 10, 4 }, { "trace_resumed", 20 },
        })
        assert.matches("├ node 4 resumed\n", page)
        assert.matches("node 4 unfinished", page)
        assert.matches("node 4: running for", page)
    end)

    it("is ended by the resume in debug", function()
        local result = helper.run({ "debug", log, first_trace }, { stdin = "break trace_complete\ncontinue\nnode 4\n" })
        assert.matches("node 4: done, 1 attempt, ~1.00 s, ended by the resume", result.stdout .. result.stderr)
    end)

    it("is a finished attempt with its waiting time in every export", function()
        local function export(format)
            return run("export", "--format", format, log)
        end
        local ended = ("%d"):format(start_ns + 3602 * second_ns)
        local rows = 0
        for _, row in ipairs(readers.csv(export "csv")) do
            if row.node_id == "4" and row.trace_id == first_trace then
                rows = rows + 1
                assert.same({ "done", ended, "1000000000", "3600000000000" },
                    { row.outcome, row.end_ns, row.run_ns, row.suspended_ns })
            end
        end
        assert.equal(1, rows)
        local folded = {}
        for _, stack in ipairs(readers.folded(export "folded")) do
            folded[stack.frames[2] .. " " .. stack.frames[3]] = stack.count
        end
        assert.equal(2 * second_ns, folded["node_4 done[estimated]"])
        assert.equal(7200 * second_ns, folded["node_4 suspended"])
        assert.matches('attempts_total{log="[^"]*",node="4",outcome="done"} 2\n', export "prometheus")
        assert.matches('suspended_seconds_total{log="[^"]*",node="4"} 7200.000000000\n', export "prometheus")
        local node = helper.objects(export "jsonl")[1].nodes[2]
        assert.same({ "#4", "done", "done", "#" .. ended }, { node.node_id, node.status, node.attempts[1].outcome,
            node.attempts[1].end_ns })
        local slices = 0
        for _, slice in ipairs(readers.chrome(export "chrome").slices) do
            if slice.cat == "node" and slice.name == "node_4" then
                slices = slices + 1
                assert.equal("done", slice.args.outcome)
                assert.is_nil(slice.args.open)
            end
        end
        assert.equal(2, slices)
        local statuses = {}
        for _, span in ipairs(read_otlp(export "otlp")[1].spans) do
            if span.values["tracereel.node_id"] == 4 or span.values["tracereel.node_id"] == "4" then
                statuses[#statuses + 1] = ("%s %s"):format(span.values["tracereel.span"],
                    span.values["tracereel.outcome"] or span.values["tracereel.status"])
            end
        end
        assert.same({ "node done", "attempt done", "suspension nil" }, statuses)
    end)

    it("is reproduced byte for byte by an empty scenario", function()
        local directory, ran = simulation_logs.simulate("return {}", log)
        assert.equal(0, ran.status, ran.stderr)
        assert.equal(helper.read(log .. "/wal_0000000000000000.log"),
            helper.read(directory .. "/wal_0000000000000000.log"))
    end)

    it("with a shorter simulated suspension has earlier successors, with and without a flow", function()
        local flow = [[flow = { nodes = { [3] = {}, [4] = { after = { 3 } }, [5] = { after = { 3, 4 } },
            [6] = { after = { 5 } } } }]]
        for _, rest in ipairs { "", flow } do
            local directory = simulation_logs.simulate(('return { suspension = { [4] = { time = "10s" } }, %s }')
                :format(rest), log)
            local times = {}
            for rec in reel.open(directory):records() do
                if rec.trace_id == first_trace then
                    times[#times + 1] = ("%s %d@%g"):format(rec.type, rec.node_id,
                        (rec.timestamp_ns - start_ns) / second_ns)
                end
            end
            assert.same({ "trace_start 0@0", "node_done 3@1", "trace_suspended 4@2", "trace_resumed 0@12",
                "node_done 5@13", "node_done 6@14", "trace_complete 0@14" }, times)
        end
    end)

    it("has a new attempt each time it waits, after a crash too", function()
        local counted = {}
        reel.open(killed_twice):replay {
            trace_suspended = function(rec, trace)
                if #trace:node(rec.node_id).attempts > 1 then
                    counted[rec.trace_id] = #trace:node(rec.node_id).attempts
                end
            end,
        }
        -- By the records alone: as many attempts as suspensions of the trace at its node.
        local suspensions = {}
        for rec in reel.open(killed_twice):records() do
            if rec.type == "trace_suspended" then
                suspensions[rec.trace_id] = (suspensions[rec.trace_id] or 0) + 1
            end
        end
        local expected = {}
        for id, count in pairs(suspensions) do
            expected[id] = count > 1 and count or nil
        end
        assert.truthy(next(expected))
        assert.same(expected, counted)
    end)
end)

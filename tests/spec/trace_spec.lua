local helper = require "tests.spec.helper"
local record_bytes = require "tests.spec.record_bytes"
local reel = require "tracereel"

local id = "aaaaaaaa-0000-4000-8000-000000000001"

local function at(type_name, timestamp_ns, fields)
    fields = fields or {}
    fields.type, fields.timestamp_ns, fields.trace_id = type_name, timestamp_ns, fields.trace_id or id
    return fields
end

-- The handle of the one trace that these records make, as it is after the last of them.
local function trace_of(...)
    local handle
    reel.open(record_bytes.write_log(helper.directory(), { ... })):replay {
        record = function(_, trace)
            handle = trace or handle
        end,
    }
    return handle
end

describe("a trace handle", function()
    after_each(helper.clean)

    it("is one value for the life of the trace, and can be a table key", function()
        local counts, handles = {}, {}
        reel.open(helper.log("orders")):replay {
            record = function(rec, trace)
                if trace then
                    counts[trace] = (counts[trace] or 0) + 1
                    handles[rec.trace_id] = handles[rec.trace_id] or trace
                    assert.are.equal(handles[rec.trace_id], trace)
                    assert.are.equal(rec.trace_id, trace.id)
                    assert.are.equal(counts[trace], trace.record_count)
                end
            end,
        }
        collectgarbage()
        local closed = 0
        for trace, count in pairs(counts) do
            assert.are.equal(count, trace.record_count)
            closed = closed + (trace.open and 0 or 1)
        end
        assert.is_true(closed > 10)
    end)

    it("shows the final state after the trace has closed and the log is gone", function()
        local trace = trace_of(at("trace_start", 10, { metadata = "{}" }), at("node_start", 20, { node_id = 3 }),
            at("node_error", 30, { node_id = 3, error_message = "declined" }), at("node_start", 40, { node_id = 3 }),
            at("node_done", 55, { node_id = 3, output_offset = 128, output_size = 7, schema_hash = -1 }),
            at("trace_failed", 60, { error_message = "given up" }))
        collectgarbage()
        collectgarbage()
        assert.are.equal("failed", trace.status)
        assert.is_false(trace.open or trace.tainted or trace.from_snapshot)
        assert.are.same({ 10, 60, 50, 6, 1, 0, "{}" }, { trace.start_ns, trace.last_ns, trace.duration_ns,
            trace.record_count, trace.error_count, trace.restart_count, trace.metadata })
        assert.are.same({ { timestamp_ns = 30, node_id = 3, message = "declined", life = 0 },
            { timestamp_ns = 60, message = "given up", life = 0 } }, trace.errors)
        assert.are.same({ [3] = { offset = 128, size = 7, schema_hash = -1 } }, trace.completed_nodes)
        assert.are.equal(3, trace.last_completed_node)
        assert.are.same({}, trace.violations)
        assert.are.equal("failed", helper.objects(trace:json())[1].status)
        local node = trace.nodes[1]
        assert.are.same({ 3, "done", 40, 55, 15, false, "declined", 1, true, 128, 7, -1, 0 }, { node.id, node.status,
            node.start_ns, node.end_ns, node.duration_ns, node.estimated, node.error, node.error_count, node.completed,
            node.output_offset, node.output_size, node.schema_hash, node.loop_iterations })
        assert.is_nil(node.last_iteration)
    end)

    it("has the open suspension, decoded, and the past ones", function()
        local metadata = '{"hook_id":"h","timeout_secs":null,"n":9007199254740993}'
        local trace = trace_of(at("trace_start", 1), at("trace_suspended", 5, { node_id = 4, metadata = "no JSON" }),
            at("trace_resumed", 8), at("trace_suspended", 9, { node_id = 4, metadata = metadata }))
        assert.are.equal("suspended", trace.status)
        assert.are.same({ node_id = 4, since_ns = 9, metadata = metadata,
            decoded = { hook_id = "h", timeout_secs = reel.null, n = 9007199254740993 } }, trace.suspension)
        assert.are.same({ { node_id = 4, start_ns = 5, end_ns = 8 }, { node_id = 4, start_ns = 9 } }, trace.suspensions)
        assert.are.equal(4, trace.suspended_at)
        assert.are.same({ action = "await_resume", node = 4 }, trace:recovery())
        local running = trace_of(at("trace_start", 1), at("trace_suspended", 5, { metadata = "no JSON" }))
        assert.is_nil(running.suspension.decoded)
        assert.is_nil(trace_of(at("trace_start", 1)).suspension)
    end)

    it("is kept when the trace starts again", function()
        local first
        local trace = trace_of(at("trace_start", 1), at("node_start", 2), at("trace_start", 3))
        assert.are.equal(1, trace.restart_count)
        assert.are.equal(1, #trace.nodes)
        assert.are.equal("idle", trace.nodes[1].status)
        assert.are.equal("abandoned", trace.nodes[1].attempts[1].outcome)
        assert.are.same({}, trace.started_nodes)
        assert.is_false(trace.nodes[1].started)
        assert.are.same({ "trace_restarted" }, trace.violations)
        local directory = record_bytes.write_log(helper.directory(), { at("trace_start", 1), at("node_start", 2),
            at("trace_start", 3) })
        reel.open(directory):replay {
            record = function(_, handle)
                first = first or handle
                assert.are.equal(first, handle)
            end,
        }
    end)

    it("says of a node whether it is among those started and not done", function()
        local trace = trace_of(at("trace_start", 1), at("node_start", 2, { node_id = 3 }),
            at("node_start", 3, { node_id = 4 }), at("node_error", 4, { node_id = 3, error_message = "no" }),
            at("node_done", 5, { node_id = 4 }), at("loop_iteration", 6, { node_id = 8 }))
        assert.are.same({ 3 }, trace.started_nodes)
        local started = {}
        for index, node in ipairs(trace.nodes) do
            started[index] = { node.id, node.started }
        end
        assert.are.same({ { 3, true }, { 4, false }, { 8, false } }, started)
    end)

    it("is tainted by damage while it was open, and stays so when it closes", function()
        local trace = trace_of(at("trace_start", 1), ("\255"):rep(20), at("trace_complete", 2))
        assert.is_true(trace.tainted)
        assert.is_false(trace_of(at("trace_start", 1), at("trace_complete", 2)).tainted)
    end)

    it("knows that it comes from a snapshot", function()
        local from_snapshot = 0
        for _, trace in ipairs(reel.open(helper.log("snapshot"), { snapshot = true }):traces()) do
            if trace.from_snapshot then
                from_snapshot = from_snapshot + 1
                assert.are.equal(0, trace.start_ns)
                assert.are.equal(0, trace.duration_ns)
            end
        end
        assert.is_true(from_snapshot > 0)
    end)

    it("raises for an unknown field, cannot be changed, and is shown as one line by tostring", function()
        local trace = trace_of(at("trace_start", 1))
        local _, problem = pcall(function() return trace.state end)
        assert.truthy(problem:find("'state'", 1, true) and problem:find("status", 1, true))
        assert.is_false(pcall(function() trace.status = "failed" end))
        assert.truthy(tostring(trace):find(id, 1, true))
        assert.are.equal("string", type(getmetatable(trace)))
        assert.is_false(pcall(trace.json, {}))
        assert.is_false(pcall(trace.node, trace, -1))
        assert.is_nil(trace:node(77))
    end)

    it("can be read by a finalizer that runs after the log's own", function()
        local program = [[local reel = require "tracereel"
            local trace = reel.open("%s"):traces()[1]
            guard = setmetatable({ trace = trace }, { __gc = function(self)
                print(pcall(function() return self.trace.id end)) end })
            reel.open("%s"):replay { record = function(_, t) last = t end }
            late = setmetatable({}, { __gc = function() print(pcall(function() return last.status end)) end })]]
        local text, status = helper.shell("lua5.4 -e " .. helper.quote((program:gsub("%%s", helper.log("orders")))) ..
            " 2>&1")
        assert.are.equal(0, status)
        assert.are.equal(2, select(2, text:gsub("[^\n]+\n", "")))
    end)
end)

describe("trace.data", function()
    it("is one table for each set of handlers, and stays with the trace", function()
        local kept = {}
        local function counting(name)
            return {
                record = function(_, trace)
                    if trace then
                        trace.data[name] = (trace.data[name] or 0) + 1
                        kept[trace] = true
                    end
                end,
                trace_complete = function(_, trace)
                    if trace then
                        assert.are.same({ [name] = trace.record_count - 1 }, trace.data)
                    end
                end,
            }
        end
        reel.open(helper.log("orders")):replay(counting("first"), counting("second"))
        collectgarbage()
        local checked = 0
        for trace in pairs(kept) do
            assert.are.same({ first = trace.record_count }, trace.data)
            checked = checked + 1
        end
        assert.is_true(checked > 10)
    end)
end)

describe("trace:node", function()
    after_each(helper.clean)

    it("has the duration from start to end for every node of orders", function()
        local started, compared = {}, 0
        reel.open(helper.log("orders")):replay {
            node_start = function(rec)
                started[rec.trace_id .. rec.node_id] = rec.timestamp_ns
            end,
            node_done = function(rec, trace)
                local node = trace:node(rec.node_id)
                if #trace.suspensions == 0 then
                    assert.are.equal(rec.timestamp_ns - started[rec.trace_id .. rec.node_id], node.duration_ns)
                    compared = compared + 1
                end
                assert.is_false(node.estimated)
                assert.is_true(node.completed)
                assert.are.equal(rec.output_size, node.output_size)
                assert.are.equal(rec.schema_hash, node.schema_hash)
            end,
        }
        assert.is_true(compared > 100)
    end)

    it("is a copy of the state at that moment, including attempts and errors", function()
        local copies = {}
        reel.open(record_bytes.write_log(helper.directory(), {
            at("trace_start", 1), at("node_start", 2, { node_id = 3 }),
            at("node_error", 4, { node_id = 3, error_message = "first" }), at("node_start", 5, { node_id = 3 }),
            at("node_error", 9, { node_id = 3, error_message = "" }), at("node_done", 11, { node_id = 3 }),
        })):replay {
            record = function(_, trace)
                copies[#copies + 1] = trace:node(3)
            end,
        }
        local seen = {}
        for index, node in ipairs(copies) do
            seen[index] = { node.status, #node.attempts, node.duration_ns, node.error_count, node.error or "none" }
        end
        assert.are.same({ { "running", 1, 0, 0, "none" }, { "error", 1, 2, 1, "first" },
            { "running", 2, 0, 1, "first" }, { "error", 2, 4, 2, "" } }, { seen[1], seen[2], seen[3], seen[4] })
        assert.are.same({ start_ns = 2, duration_ns = 0, outcome = "open", estimated = false, cut = false },
            copies[1].attempts[1])
        assert.are.same({ start_ns = 2, end_ns = 4, duration_ns = 2, outcome = "error", ended_by = "node_error",
            estimated = false, cut = false }, copies[3].attempts[1])
        assert.is_nil(copies[1].end_ns)
        assert.are.equal(9, copies[4].end_ns)
    end)

    it("keeps its lists when the trace starts again later", function()
        local copy
        reel.open(record_bytes.write_log(helper.directory(), { at("trace_start", 1), at("node_start", 2),
            at("trace_start", 3) })):replay {
            node_start = function(_, trace)
                copy = trace:node(0)
            end,
        }
        assert.are.equal("running", copy.status)
        assert.are.same({ { start_ns = 2, duration_ns = 0, outcome = "open", estimated = false, cut = false,
            earlier_life = true } }, copy.attempts)
    end)

    it("marks durations that had to be estimated", function()
        local estimated = 0
        reel.open(helper.log("done-only")):replay {
            node_done = function(rec, trace)
                assert.is_true(trace:node(rec.node_id).estimated)
                estimated = estimated + 1
            end,
        }
        assert.is_true(estimated > 100)
    end)

    it("counts loop iterations", function()
        local trace = trace_of(at("trace_start", 1), at("loop_iteration", 2, { node_id = 8, iteration = 1 }),
            at("loop_iteration", 3, { node_id = 8, iteration = 2 }))
        local node = trace:node(8)
        assert.are.same({ "looping", 2, 2 }, { node.status, node.loop_iterations, node.last_iteration })
        local _, problem = pcall(function() return node.iterations end)
        assert.truthy(problem:find("'iterations'", 1, true) and problem:find("loop_iterations", 1, true))
        assert.truthy(tostring(node):find("node 8", 1, true))
    end)
end)

-- What an imported log says in the metadata of XERV's records, as a trace handle shows it.
local helper = require "tests.spec.helper"
local imported_log = require "tests.spec.imported_log"
local record_bytes = require "tests.spec.record_bytes"
local reel = require "tracereel"

local parent = imported_log.parent

local function at(type_name, timestamp_ns, fields)
    return imported_log.at(type_name, timestamp_ns, nil, nil, fields)
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

describe("an imported trace", function()
    after_each(helper.clean)

    it("has the name, the id's text and the parent that its trace_start gives", function()
        local trace = trace_of(at("trace_start", 10, {
            metadata = ([[{"id":"order \u0041","name":"nightly","parent":"%s","parent_node":7,"parent_instance":"3",]]
                .. [["metadata":{"name":"mine"}}]]):format(parent:upper()),
        }))
        assert.are.same({ "order A", "nightly", parent, 7, "3" },
            { trace.text_id, trace.name, trace.parent, trace.parent_node, trace.parent_instance })
    end)

    it("has none of these where the metadata lacks them, is none, or has them as another kind of value", function()
        for _, metadata in ipairs {
            false, "{}", "name", "[1]", '{"id":1,"name":{},"parent":"no id","parent_node":"4","parent_instance":2}',
            '{"parent":17,"parent_node":-1}', '{"parent_node":4294967296}', '{"parent_node":1.5}',
        } do
            local trace = trace_of(at("trace_start", 10, { metadata = metadata or nil }))
            assert.are.same({}, { trace.text_id, trace.name, trace.parent, trace.parent_node, trace.parent_instance })
        end
    end)

    it("has the outcome that its closing record names, if that goes with the record's type", function()
        local function outcome(type_name, metadata)
            return trace_of(at("trace_start", 10), at(type_name, 20, { metadata = metadata })).outcome
        end
        assert.are.equal("complete", outcome("trace_complete"))
        assert.are.equal("continued", outcome("trace_complete", '{"outcome":"continued"}'))
        assert.are.equal("complete", outcome("trace_complete", '{"outcome":"cancelled"}'))
        assert.are.equal("complete", outcome("trace_complete", '{"metadata":{"outcome":"continued"}}'))
        assert.are.equal("complete", outcome("trace_complete", '{"outcome":"continued"'))
        assert.are.equal("failed", outcome("trace_failed"))
        for _, name in ipairs { "cancelled", "timed_out", "terminated" } do
            assert.are.equal(name, outcome("trace_failed", ('{"outcome":"%s"}'):format(name)))
        end
        assert.are.equal("timed_out", outcome("trace_failed", [[{"outcome":"timed\u005fout"}]]))
        assert.are.equal("failed", outcome("trace_failed", '{"outcome":"continued"}'))
        assert.are.equal("failed", outcome("trace_failed", '{"outcome":["cancelled"]}'))
    end)

    it("has no outcome while it is open, and its status is XERV's", function()
        assert.is_nil(trace_of(at("trace_start", 10)).outcome)
        assert.are.equal("failed", trace_of(at("trace_start", 10),
            at("trace_failed", 20, { metadata = '{"outcome":"cancelled"}' })).status)
    end)

    it("keeps attempts, errors and loops of a node by instance, and the engine's view by node", function()
        local function of(instance, more)
            return { node_id = 4, metadata = ('{"instance":"%s"%s}'):format(instance, more or "") }
        end
        local error_fields = of("a", ',"kind":"timed_out"')
        error_fields.error_message = "too slow"
        local trace = trace_of(at("trace_start", 10), at("node_start", 20, of "a"), at("node_start", 21, of "b"),
            at("node_start", 22, { node_id = 5 }), at("node_done", 30, of "b"), at("node_error", 31, error_fields),
            at("node_start", 40, of "a"), at("loop_iteration", 41, of "c"), at("loop_iteration", 45, of "c"),
            at("node_done", 50, of "a"), at("node_done", 60, { node_id = 5 }), at("loop_exit", 61, of "c"),
            at("trace_complete", 70))
        local seen = {}
        for _, node in ipairs(trace.nodes) do
            for _, attempt in ipairs(node.attempts) do
                assert.are.equal(node.instance, attempt.instance)
                seen[#seen + 1] = ("%d/%s %d-%d %s %s"):format(node.id, node.instance or "-", attempt.start_ns,
                    attempt.end_ns, attempt.outcome, attempt.kind or "-")
            end
        end
        assert.are.same({ "4/a 20-31 error timed_out", "4/a 40-50 done -", "4/b 21-30 done -", "5/- 22-60 done -" },
            seen)
        local function ended(node)
            local list = {}
            for index, attempt in ipairs(node.attempts) do
                list[index] = attempt.instance .. attempt.end_ns
            end
            return list
        end
        assert.are.same({ "a31", "b30", "a50" }, ended(trace:node(4)))
        assert.are.same({ "a31", "a50" }, ended(trace:node(4, "a")))
        assert.is_nil(trace:node(4, "d"))
        assert.are.same({ 1, 1, 0 }, { trace:node(4).error_count, trace:node(4, "a").error_count,
            trace:node(4, "b").error_count })
        assert.are.equal("a", trace.errors[1].instance)
        assert.are.same({ 2, 0 }, { trace:node(4, "c").loop_iterations, trace:node(4, "c").last_iteration })
        assert.are.same({}, trace.violations)
        assert.is_true(trace:node(4).completed)
    end)

    it("counts twelve first attempts in parallel as twelve, though the engine knows one node", function()
        local records = { at("trace_start", 10) }
        for number = 1, 12 do
            records[#records + 1] = at("node_start", 20 + number,
                { node_id = 4, metadata = ([[{"instance":"\u00e9 %d"}]]):format(number) })
        end
        for number = 1, 12 do
            records[#records + 1] = at("node_done", 40 + 3 * number,
                { node_id = 4, metadata = ('{"metadata":{"instance":"9"},"instance":"é %d"}'):format(number) })
        end
        local trace = trace_of(table.unpack(records))
        local total_ns = 0
        assert.are.equal(12, #trace.nodes)
        for _, node in ipairs(trace.nodes) do
            assert.are.same({ 1, "done" }, { #node.attempts, node.status })
            total_ns = total_ns + node.duration_ns
        end
        assert.are.equal(12 * 20 + 2 * (12 * 13 // 2), total_ns)
        assert.are.same({}, trace.started_nodes)
        assert.are.same({}, trace.violations)
    end)

    it("takes an instance that is no text, is empty, or stands in broken JSON for none", function()
        for _, metadata in ipairs { '{"instance":7}', '{"instance":""}', '{"instance":"7"', '["instance"]',
            '{"metadata":{"instance":"7"}}', '{"instance":null}', '{"instance":"7","instance":[]}' } do
            local trace = trace_of(at("trace_start", 10), at("node_start", 20, { node_id = 4, metadata = metadata }),
                at("node_done", 30, { node_id = 4 }))
            assert.are.same({ 1, 1 }, { #trace.nodes, #trace.nodes[1].attempts })
            assert.is_nil(trace.nodes[1].instance)
        end
    end)

    it("has the instance of its metadata after escapes, other objects, and texts that only look like a name", function()
        for _, metadata in ipairs { [[{"a\"":"b","instance":"7"}]], [[{"x":"instance","instance":"\u0037"}]],
            [[{"kind":{"instance":"8"},"instance":"7"}]] } do
            local trace = trace_of(at("trace_start", 10), at("node_start", 20, { node_id = 4, metadata = metadata }))
            assert.are.equal("7", trace.nodes[1].instance, metadata)
        end
    end)

    it("reports nodes that run in parallel when it completes, and those that ended without a start", function()
        local function of(instance)
            return { node_id = 4, metadata = ('{"instance":"%s"}'):format(instance) }
        end
        assert.are.same({ "complete_while_running" }, trace_of(at("trace_start", 10), at("node_start", 20, of "a"),
            at("node_start", 21, of "b"), at("node_done", 22, of "a"), at("trace_complete", 30)).violations)
        assert.are.same({ "done_without_start" }, trace_of(at("trace_start", 10), at("node_start", 20, of "a"),
            at("node_done", 21, of "b")).violations)
    end)

    it("has what the source says of an attempt: when it was scheduled, its number, its resource", function()
        local function start(timestamp_ns, more)
            return at("node_start", timestamp_ns, { node_id = 4, metadata = more })
        end
        local trace = trace_of(at("trace_start", 10),
            start(20, '{"scheduled_ns":12,"attempt":3,"resource":"host \\"7\\""}'),
            at("node_error", 25, { node_id = 4 }),
            start(30, '{"attempt":4}'), at("node_error", 35, { node_id = 4 }),
            start(40, '{"attempt":7,"scheduled_ns":41}'), at("node_done", 45, { node_id = 4 }),
            start(50, '{"attempt":2,"scheduled_ns":1.5}'), at("node_done", 55, { node_id = 4 }),
            start(60, '{"attempt":"2","scheduled_ns":-1}'), at("node_done", 65, { node_id = 4 }))
        local details = {}
        for index, attempt in ipairs(trace:node(4).attempts) do
            details[index] = { attempt.number or 0, attempt.hidden_count or 0, attempt.scheduled_ns or 0,
                attempt.resource or "-" }
        end
        assert.are.same({ { 3, 2, 12, 'host "7"' }, { 4, 0, 0, "-" }, { 7, 2, 0, "-" }, { 2, 1, 0, "-" },
            { 0, 0, 0, "-" } }, details)
        assert.are.same({ "time_backwards" }, trace.violations) -- scheduled after its start: left out
    end)

    it("waits at several nodes at once, and is suspended only while nothing runs beside them", function()
        local seen = {}
        local function wait(type_name, timestamp_ns, node_id, metadata)
            return at(type_name, timestamp_ns, { node_id = node_id, metadata = metadata })
        end
        local trace
        reel.open(record_bytes.write_log(helper.directory(), { at("trace_start", 10),
            wait("node_start", 15, 7), wait("trace_suspended", 20, 5, '{"wait":"timer"}'),
            wait("trace_suspended", 21, 6, '{"wait":"signal","instance":"a"}'), wait("node_done", 30, 7),
            wait("trace_resumed", 40, 5, '{"wait":"timer"}'), wait("node_start", 41, 8), wait("node_done", 45, 8),
            wait("trace_resumed", 50, 6, '{"wait":"signal","instance":"b"}'),
            wait("trace_resumed", 60, 6, '{"wait":"signal","instance":"a"}'), at("trace_complete", 70) })):replay {
            record = function(_, handle)
                trace = handle
                seen[#seen + 1] = handle.status
            end,
        }
        assert.are.same({ "running", "running", "running", "running", "suspended", "suspended", "running", "suspended",
            "suspended", "running", "complete" }, seen)
        local waits = {}
        for index, wait_of in ipairs(trace.suspensions) do
            waits[index] = { wait_of.node_id, wait_of.wait, wait_of.instance or "-", wait_of.start_ns, wait_of.end_ns }
        end
        assert.are.same({ { 5, "timer", "-", 20, 40 }, { 6, "signal", "a", 21, 60 } }, waits)
        assert.are.same({}, trace.violations)
        local node = trace:node(6, "a")
        assert.are.same({ "done", "trace_resumed", 21, 60, 0 },
            { node.status, node.ended_by, node.start_ns, node.end_ns, node.duration_ns })
    end)

    it("ends a wait with the node's own end, with another wait of the node, and when it closes", function()
        local function ends(...)
            local trace = trace_of(at("trace_start", 10),
                at("trace_suspended", 20, { node_id = 5, metadata = '{"wait":"timer"}' }), ...)
            local list = {}
            for index, wait in ipairs(trace.suspensions) do
                list[index] = wait.end_ns or "open"
            end
            return list, trace.violations, trace:node(5).attempts
        end
        local again = at("trace_suspended", 30, { node_id = 5, metadata = '{"wait":"timer"}' })
        local list, violations, attempts = ends(at("node_done", 30, { node_id = 5 }))
        assert.are.same({ { 30 }, {}, 1, "node_done" }, { list, violations, #attempts, attempts[1].ended_by })
        list, violations = ends(again)
        assert.are.same({ { 30, "open" }, { "suspended_twice" } }, { list, violations })
        list, violations, attempts = ends(at("trace_complete", 30))
        assert.are.same({ { 30 }, {}, "abandoned" }, { list, violations, attempts[1].outcome })
        list, violations, attempts = ends(at("trace_resumed", 30, { node_id = 5, metadata = '{"wait":"timer"}' }),
            at("node_done", 50, { node_id = 5 }))
        assert.are.same({ { 30 }, {}, 1, 50, 20 }, { list, violations, #attempts, attempts[1].end_ns,
            attempts[1].duration_ns })
    end)

    it("leaves XERV's suspension and a node's own wait to their own ends", function()
        local trace = trace_of(at("trace_start", 10), at("trace_suspended", 20, { node_id = 4 }),
            at("trace_suspended", 25, { node_id = 5, metadata = '{"wait":"timer"}' }), at("trace_resumed", 30),
            at("trace_resumed", 40, { node_id = 5, metadata = '{"wait":"timer"}' }),
            at("node_start", 45, { node_id = 6 }))
        assert.are.same({ 30, 40 }, { trace.suspensions[1].end_ns, trace.suspensions[2].end_ns })
        assert.are.same({ "running" }, { trace.status })
        assert.are.same({ 10, 0 }, { trace:node(4).end_ns - trace:node(4).start_ns - trace:node(4).duration_ns,
            trace:node(5).duration_ns })
    end)
end)

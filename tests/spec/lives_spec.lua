-- What scripts see of a trace that began afresh: its present life as the engine has it, and all that it has lived.
local files = require "tests.spec.recovery_files"
local helper = require "tests.spec.helper"
local reel = require "tracereel"

local id = "00112233-4455-6677-8899-aabbccddeeff"
local now_ns = 0

local function write(directory, append, steps)
    local writer = reel.writer(directory, { append = append })
    for _, step in ipairs(steps) do
        now_ns = now_ns + 1000
        local fields = { trace_id = id, timestamp_ns = now_ns, node_id = step[2] }
        for key, value in pairs(step[3] or {}) do
            fields[key] = value
        end
        writer:append(reel.record[step[1]](fields))
    end
    writer:close()
end

local function new_log(steps)
    now_ns = 0
    local directory = helper.directory() .. "/log"
    helper.shell("mkdir " .. directory)
    write(directory, false, steps)
    return directory
end

local function trace_of(directory)
    local log = reel.open(directory)
    log:replay {}
    return log:traces()[1]
end

local first_life = {
    { "trace_start", 0, { metadata = '{"order":17}' } }, { "node_done", 1 },
    { "node_error", 3, { error_message = "gateway down" } },
}

describe("a trace that started again", function()
    after_each(helper.clean)

    it("keeps the errors of all its lives, and lists those of the present one separately", function()
        local directory = new_log(first_life)
        write(directory, true, { { "trace_start", 0 }, { "node_error", 2, { error_message = "no stock" } } })
        local trace = trace_of(directory)
        assert.are.same({ { timestamp_ns = 3000, node_id = 3, message = "gateway down", life = 0 },
            { timestamp_ns = 5000, node_id = 2, message = "no stock", life = 1 } }, trace.history_errors)
        assert.are.same({ trace.history_errors[2] }, trace.errors)
        assert.are.equal(1, trace.error_count)
        assert.are.same({ 2 }, trace.failed_nodes)
        assert.are.same({ 1000, 5000, 5 }, { trace.start_ns, trace.last_ns, trace.record_count })
        assert.are.equal(1, trace:node(3).error_count)
    end)

    it("counts nodes as failed if their last attempt failed, and not if a later one succeeded", function()
        local steps = { { "trace_start", 0 }, { "node_error", 3 }, { "node_error", 5 }, { "node_done", 3 },
            { "node_done", 7 }, { "node_error", 7 } }
        local directory = new_log(steps)
        assert.are.same({ 5, 7 }, trace_of(directory).failed_nodes)
        write(directory, true, { { "node_start", 5 } })
        assert.are.same({ 7 }, trace_of(directory).failed_nodes)
        write(directory, true, { { "node_done", 7, { metadata = '{"tracereel":{"plan":"p"}}' } } })
        assert.are.same({}, trace_of(directory).failed_nodes)
    end)

    it("has the metadata of its latest trace_start, decoded once, and nil if that is no object", function()
        local directory = new_log(first_life)
        local trace = trace_of(directory)
        assert.are.same({ order = 17 }, trace.metadata_table)
        assert.are.equal(trace.metadata_table, trace.metadata_table)
        for _, text in ipairs { "[1,2]", "no JSON", '{"a":1', "7" } do
            write(directory, true, { { "trace_start", 0, { metadata = text } } })
            assert.is_nil(trace_of(directory).metadata_table)
        end
        local seen = {}
        reel.open(new_log(first_life)):replay { trace_start = function(_, one) seen.first = one.metadata_table end }
        assert.are.same({ order = 17 }, seen.first)
    end)

    it("is shown with both lives, the new start, and its author", function()
        local directory = new_log(first_life)
        local plan = files.plan(directory, "return { api = 1, recover = function() return tracereel.restart() end }")
        assert.are.equal(0, helper.run({ "apply", plan, directory, "--operator", "ada" }).status)
        write(directory, true, { { "trace_resumed", 0 }, { "node_done", 1 }, { "trace_complete", 0 } })
        local shown = helper.run({ "show", id, directory }).stdout
        assert.truthy(shown:find("node 3 FAILED: gateway down", 1, true), shown)
        assert.truthy(shown:find("trace started again (restart 1)", 1, true), shown)
        assert.truthy(shown:gsub("%s+", " "):find("[tracereel: plan %x+ applied by ada]"), shown)
        assert.truthy(helper.run({ "dump", "--full", directory }).stdout:find("[tracereel: plan %x+ applied by ada]"))
        local timed = helper.run({ "timing", directory }).stdout
        assert.truthy(timed:find("of these 1 started again: measured from their first start", 1, true), timed)
    end)

    it("has no run, wait or iteration in its timing of what was open when it started again", function()
        local directory = new_log {
            { "trace_start", 0 }, { "node_start", 1 }, { "loop_iteration", 8 }, { "trace_suspended", 4 },
            { "trace_start", 0 }, { "node_start", 1 }, { "node_done", 1 }, { "loop_iteration", 8 }, { "loop_exit", 8 },
            { "trace_complete", 0 } }
        local timing = reel.timing()
        reel.open(directory):replay { timing = timing }
        local report, nodes = timing:report(), {}
        for _, node in ipairs(report.nodes) do
            nodes[node.id] = node
        end
        assert.are.same({ 1, 1000, 2000 }, { nodes[1].count, nodes[1].run_ns, nodes[1].retry_ns })
        assert.are.same({ 0, 1 }, { nodes[4].suspended.count, nodes[4].unfinished_count })
        assert.are.same({ 1, 1000 }, { nodes[8].iteration.count, nodes[8].loop_ns })
        assert.are.same({ 9000, 0 }, { report.traces.makespan.max_ns, report.traces.suspended.max_ns })
    end)

    it("is restarted by the example at most twice, counting restarts of earlier plans", function()
        local directory = new_log(first_life)
        local script = helper.read("examples/recover_start_over.lua")
        local kinds = {}
        for _ = 1, 3 do
            local plan = files.plan(directory, script)
            local planned = files.plan_object(plan).traces[1]
            kinds[#kinds + 1] = planned.decision.kind
            assert.are.equal(0, helper.run({ "apply", plan, directory }).status)
            now_ns = reel.open(directory):replay({}):stats().now_ns
            if planned.decision.kind == "restart" then
                write(directory, true, { { "trace_resumed", 0 }, { "node_done", 1 },
                    { "node_error", 3, { error_message = "still down" } } })
            else
                assert.truthy(helper.read(plan):find("started over 2 times; life 0: gateway down; life 1: still down; "
                    .. "life 2: still down", 1, true))
            end
        end
        assert.are.same({ "restart", "restart", "fail" }, kinds)
    end)

    it("recognises a record of tracereel by a top-level key only", function()
        local function by(metadata)
            return reel.record.node_done { trace_id = id, metadata = metadata }.by_tracereel
        end
        assert.is_true(by '{"tracereel":{"plan":"p"}}')
        assert.is_true(by ' {"a":[1,{"b":2}], "tracereel" : 1 } ')
        for _, text in ipairs { "", "{}", '{"a":{"tracereel":1}}', '["tracereel"]', '{"a":"tracereel"}', '"tracereel"',
            '{"tracereel":1', '{"tracereel":}', '{"tracereel":1} x', '{"Tracereel":1}', ("["):rep(100000)
                .. '"tracereel"', '{"a":' .. ("["):rep(100000) .. '"tracereel":1' } do
            assert.is_false(by(text), text:sub(1, 40))
        end
    end)
end)

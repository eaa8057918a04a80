-- `tracereel export`: what few logs have: ends of what a snapshot cut off, traces that begin again, times long before
-- all others, durations that are exactly a bound.
local helper = require "tests.spec.helper"
local read_otlp = require "tests.spec.export_otlp"
local readers = require "tests.spec.export_readers"
local small_log = require "tests.spec.small_log"
local tracereel = require "tracereel"

local function export(format, log)
    local result = helper.run { "export", "--format", format, "--snapshot", log }
    assert.are.equal("", result.stderr)
    assert.are.equal(0, result.status)
    return result.stdout
end

local function at(ns)
    return ("%d"):format(small_log.base_ns + ns)
end

-- Trace 1 was suspended at node 4, and ran node 5, when the snapshot was taken.
local function cut_log()
    return small_log.add_snapshot(small_log.write {
        { "trace_resumed", 100, 1 },
        { "node_done", 130, 1, { node_id = 5 } },
        { "node_done", 150, 1, { node_id = 6 } },
        { "trace_complete", 160, 1 },
    }, { [1] = '"last_completed_node":3,"suspended_at":4,"started_nodes":[5],"completed_nodes":{}' })
end

describe("export of a log that a snapshot cut off", function()
    teardown(helper.clean)

    it("has no start and no duration for traces that began before it, and both for later ones", function()
        local rows = {}
        for _, row in ipairs(readers.csv(export("csv", cut_log()))) do
            rows[row.node_id] = table.concat({ row.start_ns, row.end_ns, row.run_ns, row.suspended_ns }, " ")
        end
        assert.are.equal((" %s  "):format(at(100)), rows["4"]) -- over with its resume
        assert.are.equal((" %s  "):format(at(130)), rows["5"])
        assert.are.equal(("%s %s 20 0"):format(at(130), at(150)), rows["6"])
    end)

    it("leaves traces from before it out of flame graphs", function()
        local frames = {}
        for _, stack in ipairs(readers.folded(export("folded", cut_log()))) do
            frames[stack.frames[2] .. " " .. stack.frames[3]] = stack.count
        end
        assert.are.same({ ["node_6 done[estimated]"] = 20 }, frames)
    end)

    it("marks traces from before it in chrome and otlp, at their end", function()
        local marked = {}
        for _, slice in ipairs(readers.chrome(export("chrome", cut_log())).slices) do
            if slice.cat ~= "trace" then
                marked[slice.cat .. " " .. slice.args.node_id:sub(2)] = { slice.args.cut or false,
                    ("%d"):format(slice.start_ns) }
            end
        end
        assert.are.same({ ["node 4"] = { true, at(100) }, ["node 5"] = { true, at(130) },
            ["node 6"] = { false, at(130) } }, marked)
        local unknown = {}
        for _, span in ipairs(read_otlp(export("otlp", cut_log()))[1].spans) do
            local kind = span.values["tracereel.span"]
            if kind ~= "node" then
                unknown[kind .. " " .. (span.values["tracereel.node_id"] or "")] =
                    span.values["tracereel.start_unknown"] or false
            end
        end
        assert.are.same({ ["trace "] = true, ["attempt 4"] = true, ["attempt 5"] = true,
            ["attempt 6"] = false }, unknown)
    end)
end)

describe("export of a trace", function()
    teardown(helper.clean)

    local function first_object(steps)
        return helper.objects(export("jsonl", small_log.write(steps)))[1]
    end

    it("has the loop events of all its lives with their kinds, its number of starts, and its time from the first start",
        function()
        local trace = first_object {
            { "trace_start", 0, 1 },
            { "loop_iteration", 10, 1, { node_id = 8, iteration = 0 } },
            { "loop_exit", 20, 1, { node_id = 8, iteration = 1 } },
            { "trace_start", 30, 1 },
            { "loop_iteration", 40, 1, { node_id = 8, iteration = 0 } },
            { "loop_exit", 55, 1, { node_id = 8, iteration = 1 } },
            { "trace_complete", 60, 1 },
        }
        assert.are.equal("#1", trace.restart_count)
        assert.are.equal("#60", trace.duration_ns)
        assert.are.same({
            { timestamp_ns = "#" .. at(10), iteration = "#0", exit = false },
            { timestamp_ns = "#" .. at(20), iteration = "#1", exit = true },
            { timestamp_ns = "#" .. at(40), iteration = "#0", exit = false },
            { timestamp_ns = "#" .. at(55), iteration = "#1", exit = true },
        }, trace.nodes[1].loop_events)
    end)

    it("has no duration while it is open", function()
        local trace = first_object { { "trace_start", 0, 1 }, { "node_done", 10, 1, { node_id = 1 } } }
        assert.are.equal("#null", trace.duration_ns)
        assert.are.equal("#" .. at(10), trace.last_ns)
    end)

    it("begins at its own time in chrome, however long before the others", function()
        local month_ns = 30 * 86400 * 1000000000
        local log = small_log.write {
            { "trace_start", -month_ns, 1 },
            { "node_done", -month_ns + 1, 1, { node_id = 1 } },
            { "trace_start", 0, 2 },
            { "trace_complete", 7, 2 },
        }
        local starts = {}
        for _, slice in ipairs(readers.chrome(export("chrome", log)).slices) do
            if slice.cat == "trace" then
                starts[slice.args.trace_id] = ("%d"):format(slice.start_ns)
            end
        end
        assert.are.same({ [small_log.id(1)] = at(-month_ns), [small_log.id(2)] = at(0) }, starts)
    end)

    it("has errors at their times, suspensions in their nodes and its log in otlp", function()
        local log = small_log.write {
            { "trace_start", 0, 1 },
            { "node_start", 5, 1, { node_id = 4 } },
            { "trace_suspended", 10, 1, { node_id = 4, metadata = "{}" } },
            { "trace_resumed", 20, 1 },
            { "node_error", 33, 1, { node_id = 4, error_message = "no" } },
            { "trace_failed", 44, 1, { error_message = "gave up" } },
        }
        local request = read_otlp(export("otlp", log))[1]
        assert.are.equal(log, request.resource["tracereel.log"])
        local errors = {}
        for _, span in ipairs(request.spans) do
            local kind = span.values["tracereel.span"]
            for _, event in ipairs(span.events or {}) do
                errors[#errors + 1] = ("%s %s"):format(kind, event.timeUnixNano)
            end
            if kind == "suspension" then
                assert.are.equal("node", span.parent.values["tracereel.span"])
                assert.are.equal(span.values["tracereel.node_id"], span.parent.values["tracereel.node_id"])
            end
        end
        table.sort(errors)
        assert.are.same({ "attempt " .. at(33), "trace " .. at(44) }, errors)
    end)

    it("counts in prometheus into the bucket of the same bound, and gives the end of the log", function()
        local log = small_log.write {
            { "trace_start", 0, 1 },
            { "node_start", 0, 1, { node_id = 1 } },
            { "node_done", 1000000, 1, { node_id = 1 } },
            { "trace_complete", 2500000, 1 },
        }
        local families = readers.prometheus(export("prometheus", log))
        local counts = {}
        for name, bounds in pairs { attempt_seconds = { "0.0005", "0.001" }, trace_seconds = { "0.001", "0.0025" } } do
            for _, bucket in ipairs(readers.histograms(families["tracereel_" .. name])[1].buckets) do
                counts[name .. " " .. bucket.le] = (bucket.le == bounds[1] or bucket.le == bounds[2]) and bucket.count
                    or nil
            end
        end
        assert.are.same({ ["attempt_seconds 0.0005"] = 0, ["attempt_seconds 0.001"] = 1, ["trace_seconds 0.001"] = 0,
            ["trace_seconds 0.0025"] = 1 }, counts)
        assert.are.equal("1764000000.002500000", families.tracereel_log_last_timestamp_seconds.samples[1].value)
    end)
end)

describe("export to otlp", function()
    after_each(helper.clean)

    it("keeps each line under 1 MiB, and has every span of a trace that takes several", function()
        local directory = helper.directory()
        local writer = tracereel.writer(directory)
        local id, node_count = "00000000-0000-0000-0000-000000000001", 4000
        local now_ns = 1764000000000000000
        local function append(type_name, fields)
            now_ns = now_ns + 1000
            fields.trace_id, fields.timestamp_ns = id, now_ns
            writer:append(tracereel.record[type_name](fields))
        end
        append("trace_start", {})
        for node = 1, node_count do
            append("node_start", { node_id = node })
            append("node_done", { node_id = node })
        end
        append("trace_complete", {})
        writer:close()
        local result = helper.run { "export", "--format", "otlp", directory }
        assert.are.equal(0, result.status, result.stderr)
        local count, lines = 0, 0
        for whole_line in result.stdout:gmatch("[^\n]*\n") do
            lines = lines + 1
            assert.is_true(#whole_line < 1 << 20, #whole_line)
        end
        for _, request in ipairs(read_otlp(result.stdout)) do
            count = count + #request.spans
        end
        assert.is_true(lines >= 2)
        assert.are.equal(1 + 2 * node_count, count) -- the trace, and each node with its one attempt
    end)
end)

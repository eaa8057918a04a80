-- The numbers of `tracereel timing`, against what another program makes of the same records.
local expected_timing = require "tests.spec.timing_expected"
local helper = require "tests.spec.helper"
local timing_checks = require "tests.spec.timing_checks"
local tracereel = require "tracereel"

local function report_of(...)
    local ran = helper.run { "timing", "--json", ... }
    assert.are.equal("", ran.stderr)
    assert.are.equal(0, ran.status)
    return assert(tracereel.json_decode(ran.stdout))
end

local function check_shares(report)
    local total_ns = 0
    for _, node in ipairs(report.nodes) do
        total_ns = total_ns + node.total_ns
    end
    for _, node in ipairs(report.nodes) do
        for _, part in ipairs { "run", "queue", "suspended", "retry" } do
            local share = total_ns > 0 and node[part .. "_ns"] / total_ns or 0
            assert.is_true(math.abs(node[part .. "_share"] - share) < 1e-12)
        end
        local makespan_ns = report.traces.makespan.sum_ns
        local critical_share = makespan_ns > 0 and node.critical_ns / makespan_ns or 0
        assert.is_true(math.abs(node.critical_share - critical_share) < 1e-12)
    end
end

describe("tracereel timing", function()
    for _, name in ipairs { "orders", "done-only", "restarted", "edge", "all-complete" } do
        it("gives for " .. name .. " what an independent computation from its records gives", function()
            local traces, nodes = expected_timing.of(expected_timing.records(helper.expected(name, "records")))
            local report = report_of("--sort", "id", helper.log(name))
            timing_checks.report(report, traces, nodes)
            check_shares(report)
            assert.are.equal(#helper.expected(name, "records"), report.log.records)
        end)
    end

    it("counts traces in flight by their starts and ends", function()
        local open, changes = {}, {}
        for _, record in ipairs(expected_timing.records(helper.expected("orders", "records"))) do
            local id, now_ns = record.trace_id, record.timestamp_ns
            if record.type == "trace_start" then
                open[id] = now_ns
                changes[#changes + 1] = { now_ns, 1 }
            elseif open[id] then
                open[id] = math.max(open[id], now_ns)
                if record.type == "trace_complete" or record.type == "trace_failed" then
                    changes[#changes + 1] = { open[id], -1 }
                    open[id] = nil
                end
            end
        end
        local in_flight = report_of(helper.log("orders")).traces.in_flight
        assert.is_true(#in_flight.points > 200)
        for _, point in ipairs(in_flight.points) do
            local count = 0
            for _, change in ipairs(changes) do
                count = count + (change[1] < point.time_ns and change[2] or 0)
            end
            assert.are.equal(count, point.count)
        end
        assert.are.equal(in_flight.bucket_ns, in_flight.points[2].time_ns - in_flight.points[1].time_ns)
    end)

    it("marks every number that rests on an estimated start, and none that does not", function()
        for _, node in ipairs(report_of(helper.log("done-only")).nodes) do
            assert.are.equal(node.estimated_count > 0, node.estimated)
        end
        local estimated = helper.run({ "timing", helper.log("done-only") }).stdout
        assert.is_truthy(estimated:find("\n3 ~ ", 1, true))
        assert.is_truthy(estimated:find("0 exact, 295 estimated", 1, true))
        assert.is_nil(helper.run({ "timing", helper.log("orders") }).stdout:find("~", 1, true))
    end)

    it("keeps the longest traces, with spans that do not overlap within a lane", function()
        local report = report_of("--by", "trace", "--top", "5", helper.log("orders"))
        assert.are.equal(5, #report.worst_traces)
        assert.are.equal(report.traces.makespan.max_ns, report.worst_traces[1].makespan_ns)
        for index, trace in ipairs(report.worst_traces) do
            local before = report.worst_traces[index - 1]
            assert.is_true(not before or before.makespan_ns >= trace.makespan_ns)
            local free_from, critical_ns = {}, 0
            for _, span in ipairs(trace.spans) do
                assert.is_true(span.lane >= 1 and span.lane <= trace.lane_count)
                assert.is_true((free_from[span.lane] or 0) <= span.ready_ns)
                assert.is_true(span.ready_ns <= span.start_ns and span.start_ns <= span.end_ns)
                free_from[span.lane] = span.end_ns
                critical_ns = critical_ns + (span.critical and span.end_ns - span.start_ns or 0)
            end
            assert.are.equal(critical_ns, trace.critical_ns)
            assert.is_true(critical_ns <= trace.makespan_ns)
        end
    end)

    it("fits in eighty columns", function()
        for _, name in ipairs(helper.log_names()) do
            for _, by in ipairs { "node", "trace", "hour", "outcome" } do
                local ran = helper.run { "timing", "--by", by, helper.log(name) }
                local first = true
                for line in ran.stdout:gmatch("[^\n]+") do
                    assert.is_true(first or utf8.len(line) <= 80, line)
                    first = false -- the log's path, which is as long as it is
                end
            end
        end
    end)

    it("leaves tainted traces out, counts them, and reports the damage", function()
        local ran = helper.run { "timing", "--json", helper.log("bit-flip-payload") }
        assert.are.equal(3, ran.status)
        local report = tracereel.json_decode(ran.stdout)
        local tainted = 0
        local listed = helper.run { "traces", "--json", helper.log("bit-flip-payload") }
        for _, trace in ipairs(helper.objects(listed.stdout)) do
            tainted = tainted + (trace.tainted and 1 or 0)
        end
        assert.is_true(tainted > 0)
        assert.are.equal(tainted, report.traces.tainted_count)
        assert.is_true(report.log.damaged)
        assert.are.equal(1, report.log.gaps.corrupt)
    end)

    it("counts traces that were open before the log as in flight from its beginning", function()
        local before = 0
        local listed = helper.run { "traces", "--json", "--snapshot", helper.log("snapshot") }
        for _, trace in ipairs(helper.objects(listed.stdout)) do
            before = before + (trace.start_ns == "#0" and 1 or 0)
        end
        assert.is_true(before > 0)
        local traces = report_of("--snapshot", helper.log("snapshot")).traces
        assert.are.equal(before, traces.in_flight.points[1].count)
        assert.are.equal(traces.open_count, traces.in_flight.points[#traces.in_flight.points].count)
        assert.are.equal(traces.complete_count + traces.failed_count, traces.makespan.count)
    end)
end)

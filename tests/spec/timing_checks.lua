-- A timing report's numbers against lists of all values, as timing_expected has them.
local assert = require "luassert"
local tracereel = require "tracereel"

local timing_checks = {}

local quantiles = {
    p50_ns = 0.5, p90_ns = 0.9, p95_ns = 0.95, p99_ns = 0.99, p999_ns = 0.999,
}

local function sum_of(list)
    local sum = 0
    for _, value in ipairs(list) do
        sum = sum + value
    end
    return sum
end

---A distribution against the sorted list of all its values.
---@param values integer[]
---@param distribution tracereel.distribution
---@param what string
function timing_checks.distribution(values, distribution, what)
    table.sort(values)
    local count, sum = #values, sum_of(values)
    assert.are.equal(count, distribution.count, what .. " count")
    assert.are.equal(sum, distribution.sum_ns, what .. " sum")
    assert.are.equal(values[1] or 0, distribution.min_ns, what .. " min")
    assert.are.equal(values[count] or 0, distribution.max_ns, what .. " max")
    assert.are.equal(count > 0 and (sum + count // 2) // count or 0, distribution.mean_ns, what .. " mean")
    local in_buckets = 0
    for _, bucket in ipairs(distribution.buckets) do
        in_buckets = in_buckets + bucket.count
    end
    assert.are.equal(count, in_buckets, what .. " buckets")
    for field, q in pairs(quantiles) do
        local exact = count > 0 and values[math.max(1, math.ceil(q * count - 1e-9))] or 0
        local error_ns = math.abs(distribution[field] - exact)
        assert.is_true(error_ns <= exact * 0.01, ("%s %s is %d, exactly %d"):format(what, field, distribution[field],
            exact))
    end
end

---@param expected table of a node
---@param node tracereel.timing_node
function timing_checks.node(expected, node)
    local name = "node " .. node.id
    for field, value in tracereel.sorted(expected) do
        if math.type(value) then
            assert.are.equal(value, node[field], name .. " " .. field)
        elseif node[field].buckets then
            timing_checks.distribution(value, node[field], name .. " " .. field)
        end
    end
    assert.are.same(expected.worst, node.worst)
    local trend = {}
    for n, lasted in ipairs(expected.trend) do
        trend[n] = { n = n, count = #lasted, mean_ns = (sum_of(lasted) + #lasted // 2) // #lasted }
    end
    assert.are.same(trend, node.trend)
    assert.are.equal(node.run.sum_ns, node.run_ns)
    assert.are.equal(node.queue.sum_ns, node.queue_ns)
    assert.are.equal(node.suspended.sum_ns, node.suspended_ns)
    assert.are.equal(node.iteration.sum_ns, node.loop_ns)
    assert.are.equal(node.run_ns + node.queue_ns + node.suspended_ns + node.retry_ns, node.total_ns)
end

---What critical paths waited for; and that all parts of them are, to the nanosecond, as long as the traces.
---@param expected table<string, integer>
---@param report tracereel.timing_report
function timing_checks.path(expected, report)
    local path, all_ns, all_shares = report.traces.critical_path, 0, 0
    for kind, expected_ns in tracereel.sorted(expected) do
        assert.are.equal(expected_ns, path[kind .. "_ns"], "path " .. kind)
        all_ns, all_shares = all_ns + path[kind .. "_ns"], all_shares + path[kind .. "_share"]
    end
    for _, node in ipairs(report.nodes) do
        all_ns, all_shares = all_ns + node.critical_ns, all_shares + node.critical_share
    end
    assert.are.equal(report.traces.makespan.sum_ns, all_ns)
    assert.are.equal(report.traces.makespan.sum_ns, path.total_ns)
    assert.is_true(all_ns == 0 or math.abs(all_shares - 1) < 1e-9)
end

---All of a report.
---@param report tracereel.timing_report
---@param traces table as timing_expected.of returns it, like `nodes`
---@param nodes table
function timing_checks.report(report, traces, nodes)
    for field, value in tracereel.sorted(traces) do
        if math.type(value) then
            assert.are.equal(value, report.traces[field], field)
        elseif field == "path" then
            timing_checks.path(value, report)
        else
            timing_checks.distribution(value, report.traces[field], field)
        end
    end
    local ids, found = {}, {}
    for id in tracereel.sorted(nodes) do
        ids[#ids + 1] = id
    end
    for index, node in ipairs(report.nodes) do
        found[index] = node.id
        timing_checks.node(nodes[node.id], node)
    end
    assert.are.same(ids, found)
end

return timing_checks

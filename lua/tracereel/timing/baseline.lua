-- Comparing a timing report with that of a baseline: what shifted, and which shifts are more than chance.
local failure = require "tracereel.util.failure"
local group_match = require "tracereel.timing.group_match"
local hypothesis = require "tracereel.timing.hypothesis"
local units = require "tracereel.util.units"

local baseline = {}

-- At most this share of comparisons of logs of the same process shows any significant shift.
local false_alarm_rate = 0.01

local percentiles = {
    { metric = "p50", field = "p50_ns", q = 0.5 },
    { metric = "p90", field = "p90_ns", q = 0.9 },
    { metric = "p95", field = "p95_ns", q = 0.95 },
    { metric = "p99", field = "p99_ns", q = 0.99 },
    { metric = "p99.9", field = "p999_ns", q = 0.999 },
}

local metrics = { mean = true, errors = true }
for _, percentile in ipairs(percentiles) do
    metrics[percentile.metric] = true
end

local function shift(metric, before, after, probability)
    local change = before ~= 0 and after / before - 1 or (after == 0 and 0.0 or nil)
    return { metric = metric, before = before, after = after, change = change, probability = probability }
end

-- The five percentiles and the mean of two distributions.
local function add_times(shifts, before, after)
    local pooled = hypothesis.pool(before, after)
    for _, percentile in ipairs(percentiles) do
        shifts[#shifts + 1] = shift(percentile.metric, before[percentile.field], after[percentile.field],
            hypothesis.quantile(pooled, percentile.q, before.count, after.count))
    end
    local probability, direction = hypothesis.ranks(pooled, before.count, after.count)
    -- A mean that moved against the ranks was moved by a few extreme values: the percentiles show those.
    if (after.mean_ns - before.mean_ns) * direction <= 0 then
        probability = 1.0
    end
    shifts[#shifts + 1] = shift("mean", before.mean_ns, after.mean_ns, probability)
end

local function add_errors(shifts, errors_before, total_before, errors_after, total_after)
    shifts[#shifts + 1] = shift("errors", errors_before / total_before, errors_after / total_after,
        hypothesis.split(errors_before, total_before, errors_after, total_after))
end

local function node_shifts(before, after)
    local shifts = {}
    local has_both = before.run.count > 0 and after.run.count > 0
    -- Estimated starts are late ones, and a report of a node with exact ones leaves them out.
    local is_comparable = not has_both or before.estimated == after.estimated
    if is_comparable and has_both then
        add_times(shifts, before.run, after.run)
    end
    local total_before, total_after = before.count + before.error_count, after.count + after.error_count
    if total_before > 0 and total_after > 0 then
        add_errors(shifts, before.error_count, total_before, after.error_count, total_after)
    end
    for _, each in ipairs(shifts) do
        each.node_id, each.name = after.id, after.name
    end
    return shifts, is_comparable
end

local function trace_shifts(before, after)
    local shifts = {}
    if before.makespan.count > 0 and after.makespan.count > 0 then
        add_times(shifts, before.makespan, after.makespan)
    end
    local total_before = before.complete_count + before.failed_count
    local total_after = after.complete_count + after.failed_count
    if total_before > 0 and total_after > 0 then
        add_errors(shifts, before.failed_count, total_before, after.failed_count, total_after)
    end
    return shifts
end

-- A shift of a time must be larger than what the histograms' rounding can make of equal times.
local function is_large_enough(each, relative_error)
    return each.metric == "errors" or not each.change or math.abs(each.change) > 2 * relative_error
end

local function judge(shifts, relative_error)
    local probabilities = {}
    for index, each in ipairs(shifts) do
        probabilities[index] = each.probability
    end
    for index, probability in ipairs(hypothesis.adjust(probabilities)) do
        local each = shifts[index]
        each.probability = probability
        each.significant = probability <= false_alarm_rate and is_large_enough(each, relative_error)
    end
end

-- Where in the list the nodes are, by their ids.
local function index_by_id(nodes)
    local found = {}
    for index, node in ipairs(nodes) do
        found[node.id] = index
    end
    return found
end

-- What shifted in one part of a report: the whole, or a group.
local function compare_part(before, after)
    local part = { shifts = {}, new_nodes = {}, vanished_nodes = {}, not_compared = {} }
    local shifts = part.shifts
    local index_before, index_after = index_by_id(before.nodes), index_by_id(after.nodes)
    for id, index in units.sorted(index_after) do
        if index_before[id] then
            local of_node, is_comparable = node_shifts(before.nodes[index_before[id]], after.nodes[index])
            table.move(of_node, 1, #of_node, #shifts + 1, shifts)
            if not is_comparable then
                part.not_compared[#part.not_compared + 1] = id
            end
        else
            part.new_nodes[#part.new_nodes + 1] = id
        end
    end
    for id in units.sorted(index_before) do
        if not index_after[id] then
            part.vanished_nodes[#part.vanished_nodes + 1] = id
        end
    end
    local of_traces = trace_shifts(before.traces, after.traces)
    table.move(of_traces, 1, #of_traces, #shifts + 1, shifts)
    return part
end

-- The groups of both reports that are the same, and which only one of them has.
local function compare_groups(comparison, before, after)
    local matched = group_match.of(before, after)
    comparison.groups, comparison.new_groups = {}, matched.new
    comparison.vanished_groups, comparison.vanished_group_count = matched.vanished, matched.vanished_count
    for place, pair in ipairs(matched.pairs) do
        local group, earlier = after.groups:whole(pair.after), before.groups:whole(pair.before)
        local part = compare_part(earlier, group)
        part.key, part.special, part.first_ns = group.key, group.special, group.first_ns
        part.baseline_first_ns = earlier.first_ns
        comparison.groups[place] = part
    end
end

---Compares two reports, and each group with the same of the other. Nodes that were left out of a report are not
---compared.
---@param before tracereel.timing_report
---@param after tracereel.timing_report
---@return tracereel.timing_comparison
function baseline.compare(before, after)
    local comparison = compare_part(before, after)
    comparison.paths = before.log and before.log.paths or {}
    comparison.false_alarm_rate, comparison.failed_checks = false_alarm_rate, {}
    local tested = table.move(comparison.shifts, 1, #comparison.shifts, 1, {})
    if after.grouping then
        compare_groups(comparison, before, after)
        for _, group in ipairs(comparison.groups) do
            table.move(group.shifts, 1, #group.shifts, #tested + 1, tested)
        end
    end
    comparison.tests = #tested
    judge(tested, after.relative_error)
    return comparison
end

---A condition of --fail-on: METRIC>PERCENT%, where METRIC is of the nodes' run times (p50 p90 p95 p99 p99.9 mean),
---their errors, or of the traces (makespan, makespan.p99 ..., failed).
---@param text string
---@return { text: string, is_of_traces: boolean, metric: string, limit: number }|nil
---@return string|nil problem
function baseline.parse_condition(text)
    local name, percent = text:match("^%s*([%w.]+)%s*>%s*(%d+%.?%d*)%s*%%%s*$")
    local of_makespan = name and name:match("^makespan%.(.+)$") or name == "makespan" and "p50"
    local metric = of_makespan or name == "failed" and "errors" or name
    if not name or not metrics[metric] or of_makespan == "errors" then
        return nil, ('"%s" is not a condition; write METRIC>PERCENT%%, as in "p99>20%%"; METRIC is p50, p90, p95, p99, '
            .. "p99.9, mean or errors of a node, makespan or makespan.p99 of the traces, or failed"):format(text)
    end
    return {
        text = text,
        is_of_traces = (of_makespan or name == "failed") and true or false,
        metric = metric,
        limit = tonumber(percent) / 100,
    }
end

---A shift's numbers for a person: "67.6 ms to 91.3 ms, +35 %".
---@param each tracereel.timing_shift
function baseline.words(each)
    local function amount(value)
        return each.metric == "errors" and ("%.2g %%"):format(value * 100) or units.duration(value)
    end
    local change = each.change and ("%+.1f %%"):format(each.change * 100) or "from nothing"
    return ("%s to %s, %s"):format(amount(each.before), amount(each.after), change)
end

---What a shift is about: "node 3 (charge)" or "traces".
function baseline.subject(each)
    if not each.node_id then
        return "traces"
    end
    return ("node %d%s"):format(each.node_id, each.name and (" (%s)"):format(each.name) or "")
end

-- Notes the shifts of the whole, or of a group, for which the condition holds. False where there is none that it is
-- about.
local function check_part(comparison, part, condition)
    local is_judged = false
    for _, each in ipairs(part.shifts) do
        local is_about = each.metric == condition.metric and condition.is_of_traces == (each.node_id == nil)
        local is_over = each.significant and (not each.change or each.change > condition.limit)
        is_judged = is_judged or is_about
        if is_about and is_over then
            local failed = comparison.failed_checks
            failed[#failed + 1] = ("%s: %s%s: %s %s"):format(condition.text, part.key and part.key .. ", " or "",
                baseline.subject(each), each.metric, baseline.words(each))
        end
    end
    return is_judged
end

local function check_one(comparison, condition)
    local is_judged = check_part(comparison, comparison, condition)
    for _, group in ipairs(comparison.groups or {}) do
        is_judged = check_part(comparison, group, condition) or is_judged
    end
    return is_judged
end

---Notes in the comparison which of the conditions hold: only for significant shifts. A condition that no shift is about
---is refused: it would pass whatever happens.
---@param comparison tracereel.timing_comparison
---@param conditions table[] of baseline.parse_condition
function baseline.check(comparison, conditions)
    for _, condition in ipairs(conditions) do
        if not check_one(comparison, condition) then
            failure.raise("usage", "--fail-on %s: there is nothing to judge: %s", condition.text,
                condition.is_of_traces and "one of the logs has no closed trace with a start that is known"
                    or "no node has times in both logs that can be compared")
        end
    end
end

return baseline

-- What changed against a baseline: the significant shifts in words, then every shift in a table.
local group_name = require "tracereel.render.group_name"
local html = require "tracereel.render.html"
local labels = require "tracereel.render.page.labels"

local comparison = {}

local metrics = { "p50", "p90", "p95", "p99", "p99.9", "mean", "errors" }

local function value_text(metric, value)
    return metric == "errors" and html.share(value, 1) or html.duration(math.floor(value + 0.5))
end

local function change_text(shift)
    if shift.metric == "errors" then
        return labels.signed(("%+.1f pp"):format(100.0 * (shift.after - shift.before)))
    end
    return labels.change(shift.change)
end

local function subject(shift)
    return shift.node_id and labels.node(shift.node_id, shift.name) or "trace makespan"
end

-- Worse is always more: of time, and of errors.
local function class_of(shift)
    return shift.significant and (shift.after > shift.before and "worse" or "better") or nil
end

local function probability_text(probability)
    return probability < 0.0001 and "p < 0.0001" or ("p = %.4f"):format(probability)
end

local function shift_title(shift)
    return ("%s to %s, %s"):format(value_text(shift.metric, shift.before), value_text(shift.metric, shift.after),
        probability_text(shift.probability))
end

local function significant_list(shifts)
    local items = {}
    for _, shift in ipairs(shifts) do
        if shift.significant then
            items[#items + 1] = html.element("li", nil, html.escape(subject(shift)), ", ", shift.metric, ": ",
                html.element("span", { class = class_of(shift) }, html.escape(change_text(shift))), " (",
                html.escape(shift_title(shift)), ")") .. "\n"
        end
    end
    if #items > 0 then
        return html.element("ul", { class = "shifts" }, "\n", items)
    end
    return html.element("p", nil, "<b>", #shifts > 0 and "No shift is significant."
        or "Nothing is in both logs: no node and no closed trace.", "</b>")
end

-- Rows in the order in which their subjects come: { label, by_metric }.
local function rows_of(shifts)
    local rows, by_subject = {}, {}
    for _, shift in ipairs(shifts) do
        local key = shift.node_id or "traces"
        if not by_subject[key] then
            by_subject[key] = { shift = shift, by_metric = {} }
            rows[#rows + 1] = by_subject[key]
        end
        by_subject[key].by_metric[shift.metric] = shift
    end
    return rows
end

-- Whole numbers sort: parts in a million of change. What was nothing before sorts above all.
local function sort_value(shift)
    local change = shift.metric == "errors" and shift.after - shift.before or shift.change
    return change and ("%d"):format(math.floor(math.min(change, 1e12) * 1e6 + 0.5)) or "1000000000000000000"
end

local function shift_cell(shift)
    if not shift then
        return html.element("td", nil, "–")
    end
    local significance = class_of(shift)
    return html.element("td", { class = significance or "zero", title = shift_title(shift),
        ["data-value"] = sort_value(shift) }, html.escape(change_text(shift)))
end

local function shift_row(row, index)
    local cells = { html.element("th", { scope = "row", class = "node", ["data-value"] = index },
        row.shift.node_id and labels.node_label(row.shift.node_id, row.shift.name) or "<b>trace</b> makespan") }
    for _, metric in ipairs(metrics) do
        cells[#cells + 1] = shift_cell(row.by_metric[metric])
    end
    return html.element("tr", nil, cells) .. "\n"
end

local function shift_table(shifts)
    local headings = { html.element("th", { scope = "col", class = "node", ["aria-sort"] = "ascending" }, "Node") }
    for _, metric in ipairs(metrics) do
        headings[#headings + 1] = html.element("th", { scope = "col", ["aria-sort"] = "none" }, metric)
    end
    local rows = {}
    for index, row in ipairs(rows_of(shifts)) do
        rows[index] = shift_row(row, index)
    end
    local label = "Shifts against the baseline"
    return html.element("div", { class = "scroller", tabindex = "0", role = "region", ["aria-label"] = label },
        html.element("table", { class = "sortable" }, html.element("thead", nil, html.element("tr", nil, headings)),
            html.element("tbody", nil, "\n", rows))) .. "\n"
end

-- At most so many groups are named, or have their shifts listed.
local max_groups = 100

local function key_list(keys, count)
    local parts = {}
    for index = 1, math.min(#keys, max_groups) do
        parts[index] = html.escape(keys[index] == "" and '""' or keys[index])
    end
    local more = count > #parts and (" and %s more"):format(html.count(count - #parts)) or ""
    return table.concat(parts, ", ") .. more
end

local function has_significant(shifts)
    for _, shift in ipairs(shifts) do
        if shift.significant then
            return true
        end
    end
    return false
end

-- The groups that shifted, folded where they are many.
local function group_part(compared, grouping)
    local parts, shifted = {}, 0
    for _, group in ipairs(compared.groups) do
        if has_significant(group.shifts) then
            shifted = shifted + 1
            parts[#parts + 1] = shifted <= max_groups and html.element("details", { open = shifted <= 8 },
                html.element("summary", nil, html.escape(group_name(group, grouping))),
                significant_list(group.shifts)) .. "\n" or nil
        end
    end
    local words = ("%s compared with the same of the baseline; in %s no shift is significant."):format(
        html.counted(#compared.groups, "group"), html.count(#compared.groups - shifted))
    local items = {}
    for _, list in ipairs {
        { compared.new_groups, #compared.new_groups, "Groups that are not in the baseline" },
        { compared.vanished_groups, compared.vanished_group_count, "Groups that are only in the baseline" },
    } do
        items[#items + 1] = list[2] > 0 and html.element("li", nil, list[3], ": ", key_list(list[1], list[2])) or nil
    end
    return html.element("h3", nil, "Group by group") .. html.element("p", { class = "note" }, words)
        .. (#items > 0 and html.element("ul", { class = "notices" }, items) or "") .. table.concat(parts)
end

local function node_list(ids)
    local parts = {}
    for index, id in ipairs(ids) do
        parts[index] = ("%d"):format(id)
    end
    return table.concat(parts, ", ")
end

local function extra_lines(compared)
    local items = {}
    for _, sentence in ipairs(compared.failed_checks) do
        items[#items + 1] = html.element("li", { class = "damage" }, "<b>Check failed:</b> ", html.escape(sentence))
    end
    for _, list in ipairs {
        { compared.new_nodes, "Not in the baseline" },
        { compared.vanished_nodes, "Only in the baseline" },
        { compared.not_compared,
            "Times not compared, because starts are written in one of the logs and estimated in the other" },
    } do
        if #list[1] > 0 then
            items[#items + 1] = html.element("li", nil, list[2], ": node ", node_list(list[1]))
        end
    end
    return #items > 0 and html.element("ul", { class = "notices" }, items) .. "\n" or ""
end

---@param report tracereel.timing_report
function comparison.section(report)
    local compared = report.comparison
    if not compared then
        return ""
    end
    local paths = {}
    for index, path in ipairs(compared.paths) do
        paths[index] = html.element("code", nil, html.escape(path))
    end
    local note = ("Against %s. %s were tested together, so that in at most %.3g %% of comparisons of equal logs any "
        .. "one of them is called significant."):format(table.concat(paths, ", "),
        html.counted(compared.tests, "shift"), 100.0 * compared.false_alarm_rate)
    return labels.section("comparison", "Against the baseline", note, extra_lines(compared),
        significant_list(compared.shifts), "\n", #compared.shifts > 0 and shift_table(compared.shifts) or "",
        compared.groups and group_part(compared, report.grouping) or "")
end

return comparison

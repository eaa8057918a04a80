-- What changed against a baseline: the significant shifts in words, then every shift in a table.
local group_name = require "tracereel.render.group_name"
local html = require "tracereel.render.html"
local distributions = require "tracereel.render.timing_page.distributions"
local labels = require "tracereel.render.page.labels"
local tables = require "tracereel.util.tables"

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

-- How much a row changed: significant shifts first, then by the largest change; what was nothing before is most.
local function weight(row)
    local largest, is_significant = 0.0, false
    for _, shift in pairs(row.by_metric) do
        local change = shift.metric == "errors" and shift.after - shift.before or shift.change or math.huge
        largest = math.max(largest, math.abs(change))
        is_significant = is_significant or shift.significant
    end
    return is_significant, largest
end

-- Rows by what changed most: { shift, by_metric, place, is_significant, largest }.
local function rows_of(shifts)
    local rows, by_subject = {}, {}
    for _, shift in ipairs(shifts) do
        local key = shift.node_id or "traces"
        if not by_subject[key] then
            by_subject[key] = { shift = shift, by_metric = {}, place = #rows }
            rows[#rows + 1] = by_subject[key]
        end
        by_subject[key].by_metric[shift.metric] = shift
    end
    for _, row in ipairs(rows) do
        row.is_significant, row.largest = weight(row)
    end
    table.sort(rows, function(one, other)
        if one.is_significant ~= other.is_significant then
            return one.is_significant
        elseif one.largest ~= other.largest then
            return one.largest > other.largest
        end
        return one.place < other.place
    end)
    return rows
end

-- The smallest p that ranks of so many values can have: all of one log below all of the other.
local function smallest_probability(one, other)
    local ways = 1.0
    for index = 1, math.min(one, other) do
        ways = ways * (math.max(one, other) + index) / index
        if ways > 1e12 then
            break
        end
    end
    return 2 / ways
end

-- What there is to compare of a row: distributions of both, or nil where there is none.
local function distributions_of(row, context)
    local id = row.shift.node_id
    if not id then
        return context.report.traces.makespan, context.before and context.before.traces.makespan, false
    end
    local node, earlier = context.node(id), context.node_before(id)
    return node and node.run, earlier and earlier.run, node and node.estimated or false
end

-- Why a row's times are called shifted, or not.
local function reason(row, context)
    local after, before = distributions_of(row, context)
    local unit = row.shift.node_id and "run" or "trace"
    if not after or not before then
        return "–"
    elseif context.is_not_compared[row.shift.node_id or false] then
        return "not compared: starts are estimated in one of the logs"
    elseif before.count == 0 or after.count == 0 then
        return ("not compared: no %s in %s"):format(unit, before.count == 0 and "the baseline" or "this log")
    end
    local fewest = math.min(before.count, after.count)
    if smallest_probability(before.count, after.count) * context.tests > context.false_alarm_rate then
        return ("not compared: %s"):format(html.counted(fewest, unit))
    elseif row.is_significant then
        return ("significant: %s against %s"):format(html.counted(after.count, unit), html.count(before.count))
    end
    return ("within chance: %s against %s"):format(html.counted(after.count, unit), html.count(before.count))
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

local function shift_row(row, index, context)
    local cells = { html.element("th", { scope = "row", class = "node", ["data-value"] = index },
        row.shift.node_id and labels.node_label(row.shift.node_id, row.shift.name) or "<b>trace</b> makespan") }
    for _, metric in ipairs(metrics) do
        cells[#cells + 1] = shift_cell(row.by_metric[metric])
    end
    cells[#cells + 1] = html.element("td", { class = "words" }, html.escape(reason(row, context)))
    return html.element("tr", { ["data-node"] = row.shift.node_id }, cells) .. "\n"
end

-- A page stays of moderate size: so many rows, and of these so many charts.
local max_rows, max_charts = 200, 12

local function shift_table(rows, context)
    local headings = {
        html.element("th", { scope = "col", class = "node", ["aria-sort"] = "ascending" }, "Most changed"),
    }
    for _, metric in ipairs(metrics) do
        headings[#headings + 1] = html.element("th", { scope = "col", ["aria-sort"] = "none" }, metric)
    end
    headings[#headings + 1] = html.element("th", { scope = "col", class = "words" }, "Why")
    local texts = {}
    for index = 1, math.min(#rows, max_rows) do
        texts[index] = shift_row(rows[index], index, context)
    end
    local left_out = #rows > max_rows and html.element("p", { class = "note left-out" },
        ("Not in this table: %s that changed less; --json has all."):format(
            html.counted(#rows - max_rows, "node"))) or ""
    local label = "Shifts against the baseline"
    return html.element("div", { class = "scroller", tabindex = "0", role = "region", ["aria-label"] = label },
        html.element("table", { class = "sortable", id = "shifts-table" },
            html.element("thead", nil, html.element("tr", nil, headings)),
            html.element("tbody", nil, "\n", texts))) .. "\n" .. left_out
end

-- Those that changed most, each laid over what it was.
local function charts(rows, context)
    local drawn = {}
    for _, row in ipairs(rows) do
        local after, before, is_estimated = distributions_of(row, context)
        if #drawn < max_charts and after and before and after.count > 0 and before.count > 0 then
            local shift = row.shift
            drawn[#drawn + 1] = { class = shift.node_id and "run" or "makespan", node_id = shift.node_id,
                label = shift.node_id and labels.node_label(shift.node_id, shift.name) or "<b>trace</b> makespan",
                words = shift.node_id and "run time of node " .. labels.node(shift.node_id, shift.name)
                    or "makespan of traces", distribution = after, before = before, is_estimated = is_estimated }
        end
    end
    return #drawn > 0 and html.element("h3", nil, "Laid over each other") .. html.element("p", { class = "note" },
        "The line is the baseline, the hill this report: how many of all took that long.")
        .. distributions.overlaid(drawn) or ""
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

local max_named = 100

local function node_list(ids, context)
    local parts = {}
    for index = 1, math.min(#ids, max_named) do
        local node = context.node(ids[index]) or context.node_before(ids[index])
        parts[index] = html.escape(labels.node(ids[index], node and node.name))
    end
    local more = #ids > max_named and (" and %s more"):format(html.count(#ids - max_named)) or ""
    return table.concat(parts, ", ") .. more
end

local function extra_lines(compared, context)
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
            items[#items + 1] = html.element("li", nil, list[2], ": node ", node_list(list[1], context))
        end
    end
    return #items > 0 and html.element("ul", { class = "notices" }, items) .. "\n" or ""
end

-- A function that gives a list's row of an id. A row is large: places are kept, not rows.
local function finder(list)
    local places = {}
    for place, node in ipairs(list or {}) do
        places[node.id] = place
    end
    return function(id)
        return places[id] and list[places[id]]
    end
end

---@param report tracereel.timing_report
---@param before tracereel.timing_report|nil of the baseline
function comparison.section(report, before)
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
    local context = { report = report, before = before, node = finder(report.nodes),
        node_before = finder(before and before.nodes), tests = compared.tests,
        false_alarm_rate = compared.false_alarm_rate, is_not_compared = tables.set(compared.not_compared) }
    local rows = rows_of(compared.shifts)
    return labels.section("comparison", "Against the baseline", note, extra_lines(compared, context),
        significant_list(compared.shifts), "\n", #rows > 0 and shift_table(rows, context) or "",
        charts(rows, context),
        compared.groups and group_part(compared, report.grouping) or "")
end

return comparison

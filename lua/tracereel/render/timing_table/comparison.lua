-- The section of a timing report's text about what changed against a baseline.
local baseline = require "tracereel.timing.baseline"
local columns = require "tracereel.render.timing_table.columns"
local group_name = require "tracereel.render.group_name"
local output = require "tracereel.cli.output"
local text = require "tracereel.util.text"

-- At most so many names of groups are listed.
local max_named = 12

local function list(label, what, items)
    local words = ("%s: %s %s"):format(label, what, table.concat(items, ", "))
    for index, part in ipairs(text.wrap(words, output.columns() - 4)) do
        output.line((index == 1 and "  " or "    ") .. part)
    end
end

-- Returns how many there are.
local function write_significant(shifts, indent)
    local shown = columns.filtered(shifts, function(each)
        return each.significant
    end)
    local width = 24 - #indent
    for _, each in ipairs(shown) do
        local style = each.after > each.before and "red" or "green"
        output.line(("%s%s  %s  %s"):format(indent, text.pad_right(text.cut(text.clean(baseline.subject(each)), width),
            width), text.pad_right(each.metric, 6), output.paint(style, baseline.words(each))))
    end
    return #shown
end

local function list_groups(label, keys, count)
    if count == 0 then
        return
    end
    local shown = {}
    for index = 1, math.min(#keys, max_named) do
        shown[index] = keys[index] == "" and '""' or text.clean(keys[index])
    end
    list(label, "group", shown)
    if count > #shown then
        output.line(("    and %d more"):format(count - #shown))
    end
end

local function write_groups(comparison, grouping)
    local shifted = 0
    for _, group in ipairs(comparison.groups) do
        local has_shift = #columns.filtered(group.shifts, function(each)
            return each.significant
        end) > 0
        if has_shift then
            output.line(text.cut("  in " .. text.clean(group_name(group, grouping)), output.columns()))
            write_significant(group.shifts, "    ")
            shifted = shifted + 1
        end
    end
    output.line(("  %s compared with the same of the baseline; in %d no shift that is more than chance"):format(
        text.count(#comparison.groups, "group"), #comparison.groups - shifted))
    list_groups("not in the baseline", comparison.new_groups, #comparison.new_groups)
    list_groups("only in the baseline", comparison.vanished_groups, comparison.vanished_group_count)
end

---@param report tracereel.timing_report with a comparison
return function(report)
    local comparison = report.comparison
    columns.heading("Against the baseline", ("%d shifts tested, %g %% false alarms in all"):format(comparison.tests,
        comparison.false_alarm_rate * 100))
    if write_significant(comparison.shifts, "  ") == 0 then
        output.line(comparison.tests > 0 and "  no shift that is more than chance"
            or "  nothing is in both logs: no node and no closed trace")
    end
    for _, each in ipairs {
        { comparison.new_nodes, "new" }, { comparison.vanished_nodes, "vanished" },
        { comparison.not_compared, "not compared (starts written in one log, estimated in the other)" },
    } do
        if #each[1] > 0 then
            list(each[2], "node", each[1])
        end
    end
    if comparison.groups then
        write_groups(comparison, report.grouping)
    end
end

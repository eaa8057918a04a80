-- The recorded and the simulated log side by side, for people: one table of the traces, one of the nodes, 80 columns
-- wide.
local columns = require "tracereel.render.timing_table.columns"
local format = require "tracereel.simulation.format"
local node_names = require "tracereel.log.node_names"
local output = require "tracereel.cli.output"
local text = require "tracereel.util.text"

local comparison_table = {}

local duration_width <const> = 7
local label_width <const> = 4
local max_label_columns <const> = 60

local function change_text(row, max_columns)
    if row.recorded == 0 then
        return row.mean == 0 and "" or "new"
    end
    return format.change(row.mean / row.recorded, 1, max_columns)
end

-- Heading, width, measure.
local trace_columns = {
    { "COMPLETE", 8, "complete" }, { "FAILED", 7, "failed" }, { "OPEN", 6, "open" }, { "CLOSED", 9, "throughput" },
    { "P50", 8, "makespan_p50" }, { "P90", 8, "makespan_p90" }, { "P99", 8, "makespan_p99" },
    { "SUSPENDED", 9, "suspended_mean" },
}

local function bound(name)
    return function(row, max_columns)
        return row.prediction and row.show(row.prediction[name], max_columns) or "-"
    end
end

local function write_traces(row_of, has_error, has_prediction)
    local definitions = { { "", 9, function(line)
        return line[1]
    end, left = true } }
    for index, column in ipairs(trace_columns) do
        definitions[index + 1] = { column[1], column[2], function(line)
            return line[2](row_of[column[3]], column[2])
        end }
    end
    local lines = {
        { "recorded", function(row, max_columns) return row.show(row.recorded, max_columns) end },
        { "simulated", function(row, max_columns) return row.show(row.mean, max_columns) end },
    }
    if has_error then
        lines[#lines + 1] = { "  sim. ±", function(row, max_columns)
            return row.show(row.simulation_error, max_columns)
        end }
    end
    if has_prediction then
        lines[#lines + 1] = { "  pred. ≥", bound "low" }
        lines[#lines + 1] = { "  pred. ≤", bound "high" }
    end
    lines[#lines + 1] = { "change", change_text }
    columns.heading("Traces", "makespan p50, p90, p99; mean time suspended")
    columns.write(definitions, lines)
end

local function short_share(value)
    local percent = value * 100
    return percent == 0 and "0" or percent < 0.05 and "<.1" or percent < 9.95 and ("%.1f"):format(percent)
        or ("%.0f"):format(percent)
end

local function share(value)
    return value == 0 and "0" or value < 0.0005 and "<0.1" or value < 0.9995 and ("%.1f"):format(value * 100) or "100"
end

-- Heading, how wide each number is, measure, and how it is shown where that is not the measure's own way.
local node_columns = {
    { "RUN P50", duration_width, "run_p50" }, { "RUN P99", duration_width, "run_p99" },
    { "QUEUE P99", duration_width, "queue_p99" }, { "CRITICAL %", 4, "critical", share },
    { "ERROR %", 3, "error_share", short_share },
}

-- "recorded → simulated", or one number where both look the same.
local function both(row, width, show)
    local recorded, simulated = show(row.recorded), show(row.mean)
    local left = text.pad_left(recorded, width)
    if recorded == simulated then
        return text.pad_right(left, 2 * width + 3), false
    end
    return left .. " → " .. text.pad_right(simulated, width), true
end

local function error_cell(row, width, show)
    return row.simulation_error == 0 and "" or (" "):rep(width) .. " ± " .. show(row.simulation_error)
end

local function prediction_cell(row, width, show)
    local prediction = row.prediction
    if not prediction then
        return text.pad_left("-", width)
    end
    local low, high = show(prediction.low), show(prediction.high)
    return low == high and "" or text.pad_left(low, width) .. " – " .. high
end

-- The line of a node, and those of its intervals that say anything: at most one of each kind.
local function node_lines(number, label, row_of, kinds)
    local line, has_changed = { label(math.tointeger(tonumber(number))) }, false
    local lines = { line }
    for place = 1, #kinds do
        lines[place + 1] = { "" }
    end
    for index, column in ipairs(node_columns) do
        local row = row_of[("node.%s.%s"):format(number, column[3])]
        local show, width = column[4] or row.show, column[2]
        local cell, is_other = both(row, width, show)
        line[index + 1], has_changed = cell, has_changed or is_other
        for place, kind in ipairs(kinds) do
            lines[place + 1][index + 1] = kind(row, width, show)
        end
    end
    for place = #lines, 2, -1 do
        if not table.concat(lines[place]):find("%S") then
            table.remove(lines, place)
        end
    end
    return lines, has_changed
end

-- What is wider than its column, as names are, has a line of its own above the numbers.
local function node_definitions()
    local function is_wide(line)
        return text.width(line[1]) > label_width
    end
    local definitions = { { "NODE", label_width, function(line)
        return is_wide(line) and "" or line[1]
    end, left = true, above = function(line)
        return is_wide(line) and line[1] or nil
    end } }
    for index, column in ipairs(node_columns) do
        definitions[index + 1] = { column[1], 2 * column[2] + 3, function(line)
            return line[index + 1]
        end, left = true }
    end
    return definitions
end

local function write_nodes(numbers, row_of, kinds)
    local lines, unchanged = {}, 0
    local _, label = node_names.column(max_label_columns)
    for _, number in ipairs(numbers) do
        local of_node, has_changed = node_lines(number, label, row_of, kinds)
        if has_changed then
            table.move(of_node, 1, #of_node, #lines + 1, lines)
        elseif row_of[("node.%s.done"):format(number)].recorded > 0 then
            unchanged = unchanged + 1
        end
    end
    columns.heading("Nodes", "recorded → simulated; one number: the same in both")
    if #lines > 0 then
        columns.write(node_definitions(), lines)
    end
    if unchanged > 0 then
        output.line(text.count(unchanged, #lines > 0 and "other node" or "node") .. " as recorded")
    end
end

---Prints the comparison.
---@param rows table[] of report.rows
---@param has_error boolean are there several runs, and so a simulation error?
---@param has_prediction boolean were there resamples?
function comparison_table.write(rows, has_error, has_prediction)
    local row_of, numbers = {}, {}
    for _, row in ipairs(rows) do
        row_of[row.name] = row
        numbers[#numbers + 1] = row.name:match("^node%.(%d+)%.done$")
    end
    write_traces(row_of, has_error, has_prediction)
    if #numbers > 0 then
        local kinds = {}
        kinds[#kinds + 1] = has_error and error_cell or nil
        kinds[#kinds + 1] = has_prediction and prediction_cell or nil
        write_nodes(numbers, row_of, kinds)
    end
end

return comparison_table

-- What the sections of a timing report's text share: columns, headings, and how amounts are written.
local output = require "tracereel.cli.output"
local text = require "tracereel.util.text"
local units = require "tracereel.util.units"

local columns = {}

-- The column of nodes is as wide as their names need, within these.
local min_node_columns, max_node_columns = 16, 40
local node_columns = min_node_columns

function columns.duration(ns)
    return ns < 0 and ">292y" or units.duration(ns)
end

function columns.percent(share)
    if share == 0 then
        return "-"
    end
    local value = share * 100
    return value < 0.05 and "<0.1%" or value < 99.95 and ("%.1f%%"):format(value) or ("%.0f%%"):format(value)
end

function columns.count(number)
    return number == 0 and "-" or ("%d"):format(number)
end

-- "3 charge": no two look the same, however they are cut.
local function node_words(node)
    return ("%d"):format(node.id) .. (node.name and " " .. text.clean(node.name) or "")
end

---"3 charge", with ~ where times of it rest on estimated starts.
function columns.node_label(node, width)
    local mark = node.estimated and " ~" or ""
    return text.cut(node_words(node), width - #mark) .. mark
end

---Makes the column of nodes as wide as their names need: on a terminal no wider than there is room.
---@param nodes tracereel.timing_node[]
---@param spare integer columns of a terminal beyond 80; math.maxinteger where nobody has to see it at once
---@return integer taken how many of them the column takes
function columns.fit_nodes(nodes, spare)
    local wanted = min_node_columns
    for _, node in ipairs(nodes) do
        wanted = math.max(wanted, text.width(node_words(node)) + (node.estimated and 2 or 0))
    end
    node_columns = math.min(wanted, max_node_columns, min_node_columns + math.min(spare, max_node_columns))
    return node_columns - min_node_columns
end

---How many traces are counted, whatever became of them.
---@param traces tracereel.timing_traces
function columns.trace_count(traces)
    return traces.complete_count + traces.failed_count + traces.open_count
end

---Writes lines of columns: { heading, width, value(row) -> text, left = true | nil, above(row) -> text | nil for a line
---of its own before that of the row }. A row with `words` is these.
---@param definitions table[]
---@param rows table[]
---@param last_lines string[][]|nil the texts of more lines, the first columns' only
function columns.write(definitions, rows, last_lines)
    local function line(cell)
        local parts = {}
        for index, column in ipairs(definitions) do
            local shown = cell(column)
            local pad = column.left and text.pad_right or text.pad_left
            parts[index] = pad(shown, math.max(column[2], text.width(shown)))
        end
        return (table.concat(parts, " "):gsub(" +$", ""))
    end
    output.line(output.paint("dim", line(function(column)
        return column[1]
    end)))
    for _, row in ipairs(rows) do
        local above = definitions[1].above and not row.words and definitions[1].above(row)
        if above then
            output.line(above)
        end
        output.line(row.words or line(function(column)
            return column[3](row)
        end))
    end
    for _, texts in ipairs(last_lines or {}) do
        local place = 0
        output.line(line(function()
            place = place + 1
            return texts[place] or ""
        end))
    end
end

function columns.heading(title, note)
    output.line("")
    output.line(output.paint("bold", title) .. (note and output.paint("dim", "  " .. note) or ""))
end

function columns.filtered(nodes, test)
    local kept = {}
    for _, node in ipairs(nodes) do
        if test(node) then
            kept[#kept + 1] = node
        end
    end
    return kept
end

---The column of nodes.
function columns.node()
    return { "NODE", node_columns, function(node)
        return columns.node_label(node, node_columns)
    end, left = true }
end

return columns

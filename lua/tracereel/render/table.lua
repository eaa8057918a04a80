-- Rows as an aligned table: numbers to the right, everything else to the left.
local text = require "tracereel.util.text"

local function cell_text(value)
    if value == nil then
        return ""
    elseif math.type(value) == "float" then
        return ("%.6g"):format(value)
    end
    return text.clean(tostring(value))
end

local function measure(cells, widths)
    for column, cell in ipairs(cells) do
        widths[column] = math.max(widths[column] or 0, text.width(cell))
    end
end

local function row_line(cells, widths, is_number)
    local parts = {}
    for column = 1, #widths do
        local cell = cells[column] or ""
        parts[column] = (is_number[column] and text.pad_left or text.pad_right)(cell, widths[column])
    end
    return (table.concat(parts, "  "):gsub("%s+$", ""))
end

---@param rows any[][] all columns of a row in its array part
---@param header? string[]
---@return string text with a newline after each row
return function(rows, header)
    local lines, widths, is_number, cells_of_row = {}, {}, {}, {}
    if header then
        measure(header, widths)
    end
    local column_count = #widths
    for _, row in ipairs(rows) do
        column_count = math.max(column_count, row.n or #row)
    end
    for index, row in ipairs(rows) do
        local cells = {}
        for column = 1, column_count do
            local value = row[column]
            cells[column] = cell_text(value)
            if value ~= nil and is_number[column] ~= false then
                is_number[column] = math.type(value) ~= nil
            end
        end
        measure(cells, widths)
        cells_of_row[index] = cells
    end
    if header then
        lines[1] = row_line(header, widths, is_number)
    end
    for _, cells in ipairs(cells_of_row) do
        lines[#lines + 1] = row_line(cells, widths, is_number)
    end
    lines[#lines + 1] = ""
    return table.concat(lines, "\n")
end

-- What a script's `finish` returned, as text for a person.
local render_table = require "tracereel.render.table"
local tracereel = require "tracereel"
local text = require "tracereel.util.text"
local value_text = require "tracereel.render.value"

-- How many keys a table has, and the largest; nil where any of them is no whole number from 1.
local function places(value)
    local count, last = 0, 0
    for key in next, value do
        if math.type(key) ~= "integer" or key < 1 then
            return nil
        end
        count, last = count + 1, math.max(last, key)
    end
    return count, last
end

-- Keys 1..n and nothing else.
local function is_list(value)
    local count, last = places(value)
    return count ~= nil and count == last
end

-- The cells of one row by their columns: where one is missing, it is shown empty. What is mostly holes is no row.
local function is_row(value)
    if type(value) ~= "table" then
        return false
    end
    local count, last = places(value)
    return count ~= nil and last <= 2 * count + 8
end

-- Nested tables as one line.
local function inline(value)
    return type(value) == "table" and value_text.inline(value) or value
end

-- A first row of texts above a row that has a number is a heading.
local function is_heading(rows)
    if not rows[2] then
        return false
    end
    local has_number = false
    for column = 1, rows[1].n do
        if type(rows[1][column]) ~= "string" then
            return false
        end
        has_number = has_number or math.type(rows[2][column]) ~= nil
    end
    return has_number
end

local function rows_of_arrays(value)
    local rows = {}
    for index, item in ipairs(value) do
        local row = { n = 0 }
        for column, cell in next, item do
            row[column] = inline(cell)
            row.n = math.max(row.n, column)
        end
        rows[index] = row
    end
    if is_heading(rows) then
        return render_table(rows, table.remove(rows, 1))
    end
    return render_table(rows)
end

local function rows_of_records(value)
    local seen, header = {}, {}
    for _, item in ipairs(value) do
        for key in tracereel.sorted(item) do
            if not seen[key] then
                seen[key] = true
                header[#header + 1] = key
            end
        end
    end
    table.sort(header)
    local rows = {}
    for index, item in ipairs(value) do
        local row = { n = #header }
        for column, key in ipairs(header) do
            row[column] = inline(item[key])
        end
        rows[index] = row
    end
    return render_table(rows, header)
end

local function all(value, test)
    for _, item in ipairs(value) do
        if not test(item) then
            return false
        end
    end
    return true
end

local function has_string_keys(item)
    if type(item) ~= "table" then
        return false
    end
    for key in next, item do
        if type(key) ~= "string" then
            return false
        end
    end
    return next(item) ~= nil
end

local function key_lines(value)
    local lines = {}
    for key, item in tracereel.sorted(value) do
        lines[#lines + 1] = text.clean(value_text.inline(key)) .. ": " .. text.clean(value_text.inline(item))
    end
    lines[#lines + 1] = ""
    return table.concat(lines, "\n")
end

-- Every element of a list on one line.
local function element_lines(value)
    local lines = {}
    for index, item in ipairs(value) do
        lines[index] = text.clean(value_text.inline(item)) .. "\n"
    end
    return table.concat(lines)
end

---nil gives nothing, a string itself, a list (keys 1..n and nothing else) of lists or of records a table, any other
---list a line for each element, any other table `key: value` lines. Every key and every value is shown.
---@return string
return function(value)
    if value == nil then
        return ""
    elseif type(value) == "string" then
        return value:sub(-1) == "\n" and value or value .. "\n"
    elseif type(value) ~= "table" then
        return value_text.inline(value) .. "\n"
    elseif next(value) == nil then
        return "(none)\n"
    elseif not is_list(value) then
        return key_lines(value)
    elseif all(value, has_string_keys) then
        return rows_of_records(value)
    elseif all(value, is_row) then
        return rows_of_arrays(value)
    end
    return element_lines(value)
end

-- What a script's `finish` returned, as text for a person.
local render_table = require "tracereel.render.table"
local tracereel = require "tracereel"
local text = require "tracereel.render.text"

local function is_array(value)
    return type(value) == "table" and (#value > 0 or next(value) == nil)
end

local function is_flat(value)
    for _, item in pairs(value) do
        if type(item) == "table" then
            return false
        end
    end
    return true
end

-- Nested tables as one line of JSON; what JSON cannot say as Lua would print it.
local function inline(value)
    if type(value) ~= "table" then
        return value
    end
    local written, json = pcall(tracereel.json, value)
    return written and json or tostring(value)
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
        for column, cell in pairs(item) do
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
    for key in pairs(item) do
        if type(key) ~= "string" then
            return false
        end
    end
    return next(item) ~= nil
end

local function key_lines(value)
    local lines = {}
    for key, item in tracereel.sorted(value) do
        local shown = inline(item)
        lines[#lines + 1] = ("%s: %s"):format(text.clean(tostring(key)), text.clean(tostring(shown)))
    end
    lines[#lines + 1] = ""
    return table.concat(lines, "\n")
end

---nil gives nothing, a string itself, an array of arrays or of records a table, any other table `key: value` lines.
---@return string
return function(value)
    if value == nil then
        return ""
    elseif type(value) == "string" then
        return value:sub(-1) == "\n" and value or value .. "\n"
    elseif type(value) ~= "table" then
        return tostring(value) .. "\n"
    elseif is_array(value) and #value == 0 then
        return "(none)\n"
    elseif is_array(value) and all(value, has_string_keys) then
        return rows_of_records(value)
    elseif is_array(value) and all(value, is_array) then
        return rows_of_arrays(value)
    elseif is_array(value) and is_flat(value) then
        local lines = {}
        for index, item in ipairs(value) do
            lines[index] = text.clean(tostring(item)) .. "\n"
        end
        return table.concat(lines)
    end
    return key_lines(value)
end

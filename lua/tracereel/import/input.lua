-- One input of an importer: a file, and the ways to read it. Whatever is wrong with it is said with its place.
local core = require "tracereel.core"
local failure = require "tracereel.util.failure"
local files = require "tracereel.util.files"
local tables = require "tracereel.util.tables"
local time = require "tracereel.import.time"
local units = require "tracereel.util.units"
local xml = require "tracereel.import.xml"

local input = {}

local Input = {}
Input.__index = Input

-- What a script must not reach, by its input.
local private = setmetatable({}, { __mode = "k" })

---@param path string "-" for standard input
---@param name string|nil what messages call it
function input.open(path, name)
    local text
    if path == "-" then
        text = io.read("a")
    else
        local problem
        text, problem = files.read(path)
        if not text then
            failure.raise("io", "cannot read the input: %s", problem)
        end
    end
    local self = { name = name or path }
    private[self] = { text = text, line = nil }
    function self.time(value, zone_or_unit)
        local ns, problem = time.parse(value, zone_or_unit)
        return ns or self:fail("%s", problem)
    end
    return setmetatable(self, Input)
end

---The place of what was read last: "FILE:LINE", or the file's name; with what `at` said after it.
---@return string
function Input:where()
    local line, place = private[self].line, private[self].place
    local where = line and ("%s:%d"):format(self.name, line) or self.name
    return place and ("%s: %s"):format(where, place) or where
end

---Says which part of a document the importer is at, so that errors name it.
---@param place string|nil a path such as `$.events[3]`; nil: none any more
function Input:at(place)
    private[self].place = place
end

---Ends the import: the input cannot be what this importer reads.
function Input:fail(message, ...)
    if select("#", ...) > 0 then
        message = message:format(...)
    end
    failure.raise("invalid", "%s: %s", self:where(), message)
end

---All of it.
---@return string
function Input:text()
    return private[self].text
end

local max_head_bytes = 64 << 10

---The first 64 KiB of it, or all where it is shorter, to see what it is. What is read afterwards begins at its start.
---@return string
function Input:head()
    return private[self].text:sub(1, max_head_bytes)
end

---Its lines, without their ends.
---@return fun(): string|nil
function Input:lines()
    local state = private[self]
    local position = 1
    state.line = 0
    return function()
        if position > #state.text then
            return nil
        end
        local last = state.text:find("\n", position, true)
        local line = state.text:sub(position, (last or #state.text + 1) - 1):gsub("\r$", "")
        position = (last or #state.text) + 1
        state.line = state.line + 1
        return line
    end
end

---The JSON value of each line that is not empty.
---@return fun(): any
function Input:json_lines()
    local next_line = self:lines()
    return function()
        for line in next_line do
            if line:find("%S") then
                local value, problem = core.json_decode(line)
                if problem then
                    self:fail("not JSON: %s", problem)
                end
                return value
            end
        end
    end
end

---The JSON value that the whole input is.
---@return any
function Input:json()
    local value, problem = core.json_decode(private[self].text)
    if problem then
        self:fail("not JSON: %s", problem)
    end
    return value
end

---The JSON values of the input: one on each line, where the first line is one; otherwise the one that it is as a whole.
---@return fun(): any
function Input:json_documents()
    local first_line = private[self].text:match("^%s*([^\n]*)\n%s*%S")
    if first_line and core.json_decode(first_line) ~= nil then
        return self:json_lines()
    end
    local is_read = false
    return function()
        if not is_read then
            is_read = true
            return self:json()
        end
    end
end

-- The fields of a row, and where the next one begins.
local function read_row(self, state, position, delimiter)
    local text, fields = state.text, {}
    state.line = state.next_line
    while true do
        local field
        if text:sub(position, position) == '"' then
            local parts = {}
            position = position + 1
            while true do
                local last = text:find('"', position, true)
                if not last then
                    self:fail("a quoted field has no end")
                end
                parts[#parts + 1] = text:sub(position, last - 1)
                position = last + 1
                if text:sub(position, position) ~= '"' then
                    break
                end
                parts[#parts + 1] = '"'
                position = position + 1
            end
            field = table.concat(parts)
            state.next_line = state.next_line + select(2, field:gsub("\n", ""))
        else
            local last = text:find("[" .. (delimiter == "\t" and "\t" or "%" .. delimiter) .. "\r\n]", position)
                or #text + 1
            field = text:sub(position, last - 1)
            position = last
        end
        fields[#fields + 1] = field
        local next_byte = text:sub(position, position)
        if next_byte == delimiter then
            position = position + 1
        elseif next_byte == "" or next_byte == "\n" or text:sub(position, position + 1) == "\r\n" then
            state.next_line = state.next_line + 1
            return fields, position + (next_byte == "\r" and 2 or 1)
        else
            self:fail("%s after a field: a quoted field ends with the delimiter or the line", failure.got(next_byte))
        end
    end
end

local known_csv_options = tables.set { "delimiter", "header" }

-- A row's fields by the names of the columns. Asking for a column that is not there is an error that lists them.
local function row_metatable(self, names)
    return {
        __index = function(_, name)
            self:fail("no column %s; there are %s", failure.name(name), table.concat(names, ", "))
        end,
        __metatable = false,
    }
end

---The rows of a CSV file, as tables: by the names in the first row, or by their numbers where `header` is false. Each
---row is a table of its own.
---@param options? { delimiter: string, header: boolean }
---@return fun(): table<string, string>|nil
function Input:csv(options)
    options = options or {}
    for key in units.sorted(options) do
        if not known_csv_options[key] then
            error(("csv: unknown option %s; known are %s"):format(failure.name(key), units.names(known_csv_options)), 2)
        end
    end
    local delimiter = options.delimiter or ","
    if type(delimiter) ~= "string" or #delimiter ~= 1 or delimiter:find('["\r\n]') then
        error("csv: delimiter: a text of one character expected", 2)
    end
    local state = private[self]
    local position = state.text:sub(1, 3) == "\239\187\191" and 4 or 1
    state.next_line = 1
    local names, metatable
    local function next_row()
        while position <= #state.text do
            local fields
            fields, position = read_row(self, state, position, delimiter)
            if #fields > 1 or fields[1] ~= "" then
                return fields
            end
        end
    end
    if options.header ~= false then
        names = next_row() or {}
        metatable = row_metatable(self, names)
    end
    return function()
        local fields = next_row()
        if not fields or not names then
            return fields
        elseif #fields ~= #names then
            self:fail("%d fields; the first row has %d", #fields, #names)
        end
        local row = {}
        for index, name in ipairs(names) do
            row[name] = fields[index]
        end
        return setmetatable(row, metatable)
    end
end

---Reads XML. Each function is called where the input has what it is for: start(name, attributes), text(text),
---finish(name).
---@param handlers { start: function, text: function, finish: function }
function Input:xml(handlers)
    local state = private[self]
    xml.read(state.text, handlers, function(line)
        state.line = line
    end, function(...)
        self:fail(...)
    end)
end

return input

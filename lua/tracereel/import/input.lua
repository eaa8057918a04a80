-- One input of an importer: a file, and the ways to read it, in pieces where its form allows that. What is wrong with
-- it is said with its place.
local core = require "tracereel.core"
local failure = require "tracereel.util.failure"
local tables = require "tracereel.util.tables"
local units = require "tracereel.util.units"
local xml = require "tracereel.import.xml"

local input = {}

local Methods = {}

-- What a script must not reach, by its input.
local stream_of, place_of = setmetatable({}, { __mode = "k" }), setmetatable({}, { __mode = "k" })

-- What `where` has said last, and of what.
local last_where_of = setmetatable({}, { __mode = "k" })

local max_head_bytes = 64 << 10

local known_csv_options = tables.set { "delimiter", "header", "reuse" }

---The place of what was read last: "FILE:LINE", or the file's name; with what `at` said after it.
---@return string
function Methods:where()
    local stream, place = stream_of[self], place_of[self]
    local line = stream:line_number()
    local last = last_where_of[self]
    if last.text == nil or last.line ~= line or last.place ~= place then
        local where = line and ("%s:%d"):format(stream:name(), line) or stream:name()
        last.text, last.line, last.place = place and ("%s: %s"):format(where, place) or where, line, place
    end
    return last.text
end

---Says which part of a document the importer is at, so that errors name it.
---@param place string|nil a path such as `$.events[3]`; nil: none any more
function Methods:at(place)
    if place ~= nil and type(place) ~= "string" then
        error("at: a text expected, got " .. failure.got(place), 2)
    end
    place_of[self] = place
end

---Ends the import: the input is not what this importer reads.
function Methods:fail(message, ...)
    if select("#", ...) > 0 then
        message = message:format(...)
    end
    failure.raise("invalid", "%s: %s", Methods.where(self), message)
end

---The first 64 KiB of it, or all where it is shorter, to see what it is. What is read afterwards begins at its start.
---@return string
function Methods:head()
    return stream_of[self]:head(max_head_bytes)
end

---All of it.
---@return string
function Methods:text()
    return stream_of[self]:text()
end

---Its lines, without their ends.
---@return fun(): string|nil
function Methods:lines()
    return stream_of[self]:lines()
end

---The JSON value of each line that is not empty.
---@return fun(): any
function Methods:json_lines()
    return stream_of[self]:json_lines()
end

---The JSON value that the whole input is.
---@return any
function Methods:json()
    return stream_of[self]:json()
end

-- The first line that is not empty, where another one that is not follows it.
local function first_of_several_lines(stream)
    local bytes = max_head_bytes
    while true do
        local head = stream:head(bytes)
        local line = head:match("^%s*([^\n]*)\n%s*%S")
        if line or #head < bytes then
            return line
        end
        bytes = bytes * 4
    end
end

---The JSON values of the input: one on each line, where the first line is one; otherwise the one that it is as a whole.
---@return fun(): any
function Methods:json_documents()
    local stream = stream_of[self]
    local line = first_of_several_lines(stream)
    if line and core.json_decode(line) ~= nil then
        return stream:json_lines()
    end
    return stream:json_document()
end

local function check_csv_options(options)
    if type(options) ~= "table" then
        error("csv: a table expected, such as { delimiter = \";\" }", 3)
    end
    for key in units.sorted(options) do
        if not known_csv_options[key] then
            error(("csv: unknown key %s; known are %s"):format(failure.name(key), units.names(known_csv_options)), 3)
        end
    end
    local delimiter = options.delimiter
    if delimiter ~= nil and (type(delimiter) ~= "string" or #delimiter ~= 1 or delimiter:find('[%z"\r\n]')) then
        error("csv: delimiter: a text of one character expected, got " .. failure.got(delimiter), 3)
    end
    for _, name in ipairs { "header", "reuse" } do
        if options[name] ~= nil and type(options[name]) ~= "boolean" then
            error(("csv: %s: true or false expected, got %s"):format(name, failure.got(options[name])), 3)
        end
    end
end

-- What rows have in common: asking for a column that is not there is an error that lists those that are.
local function row_metatable(self, names)
    return {
        __index = function(_, name)
            Methods.fail(self, "there is no column %s; there are %s", failure.name(name), table.concat(names, ", "))
        end,
        __metatable = false,
    }
end

local function check_names(self, names)
    local seen = {}
    for _, name in ipairs(names) do
        if seen[name] then
            Methods.fail(self, "two columns are called %s; read it by numbers, with { header = false }",
                failure.got(name))
        end
        seen[name] = true
    end
end

---The rows of a CSV file: by the names in the first row, or, where `header` is false, by their numbers. Each is a table
---of its own, or, where `reuse` is true, the same table, which is faster.
---@param options? { delimiter: string, header: boolean, reuse: boolean }
---@return fun(): table|nil
function Methods:csv(options)
    options = options or {}
    check_csv_options(options)
    local stream = stream_of[self]
    local delimiter = options.delimiter or ","
    if options.header == false then
        return stream:csv(delimiter, options.reuse)
    end
    local names = stream:csv(delimiter)() or {}
    check_names(self, names)
    return stream:csv_named(names, row_metatable(self, names), options.reuse)
end

---Reads XML. Each function is called where the input has what it is for: start(name, attributes), text(text),
---finish(name).
---@param handlers { start: function, text: function, finish: function }
function Methods:xml(handlers)
    local stream = stream_of[self]
    xml.read(stream, handlers, function(...)
        Methods.fail(self, ...)
    end)
end

-- With the line that has asked the object for it.
local function refuse(name)
    error(("input has no field '%s'; it has name, time, %s"):format(failure.name(name), units.names(Methods)), 3)
end

local framed = {}
for name, method in pairs(Methods) do
    framed[name] = core.framed(method)
end
framed.where = Methods.where -- raises nothing, and is asked often

local metatable = {
    __index = function(_, name)
        return framed[name] or refuse(name)
    end,
    __newindex = function()
        error("input cannot be changed", 2)
    end,
    __metatable = false,
}

---@param input_object table
function input.close(input_object)
    stream_of[input_object]:close()
end

---@param path string "-" for standard input
---@param watch? fun(read_bytes: integer, file_bytes: integer|nil) is called now and then while it is read
function input.open(path, watch)
    local stream = core.import_stream(path, watch)
    local self = { name = stream:name() }
    stream_of[self], last_where_of[self] = stream, {}
    self.time = core.import_time(function(problem)
        Methods.fail(self, "%s", problem)
    end)
    return setmetatable(self, metatable)
end

return input

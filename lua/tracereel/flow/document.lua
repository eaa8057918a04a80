-- A YAML document as a tree whose parts know their lines, made of what Debian's lua-yaml reports of a text (libyaml's
-- events). An alias is the part that it names, not a copy: a tree is never larger than its text.
local failure = require "tracereel.util.failure"

local document = {}

-- The engine's own limit.
local max_depth = 100

---@class tracereel.yaml_part
---@field kind "text"|"list"|"map"
---@field line integer
---@field text string|nil of a text
---@field is_null boolean|nil of a text: nothing was written, or null
---@field items tracereel.yaml_part[]|nil of a list
---@field keys tracereel.yaml_part[]|nil of a map, all of kind "text", in the order of the file
---@field values table<string, tracereel.yaml_part>|nil of a map

local nulls = { [""] = true, ["~"] = true, null = true, Null = true, NULL = true }

-- Why a module that is there cannot be loaded; nil where none was found, for which Lua lists the places.
local function loading_problem(message)
    return message:find("not found:", 1, true) == nil and message:match("([^\n]*)$"):match("^%s*(.*)") or nil
end

local function library_for(path)
    local is_there, yaml = failure.pcall(require, "yaml")
    local problem = not is_there and loading_problem(tostring(yaml))
    if problem then
        failure.raise(problem:find("memory", 1, true) and "memory" or "io",
            "flow %s: Debian's lua-yaml cannot be loaded: %s", path, problem)
    elseif not is_there or type(yaml) ~= "table" or not yaml.parser then
        failure.raise("usage", "flow %s: a flow in YAML is read with Debian's package lua-yaml, which is not there: "
            .. "apt-get install lua-yaml, or write the flow in Lua", path)
    end
    return yaml
end

local function out_of_memory(path)
    failure.raise("memory", "flow %s: out of memory", path)
end

local function parser_of(path, text)
    local is_made, parser = failure.pcall(library_for(path).parser, text)
    return is_made and parser or out_of_memory(path) -- of a text, nothing else can go wrong before it is read
end

local Composer = {}
Composer.__index = Composer

function Composer:refuse(line, message, ...)
    failure.raise("usage", "flow %s:%s %s", self.path, line and ("%d:"):format(line) or "", message:format(...))
end

function Composer:next()
    local has_read, event = failure.pcall(self.next_event)
    if not has_read then
        -- libyaml says what is wrong with a text, and nothing where memory ran out.
        if tostring(event):find("^A problem at document:") then
            out_of_memory(self.path)
        end
        -- "did not find expected ',' at document: 1, line: 2, column: 3\nwhile parsing a list at line: 1, column: 4"
        local problem = tostring(event):match("^(.-) at document:") or tostring(event):match("^[^\n]*")
        local line = tostring(event):match("line: (%d+)")
        self:refuse(line and math.tointeger(tonumber(line)) or self.line, "no YAML: %s", problem)
    end
    self.line = event.start_mark.line + 1
    return event
end

function Composer:compose(event, depth)
    if depth > max_depth then
        self:refuse(self.line, "nested more than %d levels deep, which the engine refuses", max_depth)
    end
    local compose = self[event.type]
    if not compose then
        self:refuse(self.line, "no YAML: %s where a value is expected", event.type)
    end
    local part = compose(self, event, depth)
    if event.anchor and event.type ~= "ALIAS" then
        self.anchors[event.anchor] = part
    end
    return part
end

function Composer:SCALAR(event)
    return { kind = "text", line = self.line, text = event.value,
        is_null = event.style == "PLAIN" and nulls[event.value] or nil }
end

-- An anchor is known when all of its part is read, so that nothing holds itself.
function Composer:ALIAS(event)
    return self.anchors[event.anchor] or self:refuse(self.line, "*%s: no such anchor comes before it", event.anchor)
end

function Composer:SEQUENCE_START(_, depth)
    local part = { kind = "list", line = self.line, items = {} }
    while true do
        local event = self:next()
        if event.type == "SEQUENCE_END" then
            return part
        end
        part.items[#part.items + 1] = self:compose(event, depth + 1)
    end
end

function Composer:MAPPING_START(_, depth)
    local part = { kind = "map", line = self.line, keys = {}, values = {} }
    local lines = {}
    while true do
        local event = self:next()
        if event.type == "MAPPING_END" then
            return part
        end
        local line = self.line
        local key = self:compose(event, depth + 1)
        if key.kind ~= "text" then
            self:refuse(line, "a %s where a key is expected", key.kind)
        elseif lines[key.text] then
            self:refuse(line, '"%s" is defined again; first defined in line %d', key.text, lines[key.text])
        end
        lines[key.text] = line
        part.keys[#part.keys + 1] = { kind = "text", line = line, text = key.text }
        part.values[key.text] = self:compose(self:next(), depth + 1)
    end
end

-- The line of the first byte that is not UTF-8's; nil where there is none.
local function bad_line(text)
    local _, bad_byte = utf8.len(text)
    return bad_byte and select(2, text:sub(1, bad_byte - 1):gsub("\n", "")) + 1
end

---Reads a text that holds one YAML document. Raises what is wrong with it, with the file and the line.
---@param path string for messages
---@param text string
---@return tracereel.yaml_part
function document.read(path, text)
    local composer = setmetatable({ path = path, anchors = {} }, Composer)
    local line = bad_line(text)
    if line then
        composer:refuse(line, "not UTF-8")
    end
    composer.next_event = parser_of(path, text)
    composer:next() -- STREAM_START
    if composer:next().type ~= "DOCUMENT_START" then
        composer:refuse(nil, "the file is empty")
    end
    local part = composer:compose(composer:next(), 1)
    composer:next() -- DOCUMENT_END
    if composer:next().type ~= "STREAM_END" then
        composer:refuse(composer.line, "a second document begins here; a flow is one")
    end
    return part
end

return document

-- Fields and literals of an expression as Lua, each with its type.
local fields = require "tracereel.where.fields"
local lexer = require "tracereel.where.lexer"
local nearest = require "tracereel.util.nearest"
local options = require "tracereel.cli.options"
local units = require "tracereel.util.units"
local values = require "tracereel.where.values"

local operands = {}

---@class tracereel.where_operand
---@field type string as in fields.lua; "object" for a node or a trace by itself
---@field code string
---@field at integer byte of the expression
---@field said string how a message calls it
---@field optional boolean|nil
---@field choices string[]|nil
---@field of string|nil
---@field bare boolean|nil
---@field literal table|nil

-- By scope: the object whose fields have no prefix, and the variables of the others.
local scopes = {
    trace = { own = "trace", variables = { trace = "t" } },
    record = { own = "record", variables = { record = "r", trace = "t" } },
}

---What a compilation knows.
---@class tracereel.where_compilation
---@field scope "trace"|"record"
---@field constants any[] which the Lua code has as K
---@field has_names boolean the log's names of nodes are in use
---@field uses_trace boolean

---@param compilation tracereel.where_compilation
---@param value any
---@return string code
function operands.constant(compilation, value)
    local constants = compilation.constants
    constants[#constants + 1] = value
    return ("K[%d]"):format(#constants)
end

local function article(object)
    return object == "record" and "a record" or object == "node" and "a node" or "a trace"
end

local function raise_unknown(compilation, object, name)
    local known = units.keys(fields.of(object))
    local other = object == "record" and fields.of("trace")[name.text] and "trace." .. name.text
    if other then
        lexer.raise(name.at, "a record has no field %s; of its trace it is %s", name.text, other)
    end
    if object == scopes[compilation.scope].own then
        known[#known + 1] = "node"
    end
    local near = nearest.of(name.text, known)
    if #near > 0 then
        lexer.raise(name.at, "%s has no field %s; did you mean %s?", article(object), name.text,
            table.concat(near, " or "))
    end
    lexer.raise(name.at, "%s has no field %s; it has %s", article(object), name.text, table.concat(known, ", "))
end

-- A key in quotes stands for itself; of those with dots between them the longest that there is comes first.
local function metadata_path(names, first)
    local path = {}
    for index = first, #names do
        local name, last = names[index], path[#path]
        if name.number then
            lexer.raise(name.at, "a key of metadata is a name: write it in quotes")
        elseif name.is_quoted or not last or last.is_exact then
            path[#path + 1] = { text = name.text, is_exact = name.is_quoted or false }
        else
            last.text = last.text .. "." .. name.text
        end
    end
    return path
end

local function field_of(compilation, object, variable, names, position, said)
    local name = names[position]
    local field = not name.number and not name.is_quoted and fields.of(object)[name.text]
    if not field then
        raise_unknown(compilation, object, name)
    elseif field.decoded and names[position + 1] then
        local path = operands.constant(compilation, metadata_path(names, position + 1))
        return { type = "any", optional = true, at = name.at, said = said,
            code = ("H.at(%s, %s)"):format(field.decoded:gsub("@", variable), path) }
    elseif names[position + 1] then
        lexer.raise(names[position + 1].at, "%s has no fields", name.text)
    end
    local code = field.lua and field.lua:gsub("@", variable) or variable .. "." .. name.text
    return { type = field.type, code = code, at = name.at, said = said, optional = field.optional,
        choices = field.choices, of = field.of, bare = field.bare }
end

-- The number of the node that is named in brackets; without the log's names any name may be right.
local function node_number(compilation, index)
    if index.number then
        if math.type(index.number) ~= "integer" or index.number > 0xFFFFFFFF then
            lexer.raise(index.at, "%s is not the number of a node", index.text)
        end
        return index.number
    elseif not compilation.has_names then
        return 0
    end
    local ids = options.nodes_called(index.text)
    if #ids > 1 then
        lexer.raise(index.at, "%d nodes have that name: give the number of one, as in node[%d]", #ids, ids[1])
    end
    return ids[1]
end

local function node_field(compilation, names, position, said)
    local index = names[position + 1]
    local code
    compilation.uses_trace = true
    if index and (index.number or index.is_quoted) then
        code = ("H.node(t, %s)"):format(operands.constant(compilation, node_number(compilation, index)))
        position = position + 1
    elseif compilation.scope == "record" and position == 1 then
        code = "H.node(t, r.node_id)"
    else
        lexer.raise(names[position].at, 'node of which? Write node["NAME"] or node[NUMBER]')
    end
    if names[position + 1] then
        return field_of(compilation, "node", "(" .. code .. ")", names, position + 1, said)
    end
    return { type = "object", code = code, at = names[1].at, said = said, optional = true }
end

local function said_of(names)
    local parts = {}
    for index, name in ipairs(names) do
        parts[index] = name.number and ("[%s]"):format(name.text) or name.is_quoted and ('["%s"]'):format(name.text)
            or (index > 1 and "." or "") .. name.text
    end
    return table.concat(parts)
end

---@param compilation tracereel.where_compilation
---@param tree table a field
---@return tracereel.where_operand
function operands.field(compilation, tree)
    local names, scope = tree.names, scopes[compilation.scope]
    local said, position, object = said_of(names), 1, scope.own
    if names[1].text == "trace" then
        object, position, compilation.uses_trace = "trace", 2, true
        if not names[2] then
            return { type = "object", code = "t", at = tree.at, said = said, optional = true }
        end
    end
    if names[position].text == "node" and not names[position].is_quoted then
        return node_field(compilation, names, position, said)
    end
    return field_of(compilation, object, scope.variables[object], names, position, said)
end

---@param compilation tracereel.where_compilation
---@param literal table
---@return tracereel.where_operand
function operands.literal(compilation, literal)
    return { type = literal.type, at = literal.at, said = literal.text, literal = literal,
        code = operands.constant(compilation, literal.value) }
end

---@param compilation tracereel.where_compilation
---@param tree table
---@return tracereel.where_operand
function operands.of(compilation, tree)
    return (tree.kind == "literal" and operands.literal or operands.field)(compilation, tree)
end

local parsers = { time = units.parse_time, duration = units.parse_duration }

---A literal as what it is compared with: a text as a time, a whole number as nanoseconds or as 64 bits. Others are as
---they were.
---@param compilation tracereel.where_compilation
---@param operand tracereel.where_operand
---@param other tracereel.where_operand
---@return tracereel.where_operand
function operands.adapted(compilation, operand, other)
    local literal, value = operand.literal, nil
    if not literal or other.literal then
        return operand
    elseif literal.type == "text" and parsers[other.type] then
        local problem
        value, problem = parsers[other.type](literal.value)
        if not value then
            lexer.raise(operand.at, "%s: %s", other.said, problem)
        end
    elseif literal.type == "number" and (other.type == "unsigned" or other.bare) then
        if literal.is_negative or not literal.bits then
            lexer.raise(operand.at, "%s is a whole number from 0 to 2^64 - 1", other.said)
        end
        value = literal.bits
    elseif literal.type == "duration" and literal.is_negative then
        lexer.raise(operand.at, "%s is never negative", other.said)
    else
        return operand
    end
    return { type = other.type, at = operand.at, said = operand.said, literal = literal,
        code = operands.constant(compilation, value) }
end

---@param literal table
---@return string code of a pattern
function operands.pattern(compilation, literal)
    return operands.constant(compilation, values.pattern(literal.pattern))
end

return operands

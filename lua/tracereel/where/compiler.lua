-- An expression as a Lua function: the text of a chunk that reaches nothing but what values.lua has and its constants.
local lexer = require "tracereel.where.lexer"
local nearest = require "tracereel.util.nearest"
local operands = require "tracereel.where.operands"
local parser = require "tracereel.where.parser"
local values = require "tracereel.where.values"

local compiler = {}

local words_of_types = { text = "a text", number = "a number", unsigned = "a number", time = "a time",
    duration = "a span of time", boolean = "true or false", list = "a list", object = "not a value",
    any = "what the metadata says" }
local is_span = { time = true, duration = true }
local forms_of_types = { time = "write one as in 2025-11-24T16:00:00Z", duration = "write one with its unit, as in 5s" }

local function check_is_value(operand)
    if operand.type == "object" then
        lexer.raise(operand.at, "%s is not a value: compare one of its fields, as in %s.status", operand.said,
            operand.said)
    elseif operand.type == "list" then
        lexer.raise(operand.at, '%s is a list: write VALUE in %s%s', operand.said, operand.said,
            operand.of == "text" and (", or %s ~ \"TEXT\""):format(operand.said) or "")
    end
end

-- What type two operands are compared as; nil where they cannot be.
local function common_type(left, right)
    local a, b = left.type, right.type
    if a == b then
        return a
    elseif a == "any" or b == "any" then
        local other = a == "any" and b or a
        return not is_span[other] and (other == "unsigned" and "wide" or "any") or nil
    elseif (a == "unsigned" and b == "number") or (a == "number" and b == "unsigned") then
        return "wide"
    end
end

local function raise_mismatch(left, right)
    local wanted, given = left, right
    if left.literal and not right.literal then
        wanted, given = right, left
    end
    if wanted.type == "any" and is_span[given.type] or given.type == "any" and is_span[wanted.type] then
        lexer.raise(given.at, "metadata has no times and no spans of time: compare with a number or a text")
    end
    local form = forms_of_types[wanted.type]
    lexer.raise(given.at, "%s is %s, %s is %s%s", wanted.said, words_of_types[wanted.type], given.said,
        words_of_types[given.type], form and ": " .. form or "")
end

-- A text that a field never has is a mistake.
local function check_choice(field, literal)
    if not field.choices or not literal.literal or literal.type ~= "text" then
        return
    end
    for _, choice in ipairs(field.choices) do
        if choice == literal.literal.value then
            return
        end
    end
    local near = nearest.of(literal.literal.value, field.choices)
    lexer.raise(literal.at, '%s is never "%s"; %s', field.said, literal.literal.value, #near > 0
        and ("did you mean %s?"):format(table.concat(near, " or ")) or "it is one of "
        .. table.concat(field.choices, ", "))
end

-- By sign: for signed numbers and texts, and for unsigned ones; of some the operands change places.
local orders = {
    ["<"] = { "H.less(%s, %s)", "H.below(%s, %s)" },
    ["<="] = { "H.at_most(%s, %s)", "H.up_to(%s, %s)" },
    [">"] = { "H.less(%s, %s)", "H.below(%s, %s)", is_turned = true },
    [">="] = { "H.at_most(%s, %s)", "H.up_to(%s, %s)", is_turned = true },
}
local is_unsigned = { unsigned = true, time = true, duration = true }

local function compared(compilation, left, right, sign, sign_at)
    check_is_value(left)
    check_is_value(right)
    left, right = operands.adapted(compilation, left, right), operands.adapted(compilation, right, left)
    local kind = common_type(left, right)
    if not kind then
        raise_mismatch(left, right)
    end
    local a, b = left.code, right.code
    if kind == "wide" then
        a = left.type == "unsigned" and ("H.wide(%s)"):format(a) or a
        b = right.type == "unsigned" and ("H.wide(%s)"):format(b) or b
    end
    if sign == "==" or sign == "!=" then
        check_choice(left, right)
        check_choice(right, left)
        return (sign == "!=" and "not " or "") .. ("H.equal(%s, %s)"):format(a, b)
    elseif kind == "boolean" then
        lexer.raise(sign_at, "%s is true or false: == and != compare it", left.said)
    end
    local order = orders[sign]
    if order.is_turned then
        a, b = b, a
    end
    return order[is_unsigned[kind] and 2 or 1]:format(a, b)
end

local function matched(compilation, tree)
    local left = operands.of(compilation, tree.left)
    local literal = tree.right
    local type_matched = left.type == "list" and left.of or left.type
    if type_matched ~= "text" and type_matched ~= "any" then
        lexer.raise(left.at, "%s looks for words in a text; %s is %s", tree.sign, left.said,
            words_of_types[left.type])
    elseif literal.kind ~= "literal" or literal.type ~= "text" then
        lexer.raise(literal.at, '%s takes a text in quotes, as in error ~ "declined"', tree.sign)
    end
    return (tree.sign == "!~" and "not " or "") .. ("H.matches(%s, %s)"):format(left.code,
        operands.pattern(compilation, literal))
end

local function is_in_list(item, list)
    check_is_value(item)
    if list.type == "list" then
        if item.type ~= list.of and item.type ~= "any" then
            lexer.raise(item.at, "each item of %s is %s, %s is %s", list.said, words_of_types[list.of], item.said,
                words_of_types[item.type])
        end
    elseif list.type ~= "any" then
        lexer.raise(list.at, "%s is %s, not a list; values stand in parentheses, as in in (1, 2)", list.said,
            words_of_types[list.type])
    end
    return ("H.contains(%s, %s)"):format(list.code, item.code)
end

local emit

-- An operand that stands alone.
local function is_true(compilation, tree)
    local operand = operands.of(compilation, tree)
    if operand.literal and operand.type ~= "boolean" then
        lexer.raise(operand.at, "%s is %s: a comparison expected", operand.said, words_of_types[operand.type])
    elseif operand.type == "boolean" then
        return ("(%s == true)"):format(operand.code)
    elseif operand.type == "list" then
        return ("H.has_items(%s)"):format(operand.code)
    elseif not operand.optional then
        lexer.raise(operand.at, "%s is %s, which is always there: compare it", operand.said,
            words_of_types[operand.type])
    end
    return ("H.is_there(%s)"):format(operand.code)
end

local emitters = {}

emitters.field, emitters.literal = is_true, is_true

emitters["not"] = function(compilation, tree)
    return ("not (%s)"):format(emit(compilation, tree.item))
end

function emitters.compare(compilation, tree)
    if tree.sign == "~" or tree.sign == "!~" then
        return matched(compilation, tree)
    end
    return compared(compilation, operands.of(compilation, tree.left), operands.of(compilation, tree.right), tree.sign,
        tree.at)
end

emitters["in"] = function(compilation, tree)
    local item = operands.of(compilation, tree.item)
    local code
    if tree.list.kind == "list" then
        local parts = {}
        for index, one in ipairs(tree.list.items) do
            parts[index] = compared(compilation, item, operands.of(compilation, one), "==", tree.at)
        end
        code = table.concat(parts, " or ")
    else
        code = is_in_list(item, operands.of(compilation, tree.list))
    end
    return (tree.is_not and "not (%s)" or "(%s)"):format(code)
end

local function chain(word)
    return function(compilation, tree)
        local parts = {}
        for index, item in ipairs(tree.items) do
            parts[index] = emit(compilation, item)
        end
        return "(" .. table.concat(parts, " " .. word .. " ") .. ")"
    end
end

emitters["and"], emitters["or"] = chain("and"), chain("or")

function emit(compilation, tree)
    return emitters[tree.kind](compilation, tree)
end

local parameters = { trace = "t", record = "r, t" }

-- Helpers and constants come as arguments: the chunk has no global names at all.
local function loaded(compilation, code)
    local guard = compilation.uses_trace and compilation.scope == "record" and "t = t or H.nothing " or ""
    local names = compilation.scope == "record" and not compilation.uses_trace and "r" or parameters[compilation.scope]
    local source = ("local H, K = ... return function(%s) %sreturn %s end"):format(names, guard, code)
    return assert(load(source, "=--where", "t", {}))(values, compilation.constants)
end

local function compilation_of(scope, has_names)
    return { scope = scope, constants = {}, has_names = has_names, uses_trace = false }
end

---The test that an expression is: of a trace, or of a record and its trace. Raises a tracereel.where_problem.
---@param text string
---@param scope "trace"|"record"
---@param has_names boolean the log's names of nodes are in use; where not, each name is taken for one
---@return fun(subject: table, trace?: table): boolean
function compiler.test(text, scope, has_names)
    local compilation = compilation_of(scope, has_names)
    return loaded(compilation, emit(compilation, parser.expression(text)))
end

---The value of a field. Raises a tracereel.where_problem.
---@param text string
---@param scope "trace"|"record"
---@param has_names boolean
---@return fun(subject: table, trace?: table): any
---@return boolean is_unsigned
function compiler.value(text, scope, has_names)
    local compilation = compilation_of(scope, has_names)
    local operand = operands.field(compilation, parser.field(text))
    check_is_value(operand)
    return loaded(compilation, operand.code), is_unsigned[operand.type] == true
end

return compiler

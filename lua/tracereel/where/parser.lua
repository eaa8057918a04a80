-- An expression as a tree. Precedence, from the loosest: or, and, not, comparisons.
--
--     or, and        { kind, at, items }
--     not            { kind, at, item }
--     compare        { kind, at, sign, left, right }
--     in             { kind, at, is_not, item, list } list: values, or a field
--     field          { kind, at, names } names: { text, at, is_quoted | number }
--     literal        a token; type: what it is
local lexer = require "tracereel.where.lexer"

local parser = {}

-- Each level takes several of the levels that Lua's own compiler has, which are 200.
local max_depth = 40

local comparisons = { ["=="] = true, ["!="] = true, ["<"] = true, ["<="] = true, [">"] = true, [">="] = true,
    ["~"] = true, ["!~"] = true }

local Reader = {}
Reader.__index = Reader

function Reader:peek()
    return self.tokens[self.position]
end

-- Takes the next token where it is that word or sign.
function Reader:accept(text)
    local token = self:peek()
    if token.text == text and (token.kind == "word" or token.kind == "sign") then
        self.position = self.position + 1
        return token
    end
end

local function shown(token)
    return token.kind == "end" and "the end" or ('"%s"'):format(token.text)
end

function Reader:expect(text, what)
    local token = self:accept(text)
    if not token then
        lexer.raise(self:peek().at, "%s expected %s, found %s", text, what, shown(self:peek()))
    end
    return token
end

local literal_kinds = { text = true, number = true, duration = true, time = true }

function Reader:literal()
    local token, minus = self:peek(), nil
    if token.kind == "sign" and token.text == "-" then
        minus, token = token, self.tokens[self.position + 1]
        if token.kind ~= "number" and token.kind ~= "duration" then
            lexer.raise(minus.at, "a number expected after -, found %s", shown(token))
        end
        self.position = self.position + 1
    end
    if literal_kinds[token.kind] then
        self.position = self.position + 1
        return { kind = "literal", at = (minus or token).at, type = token.kind, pattern = token.pattern,
            value = minus and -token.value or token.value, bits = not minus and token.bits or nil,
            is_negative = minus ~= nil and token.value ~= 0, text = token.text }
    elseif token.text == "true" or token.text == "false" then
        self.position = self.position + 1
        return { kind = "literal", at = token.at, type = "boolean", value = token.text == "true", text = token.text }
    end
end

function Reader:index(names)
    local token = self:peek()
    if token.kind ~= "text" and not (token.kind == "number" and token.text:find("^%d+$")) then
        lexer.raise(token.at, "a name in quotes or a number expected in [ ], found %s", shown(token))
    end
    self.position = self.position + 1
    names[#names + 1] = { text = token.kind == "text" and token.value or token.text, at = token.at,
        is_quoted = token.kind == "text", number = token.kind == "number" and token.value or nil }
    self:expect("]", "after it")
end

function Reader:field()
    local first = self:peek()
    local names = { { text = first.text, at = first.at } }
    self.position = self.position + 1
    while true do
        if self:accept("[") then
            self:index(names)
        elseif self:accept(".") then
            local token = self:peek()
            if token.kind ~= "name" and token.kind ~= "word" then
                lexer.raise(token.at, 'a name expected after the dot, found %s; a key with other characters is '
                    .. 'written ["so"]', shown(token))
            end
            self.position = self.position + 1
            names[#names + 1] = { text = token.text, at = token.at }
        else
            return { kind = "field", at = first.at, names = names }
        end
    end
end

function Reader:value()
    local token = self:peek()
    local literal = self:literal()
    if literal then
        return literal
    elseif token.kind == "name" then
        return self:field()
    end
    lexer.raise(token.at, "a field or a value expected, found %s", shown(token))
end

-- What stands in the parentheses after `in`: values; or, without parentheses, a field that is a list.
function Reader:list()
    if not self:accept("(") then
        return self:field_only()
    end
    local items = {}
    repeat
        items[#items + 1] = self:value()
    until not self:accept(",")
    self:expect(")", "after the last value of in")
    return { kind = "list", items = items }
end

function Reader:field_only()
    if self:peek().kind ~= "name" then
        lexer.raise(self:peek().at, "in takes values in parentheses, or a field that is a list; found %s",
            shown(self:peek()))
    end
    return self:field()
end

function Reader:comparison()
    local open = self:accept("(")
    if open then
        local inner = self:either(open)
        self:expect(")", ("for the parenthesis at column %d"):format(open.at))
        return inner
    end
    local left = self:value()
    local token = self:peek()
    if token.kind == "sign" and comparisons[token.text] then
        self.position = self.position + 1
        local right = self:value()
        local after = self:peek()
        if after.kind == "sign" and comparisons[after.text] then
            lexer.raise(after.at, "a second comparison: put and between the two, as in a < b and b < c")
        end
        return { kind = "compare", at = token.at, sign = token.text, left = left, right = right }
    end
    local is_not = token.text == "not" and self.tokens[self.position + 1].text == "in" and self:accept("not")
    if self:accept("in") then
        return { kind = "in", at = token.at, is_not = is_not ~= nil and is_not ~= false, item = left,
            list = self:list() }
    end
    return left
end

function Reader:negation()
    local token = self:accept("not")
    if not token then
        return self:comparison()
    end
    self:deeper(token)
    local item = self:negation()
    self.depth = self.depth - 1
    return { kind = "not", at = token.at, item = item }
end

function Reader:deeper(token)
    self.depth = self.depth + 1
    if self.depth > max_depth then
        lexer.raise(token.at, "this is nested more than %d deep", max_depth)
    end
end

local function chain(word, read_item)
    return function(self)
        local first = read_item(self)
        local made
        while true do
            local token = self:accept(word)
            if not token then
                return made or first
            end
            made = made or { kind = word, at = token.at, items = { first } }
            made.items[#made.items + 1] = read_item(self)
        end
    end
end

Reader.both = chain("and", Reader.negation)
Reader.any_of = chain("or", Reader.both)

function Reader:either(token)
    self:deeper(token)
    local tree = self:any_of()
    self.depth = self.depth - 1
    return tree
end

local function reader_of(text)
    local self = setmetatable({ tokens = lexer.tokens(text), position = 1, depth = 0 }, Reader)
    if self:peek().kind == "end" then
        lexer.raise(1, "an expression expected, as in duration > 5s")
    end
    return self
end

function Reader:finish(tree)
    local token = self:peek()
    if token.kind ~= "end" then
        lexer.raise(token.at, "and, or, or the end expected, found %s", shown(token))
    end
    return tree
end

---The tree of an expression. Raises a tracereel.where_problem.
---@param text string
---@return table
function parser.expression(text)
    local self = reader_of(text)
    return self:finish(self:either(self:peek()))
end

---The tree of one field. Raises a tracereel.where_problem.
---@param text string
---@return table
function parser.field(text)
    local self = reader_of(text)
    if self:peek().kind ~= "name" then
        lexer.raise(self:peek().at, "the name of a field expected, found %s", shown(self:peek()))
    end
    return self:finish(self:field())
end

return parser

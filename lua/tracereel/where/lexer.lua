-- The words of an expression: names, values, signs; each with the byte at which it begins.
local units = require "tracereel.util.units"

local lexer = {}

---@class tracereel.where_token
---@field kind "name"|"word"|"sign"|"text"|"number"|"duration"|"time"|"end"
---@field text string as it is written
---@field at integer byte at which it begins, from 1
---@field value any of a text, number, duration or time
---@field pattern string|nil of a text: what ~ looks for, in which escaped characters keep their backslash
---@field bits integer|nil of a number: as an unsigned one of 64 bits, where it is one

---What is wrong with an expression, and where.
---@class tracereel.where_problem
---@field message string
---@field at integer byte

---@param at integer
---@param message string
function lexer.raise(at, message, ...)
    error({ message = select("#", ...) > 0 and message:format(...) or message, at = at }, 0)
end

local is_word = { ["and"] = true, ["or"] = true, ["not"] = true, ["in"] = true, ["true"] = true, ["false"] = true }

-- What other languages write, and how it is written here.
local foreign_signs = { ["&&"] = "and", ["||"] = "or", ["!"] = "not", ["="] = "==", ["=~"] = "~", ["~="] = "!=",
    ["<>"] = "!=", ["==="] = "==" }
local signs = { "===", "==", "=~", "!=", "!~", "~=", "<=", ">=", "<>", "&&", "||", "<", ">", "~", "=", "!", "(", ")",
    "[", "]", ",", ".", "-" }

local escapes = { n = "\n", t = "\t", r = "\r" }

local function unescape(text, position)
    local character = text:sub(position, position)
    if character == "x" then
        local digits = text:match("^%x%x", position + 1)
        if not digits then
            lexer.raise(position - 1, "\\x takes two hexadecimal digits")
        end
        return string.char(tonumber(digits, 16)), position + 3
    end
    return escapes[character] or character, position + 1
end

local function read_text(text, start)
    local quote = text:sub(start, start)
    local values, patterns, position = {}, {}, start + 1
    while true do
        local plain, stop = text:match("^([^\\\"']*)()", position)
        values[#values + 1], patterns[#patterns + 1], position = plain, plain, stop
        local character = text:sub(position, position)
        if character == "" then
            lexer.raise(start, "this quote is not closed")
        elseif character == quote then
            return { kind = "text", value = table.concat(values), pattern = table.concat(patterns) }, position + 1
        elseif character == "\\" and position < #text then
            character, position = unescape(text, position + 1)
            values[#values + 1], patterns[#patterns + 1] = character, "\\" .. character
        else
            values[#values + 1], patterns[#patterns + 1], position = character, character, position + 1
        end
    end
end

-- Decimal digits as an unsigned number of 64 bits; nil from 2^64 on.
local function unsigned_bits(digits)
    local bits = 0
    for digit in digits:gmatch("%d") do
        local number = digit:byte() - 48
        local quotient, rest = units.unsigned_divide(-1, 10)
        if math.ult(quotient, bits) or bits == quotient and number > rest then
            return nil
        end
        bits = bits * 10 + number
    end
    return bits
end

local function number_token(written)
    local value = tonumber(written)
    local bits = written:find("^%d+$") and unsigned_bits(written) or math.tointeger(value)
    return value and { kind = "number", value = value, bits = bits }
end

local function read_value(text, start)
    local date = text:match("^%d%d%d%d%-%d%d%-%d%d[%dTtZz:.+-]*", start)
    if date then
        local time_ns, problem = units.parse_time(date)
        if not time_ns then
            lexer.raise(start, "%s", problem)
        end
        return { kind = "time", value = time_ns }, start + #date
    end
    local written = text:match("^%d+%.?%d*[eE][+-]?%d+", start) or text:match("^%d[%w.µ]*", start)
    local token = number_token(written)
    if token then
        return token, start + #written
    end
    local duration_ns, problem = units.parse_duration(written)
    if not duration_ns then
        lexer.raise(start, "%s", problem)
    end
    return { kind = "duration", value = duration_ns }, start + #written
end

local function read_sign(text, start)
    for _, sign in ipairs(signs) do
        if text:sub(start, start + #sign - 1) == sign then
            if foreign_signs[sign] then
                lexer.raise(start, '"%s" is written %s here', sign, foreign_signs[sign])
            end
            return { kind = "sign" }, start + #sign
        end
    end
    local character = text:match("^" .. utf8.charpattern, start) or text:sub(start, start)
    lexer.raise(start, '"%s" means nothing here', character)
end

local function read_one(text, start)
    local name = text:match("^[%a_\x80-\xFF][%w_\x80-\xFF]*", start)
    if name then
        return { kind = is_word[name] and "word" or "name" }, start + #name
    elseif text:find("^[\"']", start) then
        return read_text(text, start)
    elseif text:find("^%d", start) then
        return read_value(text, start)
    end
    return read_sign(text, start)
end

---The tokens of an expression; the last is "end". Raises a tracereel.where_problem.
---@param text string
---@return tracereel.where_token[]
function lexer.tokens(text)
    local tokens, position = {}, text:match("^%s*()")
    while position <= #text do
        local token, stop = read_one(text, position)
        token.at, token.text = position, text:sub(position, stop - 1)
        tokens[#tokens + 1] = token
        position = text:match("^%s*()", stop)
    end
    tokens[#tokens + 1] = { kind = "end", at = #text + 1, text = "" }
    return tokens
end

return lexer

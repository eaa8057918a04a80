-- Reads JSON without changing any number: numbers become texts such as "#18446744073709551615", null becomes "#null".
-- For comparing 64-bit values that a Lua number cannot hold.
local escapes = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }

local parse_value

local function unescape_unit(text, position)
    return tonumber(text:sub(position, position + 3), 16)
end

local function parse_string(text, position)
    local parts = {}
    while true do
        local plain, next_position = text:match('^([^"\\]*)()', position)
        parts[#parts + 1] = plain
        local character = text:sub(next_position, next_position)
        if character == '"' then
            return table.concat(parts), next_position + 1
        end
        assert(character == "\\", "unfinished text")
        local escaped = text:sub(next_position + 1, next_position + 1)
        position = next_position + 2
        if escaped == "u" then
            local code = unescape_unit(text, position)
            position = position + 4
            if code >= 0xD800 and code < 0xDC00 then
                code = 0x10000 + ((code - 0xD800) << 10) + unescape_unit(text, position + 2) - 0xDC00
                position = position + 6
            end
            parts[#parts + 1] = utf8.char(code)
        else
            parts[#parts + 1] = escapes[escaped] or escaped
        end
    end
end

local function skip(text, position)
    return text:match("^%s*()", position)
end

local function parse_members(text, position, closing, parse_member)
    local result = {}
    position = skip(text, position)
    while text:sub(position, position) ~= closing do
        position = skip(text, parse_member(result, position))
        if text:sub(position, position) == "," then
            position = skip(text, position + 1)
        end
    end
    return result, position + 1
end

function parse_value(text, position)
    position = skip(text, position)
    local first = text:sub(position, position)
    if first == "{" then
        return parse_members(text, position + 1, "}", function(object, at)
            local key, value
            key, at = parse_string(text, at + 1)
            at = skip(text, at)
            assert(text:sub(at, at) == ":", "a colon expected")
            value, at = parse_value(text, at + 1)
            object[key] = value
            return at
        end)
    elseif first == "[" then
        return parse_members(text, position + 1, "]", function(array, at)
            array[#array + 1], at = parse_value(text, at)
            return at
        end)
    elseif first == '"' then
        return parse_string(text, position + 1)
    end
    local word, next_position = text:match("^([%w+.-]+)()", position)
    assert(word, "no JSON value at byte " .. position)
    if word == "true" or word == "false" then
        return word == "true", next_position
    end
    return "#" .. word, next_position
end

---@param text string
return function(text)
    local value, position = parse_value(text, 1)
    assert(skip(text, position) > #text, "text goes on after the value")
    return value
end

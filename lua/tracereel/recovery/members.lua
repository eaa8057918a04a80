-- The members of a JSON object by where they are in its text: one is changed, and all other bytes stay as they were,
-- so that numbers keep their digits.
local tracereel = require "tracereel"

local members = {}

-- Position of the quote that ends the string which begins at `first`.
local function string_end(text, first)
    local at = first + 1
    while true do
        local found = text:find('["\\]', at)
        if not found or text:sub(found, found) == '"' then
            return found
        end
        at = found + 2
    end
end

-- Position of what ends the value that begins at `first`: the comma or the brace. nil where that is no JSON.
local function value_stop(text, first)
    local at, depth = first, 0
    while true do
        local found = text:find('["{}%[%],/]', at)
        local sign = found and text:sub(found, found)
        if not found or sign == "/" then
            return nil
        elseif sign == '"' then
            found = string_end(text, found)
            if not found then
                return nil
            end
        elseif sign == "{" or sign == "[" then
            depth = depth + 1
        elseif depth == 0 then
            return found
        elseif sign ~= "," then
            depth = depth - 1
        end
        at = found + 1
    end
end

local function scan(text)
    local found = {}
    local at = text:match("^%s*{%s*()")
    local is_empty = at and text:find("^}%s*$", at)
    while at and not is_empty do
        local name_end = text:sub(at, at) == '"' and string_end(text, at)
        local first = name_end and text:match("^%s*:%s*()", name_end + 1)
        local stop = first and value_stop(text, first)
        if not stop then
            return nil
        end
        local value = text:sub(first, stop - 1):match("^(.-)%s*$")
        found[#found + 1] = { name = tracereel.json_decode(text:sub(at, name_end)), at = at, first = first,
            last = first + #value - 1, stop = stop }
        if text:sub(stop, stop) == "}" then
            return text:find("^%s*$", stop + 1) and found or nil
        end
        at = text:match("^%s*()", stop + 1)
    end
    return at and found or nil
end

---The object's values by name, and its members; nil where the text is no JSON object.
---@param text string|nil
---@return table|nil values
---@return { name: string, at: integer, first: integer, last: integer, stop: integer }[]|nil members in order:
--- where the name begins, the value's first and last byte, and what ends it
function members.of(text)
    local found = text and text:find("^%s*{") and scan(text)
    local values = found and tracereel.json_decode(text)
    if type(values) ~= "table" then
        return nil
    end
    return values, found
end

local function appended(text, name, value)
    local body, tail = text:match("^(.-)%s*}(%s*)$")
    local comma = body:find("^%s*{$") and "" or ","
    return ("%s%s%s:%s}%s"):format(body, comma, tracereel.json(name), value, tail)
end

---The text of an object with one member changed, or added at its end.
---@param text string an object's
---@param name string
---@param value string JSON
---@return string
function members.set(text, name, value)
    local _, found = members.of(text)
    local is_there = false
    for index = #found, 1, -1 do
        local one = found[index]
        if one.name == name then
            text, is_there = text:sub(1, one.first - 1) .. value .. text:sub(one.last + 1), true
        end
    end
    return is_there and text or appended(text, name, value)
end

---The text of an object without a member.
---@param text string an object's
---@param name string
---@return string
function members.without(text, name)
    local _, found = members.of(text)
    for index = #found, 1, -1 do
        local one = found[index]
        if one.name == name then
            local is_last = text:sub(one.stop, one.stop) == "}"
            local before, after = text:sub(1, one.at - 1), text:sub(is_last and one.stop or one.stop + 1)
            text = is_last and before:gsub(",%s*$", "") .. after or before .. after:gsub("^%s*", "")
        end
    end
    return text
end

return members

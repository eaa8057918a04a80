-- JSON that says every string exactly. A path or an argument need not be UTF-8, and JSON text is: such a string is
-- U+0000 and its bytes in hexadecimal, and so is one that begins with U+0000 itself.
local base = require "tracereel.base"

local exact_json = {}

local function escaped_text(text)
    if utf8.len(text) and text:byte() ~= 0 then
        return text
    end
    return "\0" .. text:gsub(".", function(byte)
        return ("%02x"):format(byte:byte())
    end)
end

local function unescaped_text(text)
    local digits = text:match("^\0(%x*)$")
    return not digits and text or digits:gsub("%x%x", function(byte)
        return string.char(tonumber(byte, 16))
    end)
end

-- A value whose texts, and keys that are texts, are what `change` makes of them.
local function changed_texts(value, change)
    if type(value) == "string" then
        return (change(value))
    elseif type(value) ~= "table" or value == base.null then
        return value
    end
    local copy = setmetatable({}, getmetatable(value))
    for key, member in next, value do
        copy[changed_texts(key, change)] = changed_texts(member, change)
    end
    return copy
end

---@param value any
---@return string
function exact_json.text(value)
    return base.json(changed_texts(value, escaped_text))
end

---@param text string
---@return any value nil where the text is no JSON
---@return string|nil problem
function exact_json.value(text)
    local value, problem = base.json_decode(text)
    if problem then
        return nil, problem
    end
    return changed_texts(value, unescaped_text)
end

return exact_json

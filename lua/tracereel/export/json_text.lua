-- JSON written piece by piece: the keys keep their order, and every value is JSON text already, so that no number
-- passes through a Lua value that could change it.
local tracereel = require "tracereel"

local json_text = { null = "null" }

-- Keys are few: each is made once.
local before_key = setmetatable({}, {
    __index = function(self, key)
        local made = '"' .. key .. '":'
        self[key] = made
        return made
    end,
})

---`{"key":value,...}` of alternating keys and JSON texts. A value of nil or false leaves its key out.
function json_text.object(...)
    local fields, parts, count = { ... }, {}, 0
    for index = 1, select("#", ...), 2 do
        local value = fields[index + 1]
        if value then
            parts[count + 1], parts[count + 2], parts[count + 3] = before_key[fields[index]], value, ","
            count = count + 3
        end
    end
    parts[count] = "}"
    return count == 0 and "{}" or "{" .. table.concat(parts)
end

---@param items string[] JSON texts
function json_text.array(items)
    return "[" .. table.concat(items, ",") .. "]"
end

---A text, or null. What is not UTF-8 is shown with U+FFFD.
function json_text.text(value)
    return value == nil and "null" or tracereel.json(value)
end

---A text for formats other than JSON, changed in the same way where it is not UTF-8.
function json_text.valid_utf8(bytes)
    return utf8.len(bytes) and bytes or tracereel.json_decode(tracereel.json(bytes))
end

---An integer as unsigned 64 bits, or null.
function json_text.unsigned(value)
    return value == nil and "null" or tracereel.unsigned(value)
end

---The same as a text of digits, for readers whose numbers are doubles.
function json_text.digits(value)
    return '"' .. tracereel.unsigned(value) .. '"'
end

---"true", or nil, which leaves the key out.
function json_text.mark(value)
    return value and "true" or nil
end

return json_text

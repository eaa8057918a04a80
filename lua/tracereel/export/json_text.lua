-- JSON written piece by piece: the keys keep their order, and every value is JSON text already, so that no number
-- passes through a Lua value that could change it.
local core = require "tracereel.core"
local tracereel = require "tracereel"

local json_text = { null = "null" }

---`{"key":value,...}` of alternating keys and JSON texts. A value of nil or false leaves its key out.
json_text.object = core.json_object

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
json_text.digits = core.quoted_digits

---"true", or nil, which leaves the key out.
function json_text.mark(value)
    return value and "true" or nil
end

return json_text

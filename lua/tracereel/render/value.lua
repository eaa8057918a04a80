-- Any value of a script as one line for a person: every key and every value of a table is in it, in a fixed order, and
-- no address.
local failure = require "tracereel.util.failure"
local text_methods = require "tracereel.script.text_methods"
local tracereel = require "tracereel"
local traversal = require "tracereel.util.traversal"

local value_text = {}

local show

local function has_own_text(value)
    local metatable = debug.getmetatable(value)
    return metatable ~= nil and rawget(metatable, "__tostring") ~= nil
end

local function key_text(key, inside)
    local is_name = type(key) == "string" and key:find("^[%a_][%w_]*$")
    return is_name and key or "[" .. show(key, inside) .. "]"
end

-- As Lua writes it, for what JSON has no form for.
local function show_table(value, inside)
    if inside[value] then
        return "{...}"
    end
    inside[value] = true
    local parts, last = {}, 0
    for key, member in traversal.next, value do
        if key == last + 1 then
            last = key
            parts[#parts + 1] = show(member, inside)
        else
            parts[#parts + 1] = key_text(key, inside) .. " = " .. show(member, inside)
        end
    end
    inside[value] = nil
    return #parts == 0 and "{}" or "{ " .. table.concat(parts, ", ") .. " }"
end

function show(value, inside)
    if type(value) == "string" then
        return tracereel.json(value)
    elseif type(value) == "table" and not has_own_text(value) then
        return show_table(value, inside)
    end
    return text_methods.tostring(value)
end

---A table as JSON where that says all of it, and otherwise as Lua would write it; everything else as tostring.
---@param value any
---@return string
function value_text.inline(value)
    if type(value) ~= "table" then
        return text_methods.tostring(value)
    end
    local written, json = failure.pcall(tracereel.json, value)
    return written and json or show(value, {})
end

return value_text

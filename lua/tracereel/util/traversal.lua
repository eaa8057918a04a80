-- `pairs` and `next` in the order of the keys: numbers, texts, false, true, and then tables, functions, threads and
-- userdata by what they say. Lua's own order changes from process to process.
local core = require "tracereel.core"

local traversal = {}

-- Of a key that is a table only so much is compared, which distinguishes most tables; of a larger one only its size.
local max_levels, max_entries = 3, 32

local tell

-- Whatever its metatable says; cycles end at the deepest level.
local function tell_table(value, level)
    local count, parts = 0, {}
    for _ in next, value do
        count = count + 1
    end
    if level <= max_levels and count <= max_entries then
        for key, member in next, value do
            parts[#parts + 1] = tell(key, level + 1) .. "=" .. tell(member, level + 1)
        end
        table.sort(parts)
    end
    return ("table %08d {%s}"):format(count, table.concat(parts, ","))
end

local function tell_function(value)
    local place = debug.getinfo(value, "S")
    return ("function %08d %s"):format(place.linedefined, place.source)
end

function tell(value, level)
    local kind = type(value)
    if kind == "table" then
        return tell_table(value, level)
    elseif kind == "function" then
        return tell_function(value)
    elseif kind == "userdata" then
        local metatable = debug.getmetatable(value)
        return metatable and metatable.__tostring and tostring(value) or metatable and metatable.__name or kind
    elseif kind == "string" then
        return ("%q"):format(value)
    end
    return kind == "thread" and "thread " .. coroutine.status(value) or tostring(value)
end

-- A key; where two keys say the same, their values decide.
local function tell_entry(key, value)
    return tell(key, 1) .. " = " .. tell(value, 1)
end

traversal.pairs, traversal.next = core.traversal(tell_entry)

return traversal

-- What the file of a script or a scenario returns, and a flow, is data: it is read literally, so that nothing of a
-- script's runs while it is read, and nothing is overlooked that only a metatable would show.
local failure = require "tracereel.util.failure"
local traversal = require "tracereel.util.traversal"

local plain = {}

local function place_of(parent, key)
    local name = type(key) == "string" and key or ("[%s]"):format(failure.got(key))
    return (parent == "" or name:find("^%[")) and parent .. name or parent .. "." .. name
end

---The first problem: `node[3]: a table without a metatable expected`.
---@param value any
---@return string|nil problem
function plain.problem(value)
    if type(value) ~= "table" then
        return nil
    end
    local waiting, seen = { { t = value, place = "" } }, { [value] = true }
    while #waiting > 0 do
        local one = table.remove(waiting)
        if getmetatable(one.t) ~= nil then
            return (one.place == "" and "" or one.place .. ": ") .. "a table without a metatable expected"
        end
        for key, member in traversal.next, one.t do
            if type(member) == "table" and not seen[member] then
                seen[member] = true
                waiting[#waiting + 1] = { t = member, place = place_of(one.place, key) }
            end
        end
    end
end

return plain

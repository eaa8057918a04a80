-- A scenario with something in it replaced. The scenario that was given stays as it is.
local failure = require "tracereel.util.failure"
local named_nodes = require "tracereel.simulation.named_nodes"
local tables = require "tracereel.util.tables"

local variation = {}

---The path of "node.3.time": { "node", 3, "time" }; nil where it is none.
---@param key string
function variation.path(key)
    local path = {}
    for part in (key .. "."):gmatch("([^.]*)%.") do
        if part == "" then
            return nil
        end
        path[#path + 1] = part:match("^%d+$") and math.tointeger(tonumber(part)) or part
    end
    return path
end

-- What a table on the way is a copy of. A node without an entry is as the default says: an entry that is made for it
-- begins with that, so that nothing changes but what is meant to.
local function entry(parent, key, names)
    local found = parent[key]
    if found == nil and #names == 1 and names[1] == "node" and math.type(key) then
        found = parent.default
    end
    if found ~= nil and type(found) ~= "table" then
        failure.raise("usage", "%s is a %s: nothing can be in it",
            table.concat({ table.concat(names, "."), #names > 0 and "." or "", key }), type(found))
    end
    return tables.joined(found or {})
end

---The scenario with another value at a path. The tables on the way are copies, and made where there are none.
---@param scenario table of simulation.load
---@param path (string|integer)[]
---@param replace fun(old: any): any the new value
function variation.replaced(scenario, path, replace)
    if type(scenario.value) ~= "table" then
        return scenario -- its check refuses it
    end
    local whole = tables.joined(scenario.value)
    if #path > 2 then -- the second is a node, where the first is what has nodes
        path = table.move(path, 1, #path, 1, {})
        path[2] = named_nodes.id(path[2])
    end
    local at, names = whole, {}
    for index = 1, #path - 1 do
        at[path[index]] = entry(at, path[index], names)
        at = at[path[index]]
        names[index] = path[index]
    end
    at[path[#path]] = replace(at[path[#path]])
    return scenario:with_value(whole)
end

return variation

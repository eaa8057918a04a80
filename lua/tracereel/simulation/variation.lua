-- A scenario with something in it replaced. The scenario that was given stays as it is.
local failure = require "tracereel.util.failure"
local named_nodes = require "tracereel.simulation.named_nodes"
local tables = require "tracereel.util.tables"
local units = require "tracereel.util.units"

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

-- One that a slip of the pen made would be a pool of all other nodes.
local function check_pool(pools, name)
    if type(pools) == "table" and pools[name] == nil then
        failure.raise("usage", "the scenario has no pool %s; it has %s", failure.got(name), next(pools)
            and units.names(pools) or "none")
    elseif pools == nil then
        failure.raise("usage", "the scenario has no pools: give it pools = { %s = { capacity = 4 } }",
            failure.name(name))
    end
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
    if path[1] == "pools" then
        check_pool(whole.pools, path[2])
    elseif #path > 2 then -- the second is a node, where the first is what has nodes
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

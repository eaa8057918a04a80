-- Nodes that a scenario calls by the names of the log's flow, and the flow itself as a scenario has one.
local node_names = require "tracereel.log.node_names"
local tables = require "tracereel.util.tables"
local units = require "tracereel.util.units"

local named_nodes = {}

-- The keys of a scenario whose tables have nodes as their keys.
local keys = { "node", "suspension", "loop" }

---The number of the node that a key means; the key itself where it is no name, or that of several nodes.
---@param key any
---@return any
function named_nodes.id(key)
    local ids = type(key) == "string" and node_names.find(key) or {}
    return #ids == 1 and ids[1] or key
end

-- A name stands for its number, unless the number is there, too: then both stay, and the check tells of the name.
local function by_numbers(list)
    local changed = {}
    for key, value in units.sorted(list) do
        local id = named_nodes.id(key)
        changed[changed[id] == nil and id or key] = value
    end
    return changed
end

-- A table, a loop or a pool, with numbers in the list at that key.
local function list_by_numbers(holder, key)
    if type(holder) ~= "table" or type(holder[key]) ~= "table" then
        return holder
    end
    local list = {}
    for index, node in pairs(holder[key]) do
        list[index] = named_nodes.id(node)
    end
    return tables.joined(holder, { [key] = list })
end

---A scenario's table with numbers in place of names. The table that was given stays as it is.
---@param scenario table
---@return table
function named_nodes.in_scenario(scenario)
    if not node_names.are_known() then
        return scenario
    end
    local changed = {}
    for _, key in ipairs(keys) do
        if type(scenario[key]) == "table" then
            changed[key] = by_numbers(scenario[key])
        end
    end
    for id, loop in pairs(changed.loop or {}) do
        changed.loop[id] = list_by_numbers(loop, "body")
    end
    if type(scenario.pools) == "table" then
        changed.pools = {}
        for name, pool in units.sorted(scenario.pools) do
            changed.pools[name] = list_by_numbers(pool, "nodes")
        end
    end
    return tables.joined(scenario, changed)
end

-- Of each node the ones that must be done before it, through those that the log does not have.
local function present_befores(flow, is_present)
    local known = {}
    local function of(id, into, is_seen)
        local stack = { id }
        while #stack > 0 do
            for _, before in ipairs(flow.nodes[table.remove(stack)].after) do
                if not is_seen[before] then
                    is_seen[before] = true
                    table.insert(is_present(before) and into or stack, before)
                end
            end
        end
        table.sort(into)
        return into
    end
    for id in pairs(flow.nodes) do
        if is_present(id) then
            known[id] = of(id, {}, {})
        end
    end
    return known
end

---A log's flow as a scenario has it: without the nodes that the log does not have. What comes after one of these comes
---after what comes before it.
---@param flow tracereel.flow checked
---@param is_present fun(id: integer): boolean
---@return table
function named_nodes.flow_of_log(flow, is_present)
    local nodes = {}
    for id, befores in pairs(present_befores(flow, is_present)) do
        local node, after = flow.nodes[id], {}
        local is_direct = tables.set(node.after)
        for _, before in ipairs(befores) do
            if not is_direct[before] then
                after[#after + 1] = before
            else
                for _, port in ipairs(node.ports[before] or { "out" }) do
                    after[#after + 1] = { before, port = port }
                end
            end
        end
        nodes[id] = { name = node.name, type = node.type, after = after }
    end
    return { name = flow.name, nodes = nodes }
end

return named_nodes

-- Checks a flow as a file, a script or a scenario gives it, and makes of it the value that all commands use: a new
-- table, in which `after` and `loop_back` are lists of node ids, and `ports` has what is not the port "out".
local cycles = require "tracereel.flow.cycles"
local failure = require "tracereel.util.failure"
local plain = require "tracereel.util.plain"
local tables = require "tracereel.util.tables"
local units = require "tracereel.util.units"

local max_node = 0xFFFFFFFF
local default_port = "out"

local known_keys = { name = "string", nodes = "table", origin = "table", pools = "table" }
local known_origin_keys = { format = "string", rule = "string", tool = "string", inputs = "table" }
local known_pool_keys = { nodes = "table", capacity = "number" }
local known_node_keys = { name = "string", type = "string", after = "table", ports = "table", loop_back = "table" }

-- Raises a text, caught by the caller.
local function refuse(message, ...)
    error({ problem = message:format(...) }, 0)
end

local function is_known_key(known, key, item)
    return known[key] ~= nil and type(item) == known[key]
end

local function check_keys(value, known, where)
    local is_right = true
    for key, item in pairs(value) do
        is_right = is_right and is_known_key(known, key, item)
    end
    if is_right then
        return
    end
    for key, item in units.sorted(value) do
        local expected = known[key]
        if not expected then
            refuse('%s: unknown key "%s"; known are %s', where, failure.name(key), units.names(known))
        elseif type(item) ~= expected then
            refuse('%s: "%s" must be a %s, is a %s', where, key, expected, type(item))
        end
    end
end

local function is_node_id(value)
    return math.type(value) == "integer" and value >= 0 and value <= max_node
end

local function check_list(list, where, name, example)
    if tables.count(list) ~= #list then
        refuse('%s: "%s" must be a list like %s', where, name, example)
    end
end

local function check_port(port, where)
    if type(port) ~= "string" or port == "" then
        refuse('%s: a port is a text like "true", not %s', where, failure.got(port))
    end
    return port
end

-- The node and the port that an edge comes from: written 2, or { 2, port = "true" }.
local function edge_of(entry, where, name)
    if type(entry) ~= "table" then
        return entry, default_port
    end
    for key in units.sorted(entry) do
        if key ~= 1 and key ~= "port" then
            refuse('%s: unknown key "%s" in "%s"; an edge is written like 2 or { 2, port = "true" }', where,
                failure.name(key), name)
        end
    end
    return entry[1], entry.port == nil and default_port or check_port(entry.port, where)
end

-- Notes that an edge comes from a port of a node, in `ports_of`, which has by node the port where it is one, and a list
-- of them, which is a set, too, where they are several. Returns whether the edge is new.
local function note_port(ports_of, before, port)
    local noted = ports_of[before]
    if noted == nil then
        ports_of[before] = port
        return true
    elseif noted == port or type(noted) == "table" and noted[port] then
        return false
    elseif type(noted) ~= "table" then
        noted = { noted, [noted] = true }
        ports_of[before] = noted
    end
    noted[#noted + 1], noted[port] = port, true
    return true
end

-- By node: its ports in order; nodes with the port "out" alone are left out.
local function other_ports(ports_of)
    local others = {}
    for before, noted in pairs(ports_of) do
        if noted ~= default_port then
            local ports = type(noted) == "table" and table.move(noted, 1, #noted, 1, {}) or { noted }
            table.sort(ports)
            others[before] = ports
        end
    end
    return others
end

-- The checked form of a flow has its ports in a table of their own.
local function given_ports(node, where)
    if not node.ports then
        return {}
    end
    local is_before = {}
    for _, list in ipairs { node.after or {}, node.loop_back or {} } do
        for _, entry in ipairs(list) do
            is_before[entry] = true
        end
    end
    for before, ports in units.sorted(node.ports) do
        if not is_before[before] then
            refuse('%s: "ports" has %s, which is not in "after"', where, tostring(before))
        elseif type(ports) ~= "table" or #ports == 0 then
            refuse('%s: "ports" must be like { [2] = {"true"} }; write after = { { 2, port = "true" } }', where)
        end
        check_list(ports, where, "ports", '{ [2] = {"true"} }')
    end
    return node.ports
end

-- The nodes that a list of edges comes from, each once; their ports are noted in `ports_of`.
local function check_edges(nodes, where, node, name, ports_of, ports)
    local list, befores, is_listed, seen = node[name] or {}, {}, {}, {}
    check_list(list, where, name, "{2, 7}")
    for _, entry in ipairs(list) do
        local before, port = edge_of(entry, where, name)
        if not is_node_id(before) or not nodes[before] then
            refuse('%s: it comes after %s, which is not in "nodes"', where, tostring(before))
        elseif not note_port(seen, before, port) then
            refuse('%s: %d occurs twice in "%s"', where, before, name)
        end
        if not is_listed[before] then
            is_listed[before] = true
            befores[#befores + 1] = before
        end
        if type(entry) == "table" or not ports[before] then
            note_port(ports_of, before, port)
        else
            for _, from in ipairs(ports[before]) do
                note_port(ports_of, before, check_port(from, where))
            end
        end
    end
    return befores
end

local function check_node(nodes, id, node)
    local where = ("node %d"):format(id)
    local ports, ports_of = given_ports(node, where), {}
    local after = check_edges(nodes, where, node, "after", ports_of, ports)
    local loop_back = check_edges(nodes, where, node, "loop_back", ports_of, ports)
    return { name = node.name, type = node.type, after = after, loop_back = loop_back, ports = other_ports(ports_of) }
end

local function check_text(value, where)
    if type(value) ~= "string" then
        refuse('%s must be a text, is %s', where, failure.got(value))
    end
    return value
end

-- Where the log came from, as an importer writes it.
local function check_origin(origin)
    check_keys(origin, known_origin_keys, '"origin"')
    local inputs = origin.inputs
    if inputs then
        check_list(inputs, '"origin"', "inputs", '{"history.json"}')
        for _, name in ipairs(inputs) do
            check_text(name, '"origin": an input')
        end
        inputs = table.move(inputs, 1, #inputs, 1, {})
    end
    return { format = origin.format, rule = origin.rule, tool = origin.tool, inputs = inputs }
end

local function check_pool(name, pool, nodes)
    local where = ('pool "%s"'):format(failure.name(name))
    if type(pool) ~= "table" then
        refuse('%s must be a table like { nodes = {4}, capacity = 3 }, is %s', where, failure.got(pool))
    end
    check_keys(pool, known_pool_keys, where)
    check_list(pool.nodes or {}, where, "nodes", "{4, 5}")
    if #(pool.nodes or {}) == 0 then
        refuse('%s has no "nodes"', where)
    end
    local is_listed = {}
    for _, id in ipairs(pool.nodes) do
        if not is_node_id(id) or not nodes[id] then
            refuse('%s has node %s, which is not in "nodes" of the flow', where, failure.got(id))
        elseif is_listed[id] then
            refuse('%s: %d occurs twice in "nodes"', where, id)
        end
        is_listed[id] = true
    end
    if pool.capacity and (math.type(pool.capacity) ~= "integer" or pool.capacity < 1) then
        refuse('%s: "capacity" must be a whole number from 1, is %s', where, failure.got(pool.capacity))
    end
    return { nodes = table.move(pool.nodes, 1, #pool.nodes, 1, {}), capacity = pool.capacity }
end

local function check_pools(pools, nodes)
    local checked = {}
    for name, pool in units.sorted(pools) do
        checked[check_text(name, '"pools": a name')] = check_pool(name, pool, nodes)
    end
    return checked
end

local function checked_flow(value)
    if type(value) ~= "table" then
        refuse("a flow is a table like { name = ..., nodes = { [3] = { name = ..., after = {2, 7} } } }, not a %s",
            type(value))
    end
    local not_plain = plain.problem(value)
    if not_plain then
        refuse("the flow: %s", not_plain)
    end
    check_keys(value, known_keys, "the flow")
    -- In the traces that were imported nothing may have happened but their beginnings and ends.
    if not value.nodes or not next(value.nodes) and not value.origin then
        refuse('the flow has no "nodes"')
    end
    for id, node in units.sorted(value.nodes) do
        if not is_node_id(id) then
            refuse('"nodes": %s is not a node number', tostring(id))
        elseif type(node) ~= "table" then
            refuse("node %d must be a table like { name = ..., after = {...} }, is a %s", id, type(node))
        end
        check_keys(node, known_node_keys, ("node %d"):format(id))
    end
    local nodes, ids = {}, {}
    for id, node in units.sorted(value.nodes) do
        nodes[id] = check_node(value.nodes, id, node)
        ids[#ids + 1] = id
    end
    local cycle = cycles.find(ids, function(id)
        return nodes[id].after
    end)
    if cycle then
        refuse('nodes wait for each other in a circle: %s; the way back of a loop goes into "loop_back"',
            table.concat(cycle, " after "))
    end
    return { name = value.name, nodes = nodes, origin = value.origin and check_origin(value.origin),
        pools = value.pools and check_pools(value.pools, nodes) }
end

---@param value any
---@return tracereel.flow|nil
---@return string|nil problem names the node and what is wrong with it
return function(value)
    local is_valid, result = failure.pcall(checked_flow, value)
    if is_valid then
        return result
    elseif type(result) == "table" and result.problem then
        return nil, result.problem
    end
    return nil, tostring(result)
end

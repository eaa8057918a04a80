-- Checks a flow as a file, a script or a scenario gives it, and makes of it the value that all commands use: a new
-- table, in which `after` and `loop_back` are lists of node ids, and `ports` has what is not the port "out".
local cycles = require "tracereel.flow.cycles"
local failure = require "tracereel.util.failure"
local units = require "tracereel.util.units"

local max_node = 0xFFFFFFFF
local default_port = "out"

local known_keys = { name = "string", nodes = "table" }
local known_node_keys = { name = "string", type = "string", after = "table", ports = "table", loop_back = "table" }

-- Raises a text, caught by the caller.
local function refuse(message, ...)
    error({ problem = message:format(...) }, 0)
end

local function check_keys(value, known, where)
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
    local count = 0
    for _ in pairs(list) do
        count = count + 1
    end
    if count ~= #list then
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

-- Of a node: the ports of the edges that come from each other node, in the order in which they are given.
local function new_port_book()
    local lists, seen = {}, {}
    local book = {}

    -- Returns whether the edge is a new one.
    function book.add(before, port)
        lists[before], seen[before] = lists[before] or {}, seen[before] or {}
        if seen[before][port] then
            return false
        end
        seen[before][port] = true
        table.insert(lists[before], port)
        return true
    end

    function book.others()
        local others = {}
        for before, ports in pairs(lists) do
            if #ports > 1 or ports[1] ~= default_port then
                table.sort(ports)
                others[before] = ports
            end
        end
        return others
    end

    return book
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

-- The nodes that a list of edges comes from, each once; their ports go into the book.
local function check_edges(nodes, where, node, name, book, ports)
    local list, befores, is_listed, seen = node[name] or {}, {}, {}, new_port_book()
    check_list(list, where, name, "{2, 7}")
    for _, entry in ipairs(list) do
        local before, port = edge_of(entry, where, name)
        if not is_node_id(before) or not nodes[before] then
            refuse('%s: it comes after %s, which is not in "nodes"', where, tostring(before))
        elseif not seen.add(before, port) then
            refuse('%s: %d occurs twice in "%s"', where, before, name)
        end
        if not is_listed[before] then
            is_listed[before] = true
            befores[#befores + 1] = before
        end
        for _, from in ipairs(type(entry) ~= "table" and ports[before] or { port }) do
            book.add(before, check_port(from, where))
        end
    end
    return befores
end

local function check_node(nodes, id, node)
    local where = ("node %d"):format(id)
    local ports, book = given_ports(node, where), new_port_book()
    local after = check_edges(nodes, where, node, "after", book, ports)
    local loop_back = check_edges(nodes, where, node, "loop_back", book, ports)
    return { name = node.name, type = node.type, after = after, loop_back = loop_back, ports = book.others() }
end

local function checked_flow(value)
    if type(value) ~= "table" then
        refuse("a flow is a table like { name = ..., nodes = { [3] = { name = ..., after = {2, 7} } } }, not a %s",
            type(value))
    end
    check_keys(value, known_keys, "the flow")
    if not value.nodes or not next(value.nodes) then
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
    return { name = value.name, nodes = nodes }
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

-- A scenario's pools: which nodes need one of how many places, who is next, and when.
local calendar = require "tracereel.simulation.calendar"
local failure = require "tracereel.util.failure"
local units = require "tracereel.util.units"
local values = require "tracereel.simulation.values"

local pools = {}

local largest_count <const> = 0xFFFFFFFF

local pool_keys = {
    nodes = true, by = true, capacity = true, recorded = true, order = true, priority = true, calendar = true,
    recorded_calendar = true, holds = true,
}

-- The member of "metadata.KEY", which is in the trace's own metadata, or of a name alone, in its node_start's.
local function member_of(value, where)
    local word = values.text(value, where)
    local of_trace = word:match("^metadata%.(.+)$")
    if word == "" or word == "metadata." then
        values.refuse('%s: a key of a node_start\'s metadata expected, such as "role", or of its trace\'s, '
            .. '"metadata.customer"', where)
    end
    return of_trace or word, of_trace ~= nil
end

local function check_nodes(pool, compiled, where, into)
    local nodes = pool.nodes
    if nodes == nil or nodes == "others" then
        if into.others then
            values.refuse('%s.nodes: the other nodes are those of pools["%s"] already: name the nodes of one of both',
                where, into.others)
        end
        into.others, compiled.takes_others = compiled.name, true
        return
    elseif type(nodes) ~= "table" then
        values.refuse('%s.nodes: a list like {4, 7} expected, or "others", got %s', where, failure.got(nodes))
    elseif next(nodes) == nil then
        values.refuse('%s.nodes: no node needs this pool: name some, like {4, 7}, or "others"', where)
    end
    for index, node in ipairs(values.list(nodes, where .. ".nodes")) do
        local id = values.node(node, into.recording, where .. ".nodes")
        if into.pool_of[id] then
            values.refuse("%s.nodes: node %d is in pools[\"%s\"] already: a node needs one pool only", where, id,
                into.pool_of[id])
        end
        into.pool_of[id], compiled.nodes[index] = compiled.name, id
    end
end

local function check_whole(value, where)
    if value == nil then
        values.refuse("%s: how many places it has is to be said: capacity = 4", where)
    elseif value == 0 then
        values.refuse("%s: 0 places, and its nodes would wait for ever: at least 1 expected", where)
    end
    return values.whole(value, 1, largest_count, where)
end

-- A number, or one for each value of `by`: { manager = 1, clerk = 5, default = 2 }.
local function check_capacity(pool, compiled, where)
    where = where .. ".capacity"
    if type(pool.capacity) ~= "table" then
        compiled.capacity = check_whole(pool.capacity, where)
        return
    elseif not compiled.by then
        values.refuse('%s: one for each value needs `by`, which says of which key: by = "role"', where)
    end
    for value, number in units.sorted(pool.capacity) do
        local here = ("%s[%s]"):format(where, failure.got(value))
        number = check_whole(number, here)
        if value == "default" then
            compiled.capacity = number
        else
            local text = type(value) == "string" and value or tostring(values.whole(value, math.mininteger,
                math.maxinteger, here))
            compiled.shares[#compiled.shares + 1] = { value = text, capacity = number }
        end
    end
    if not compiled.capacity then
        values.refuse("%s: `default` is to say how many places every other value has: default = 1", where)
    end
end

local function check_order(pool, compiled, where, into)
    local order = pool.order or pool.priority ~= nil and "priority" or "fifo"
    if order ~= "fifo" and order ~= "lifo" and order ~= "priority" then
        values.refuse('%s.order: "fifo", "lifo" or "priority" expected, got %s', where, failure.got(order))
    elseif (order == "priority") ~= (pool.priority ~= nil) then
        values.refuse('%s: order = "priority" and `priority`, which says whose turn it is, belong together: '
            .. 'priority = "metadata.KEY", a whole number in a trace\'s metadata, or function(trace, random)', where)
    elseif order ~= "priority" then
        compiled.order = order
    elseif type(pool.priority) == "function" then
        compiled.order = "ask"
        for _, node in ipairs(compiled.takes_others and { "default" } or compiled.nodes) do
            into.functions.priority[node] = pool.priority
        end
    else
        local member, is_of_trace = member_of(pool.priority, where .. ".priority")
        if not is_of_trace then
            values.refuse('%s.priority: a number in a trace\'s metadata, "metadata.%s", or function(trace, random) '
                .. 'expected', where, failure.name(member))
        end
        compiled.order, compiled.priority = "member", member
    end
end

local function calendar_of(value, where)
    if value == nil then
        return nil
    elseif type(value) ~= "string" then
        values.refuse("%s: working hours like %s expected, got %s", where, calendar.example, failure.got(value))
    end
    local parsed, problem = calendar.parse(value)
    if not parsed then
        values.refuse("%s: %s; write when it is open, like %s", where, problem, calendar.example)
    end
    return parsed
end

local function check_pool(name, pool, into)
    local where = ("pools[%s]"):format(failure.got(name))
    if type(name) ~= "string" or name == "" then
        values.refuse("%s: a pool has a name: pools = { workers = { capacity = 4 } }", where)
    end
    values.known_keys(pool, pool_keys, where)
    local compiled = { name = name, nodes = {}, shares = {} }
    check_nodes(pool, compiled, where, into)
    if pool.by ~= nil then
        compiled.by, compiled.is_by_trace = member_of(pool.by, where .. ".by")
    end
    check_capacity(pool, compiled, where)
    compiled.recorded = pool.recorded ~= nil and values.whole(pool.recorded, 1, largest_count, where .. ".recorded")
        or nil
    check_order(pool, compiled, where, into)
    compiled.calendar = calendar_of(pool.calendar, where .. ".calendar")
    compiled.recorded_calendar = calendar_of(pool.recorded_calendar, where .. ".recorded_calendar")
    if pool.holds ~= nil and type(pool.holds) ~= "boolean" then
        values.refuse("%s.holds: true (a node that waits for a person or a timer keeps its place) or false expected, "
            .. "got %s", where, failure.got(pool.holds))
    end
    compiled.holds = pool.holds
    return compiled
end

---Checks a scenario's `pools`.
---@param value any
---@param into { compiled: table, functions: table, recording: userdata }
function pools.check(value, into)
    if type(value) ~= "table" then
        values.refuse("pools: a table like { workers = { capacity = 4 } } expected, got a %s", type(value))
    end
    into.pool_of = {}
    into.compiled.pools = {}
    for name, pool in units.sorted(value) do
        into.compiled.pools[#into.compiled.pools + 1] = check_pool(name, pool, into)
    end
end

return pools

-- The order of an imported log's records: by time, and within one instant so that a start stands before its own end
-- and an end before what it made ready.
local order = {}

-- What an event does to its node: begins it, begins or ends a wait of its, ends it, or none of these.
local role_of = {
    node_start = "start", node_done = "finish", node_error = "finish", trace_suspended = "wait",
    trace_resumed = "resume", loop_iteration = "mark", loop_exit = "mark",
}

-- How deep a node is below those that come after nothing. Nodes of a circle are as deep as they can be without it.
local function levels_of(nodes)
    local level_of = {}
    local function level(name)
        local known = level_of[name]
        if known then
            return known
        end
        level_of[name] = 0 -- while it is looked at
        local deepest = 0
        for before in pairs(nodes[name].after) do
            deepest = math.max(deepest, level(before) + 1)
        end
        level_of[name] = deepest
        return deepest
    end
    for name in pairs(nodes) do
        level(name)
    end
    return level_of
end

local function take(queue)
    queue.first = queue.first + 1
    return queue[queue.first - 1]
end

-- Whether the first of a role may come now: what must come before it is there already, or never comes.
local may_come = {
    start = function(unit, has)
        return not unit.running or not has.finish
    end,
    finish = function(unit, has)
        return (unit.running or not has.start) and not (unit.waiting and has.resume)
    end,
    wait = function(unit, has)
        return unit.running or not has.start
    end,
    resume = function(unit, has)
        return unit.waiting or not has.wait
    end,
    mark = function()
        return true
    end,
}

-- The events of one node (and instance) at one instant, in their order. Those that end what began before come first.
local function arrange_unit(state, events)
    local queues = {}
    for _, event in ipairs(events) do
        local role = role_of[event.type]
        queues[role] = queues[role] or { first = 1 }
        table.insert(queues[role], event)
    end
    local early, late, is_early = {}, {}, state.running or state.waiting
    local last_early = 0
    local arranged = {}
    for _ = 1, #events do
        local best, best_role
        local has = {}
        for role, queue in pairs(queues) do
            has[role] = queue[queue.first] ~= nil
        end
        for role, queue in pairs(queues) do
            local first = queue[queue.first]
            if first and (not best or first.call < best.call) and may_come[role](state, has) then
                best, best_role = first, role
            end
        end
        take(queues[best_role])
        arranged[#arranged + 1] = best
        if best_role == "start" then
            state.running, is_early = true, false
        elseif best_role == "finish" then
            state.running = false
        elseif best_role == "wait" then
            state.waiting = true
        elseif best_role == "resume" then
            state.waiting = false
        end
        if is_early and (best_role == "finish" or best_role == "resume") then
            last_early = #arranged
        end
    end
    for index, event in ipairs(arranged) do
        table.insert(index <= last_early and early or late, event)
    end
    return early, late
end

local function arrange_trace(states, level_of, events)
    local units, unit_of = {}, {}
    local arranged, closing = {}, {}
    for _, event in ipairs(events) do
        if event.type == "trace_start" then
            arranged[#arranged + 1] = event
        elseif event.type == "trace_complete" or event.type == "trace_failed" then
            closing[#closing + 1] = event
        else
            local key = event.node .. "\0" .. (event.instance or "")
            local unit = unit_of[key]
            if not unit then
                unit = { key = key, level = level_of[event.node], call = event.call }
                unit_of[key] = unit
                units[#units + 1] = unit
            end
            unit[#unit + 1] = event
        end
    end
    for _, unit in ipairs(units) do
        local state = states[unit.key] or {}
        states[unit.key] = state
        unit.early, unit.late = arrange_unit(state, unit)
    end
    for _, unit in ipairs(units) do
        table.move(unit.early, 1, #unit.early, #arranged + 1, arranged)
    end
    table.sort(units, function(a, b)
        if a.level ~= b.level then
            return a.level < b.level
        end
        return a.call < b.call
    end)
    for _, unit in ipairs(units) do
        table.move(unit.late, 1, #unit.late, #arranged + 1, arranged)
    end
    return table.move(closing, 1, #closing, #arranged + 1, arranged)
end

---@param events table[] each with at, call, trace (with depth and number), type, node, instance; sorted in place
---@param nodes table<string, { after: table<string, true> }>
---@param write fun(event: table)
function order.write(events, nodes, write)
    local level_of = levels_of(nodes)
    table.sort(events, function(a, b)
        if a.at ~= b.at then
            return a.at < b.at
        elseif a.trace ~= b.trace then
            if a.trace.depth ~= b.trace.depth then
                return a.trace.depth < b.trace.depth
            end
            return a.trace.number < b.trace.number
        end
        return a.call < b.call
    end)
    local first = 1
    while first <= #events do
        local last = first
        local trace = events[first].trace
        while events[last + 1] and events[last + 1].at == events[first].at and events[last + 1].trace == trace do
            last = last + 1
        end
        trace.states = trace.states or {}
        for _, event in ipairs(arrange_trace(trace.states, level_of, table.move(events, first, last, 1, {}))) do
            write(event)
        end
        first = last + 1
    end
end

return order

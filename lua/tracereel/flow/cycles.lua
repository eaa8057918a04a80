-- Circles in an order.
local cycles = {}

-- Goes from a member to what comes before it, and so on, by a list instead of calls: a flow can be a chain of as many
-- nodes as it has. Returns where the path meets itself again; nil where it does not.
local function walk(start, before_of, state, path)
    local lists, places = { before_of(start) }, { 1 }
    path[1], state[start] = start, "open"
    while #path > 0 do
        local depth = #path
        local before = lists[depth][places[depth]]
        if before == nil then
            state[path[depth]] = "done"
            path[depth], lists[depth], places[depth] = nil, nil, nil
        elseif state[before] == "open" then
            path[depth + 1] = before
            return before
        else
            places[depth] = places[depth] + 1
            if not state[before] then
                path[depth + 1], lists[depth + 1], places[depth + 1] = before, before_of(before), 1
                state[before] = "open"
            end
        end
    end
end

---A circle's members in order, its first one repeated at the end; nil where there is none. Members are looked at in
---the order in which they are given, so that the same flow always gives the same answer.
---@generic K
---@param members K[]
---@param before_of fun(member: K): K[] what comes before it
---@return K[]|nil
function cycles.find(members, before_of)
    local state, path = {}, {}
    for _, member in ipairs(members) do
        local start
        if not state[member] then
            start = walk(member, before_of, state, path)
        end
        if start ~= nil then
            local first = 1
            while path[first] ~= start do
                first = first + 1
            end
            return table.move(path, first, #path, 1, {})
        end
    end
end

return cycles

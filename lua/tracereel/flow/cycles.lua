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

---What is left of an order when each step that closes a circle is left out: the list of each member, and the steps
---that were left out, { member, before }. Members are looked at in the order in which they are given.
---@generic K
---@param members K[]
---@param before_of fun(member: K): K[] what comes before it
---@return table<K, K[]> kept
---@return K[][] left_out
function cycles.cut(members, before_of)
    local kept, left_out, places = {}, {}, {}
    for _, start in ipairs(members) do
        local path = { not kept[start] and start or nil }
        while #path > 0 do
            local member = path[#path]
            kept[member], places[member] = kept[member] or {}, (places[member] or 0) + 1
            local before = before_of(member)[places[member]]
            if before == nil then
                places[member] = math.huge -- it is done
                path[#path] = nil
            elseif kept[before] and places[before] < math.huge then
                left_out[#left_out + 1] = { member, before }
            else
                table.insert(kept[member], before)
                path[#path + 1] = not kept[before] and before or nil
            end
        end
    end
    return kept, left_out
end

return cycles

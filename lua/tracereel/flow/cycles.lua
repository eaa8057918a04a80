-- Circles in an order.
local cycles = {}

---A circle's members in order, its first one repeated at the end; nil where there is none. Members are looked at in
---the order in which they are given, so that the same flow always gives the same answer.
---@generic K
---@param members K[]
---@param before_of fun(member: K): K[] what comes before it
---@return K[]|nil
function cycles.find(members, before_of)
    local state, path = {}, {}
    local function visit(member)
        path[#path + 1] = member
        state[member] = "open"
        for _, before in ipairs(before_of(member)) do
            if state[before] == "open" then
                path[#path + 1] = before
                return before
            elseif not state[before] then
                local start = visit(before)
                if start ~= nil then
                    return start
                end
            end
        end
        state[member] = "done"
        path[#path] = nil
    end
    for _, member in ipairs(members) do
        local start
        if not state[member] then
            start = visit(member)
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

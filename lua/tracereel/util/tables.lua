-- Tables made of others, one level deep.
local tables = {}

---A new table with the keys of each; where two have one, that of the later stays.
---@param ... table
---@return table
function tables.joined(...)
    local made = {}
    for _, one in ipairs { ... } do
        for key, value in pairs(one) do
            made[key] = value
        end
    end
    return made
end

---A copy with changes: a key whose change is `false` is left out.
---@param t table
---@param changes table
---@return table
function tables.changed(t, changes)
    local made = tables.joined(t)
    for key, value in pairs(changes) do
        made[key] = value or nil
    end
    return made
end

---Which items a list has.
---@param list any[]|nil
---@return table<any, true>
function tables.set(list)
    local set = {}
    for _, item in ipairs(list or {}) do
        set[item] = true
    end
    return set
end

---How many keys it has, whatever they are: of a list as many as its items.
---@param t table
---@return integer
function tables.count(t)
    local count = 0
    for _ in pairs(t) do
        count = count + 1
    end
    return count
end

---The items of a list by their field `id`.
---@param list table[]
---@return table<any, table>
function tables.by_id(list)
    local found = {}
    for _, item in ipairs(list) do
        found[item.id] = item
    end
    return found
end

---Does the list have the item?
---@param list any[]
---@param item any
---@return boolean
function tables.contains(list, item)
    for _, one in ipairs(list) do
        if one == item then
            return true
        end
    end
    return false
end

return tables

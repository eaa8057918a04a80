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

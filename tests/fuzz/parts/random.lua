-- Draws of one case: the same seed and case number give the same draws on every machine (Lua's generator is fixed).
local random = {}

---Everything drawn from here on belongs to this case.
---@param seed integer
---@param number integer
function random.begin(seed, number)
    math.randomseed(seed, number)
end

---Is what has a chance of `share` so this time?
---@param share number
---@return boolean
function random.chance(share)
    return math.random() < share
end

---One of a list.
---@generic T
---@param list T[]
---@return T
function random.one(list)
    return list[math.random(#list)]
end

---Any of these many bytes.
---@param count integer
---@return string
function random.bytes(count)
    local bytes = {}
    for index = 1, count do
        bytes[index] = string.char(math.random(0, 255))
    end
    return table.concat(bytes)
end

return random

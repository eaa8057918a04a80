-- Which of some names somebody meant who has mistyped one.
local nearest = {}

local max_compared_bytes = 64

-- How many letters must be put in, left out or changed to make one name of the other; of long ones their beginnings.
local function distance(left, right)
    left, right = left:sub(1, max_compared_bytes):lower(), right:sub(1, max_compared_bytes):lower()
    local row = {}
    for column = 0, #right do
        row[column] = column
    end
    for index = 1, #left do
        local diagonal = row[0]
        row[0] = index
        for column = 1, #right do
            local changed = diagonal + (left:byte(index) == right:byte(column) and 0 or 1)
            diagonal = row[column]
            row[column] = math.min(changed, 1 + math.min(diagonal, row[column - 1]))
        end
    end
    return row[#right]
end

---The names that are as near to a mistyped one as any, in their order; none where even these are far from it.
---@param name string
---@param known string[]
---@return string[]
function nearest.of(name, known)
    local found, min_distance = {}, math.max(2, #name // 3) + 1
    for _, candidate in ipairs(known) do
        local how_far = distance(name, candidate)
        if how_far < min_distance then
            found, min_distance = {}, how_far
        end
        if how_far == min_distance and how_far <= math.max(2, #name // 3) and how_far < #name then
            found[#found + 1] = candidate
        end
    end
    return found
end

return nearest

-- A list whose first item is always the one before all others: a binary heap.
local heap = {}

---@generic T
---@param items T[]
---@param item T
---@param is_before fun(a: T, b: T): boolean a strict order, the same in every call
function heap.push(items, item, is_before)
    local index = #items + 1
    while index > 1 do
        local parent = items[index // 2]
        if not is_before(item, parent) then
            break
        end
        items[index] = parent
        index = index // 2
    end
    items[index] = item
end

---Takes the first item out.
---@generic T
---@param items T[]
---@param is_before fun(a: T, b: T): boolean
---@return T|nil
function heap.pop(items, is_before)
    local first, count = items[1], #items
    local last = items[count]
    items[count] = nil
    count = count - 1
    if count <= 0 then
        return first
    end
    local index, child = 1, 2
    while child <= count do
        if child < count and is_before(items[child + 1], items[child]) then
            child = child + 1
        end
        if is_before(last, items[child]) then
            break
        end
        items[index] = items[child]
        index, child = child, child * 2
    end
    items[index] = last
    return first
end

return heap

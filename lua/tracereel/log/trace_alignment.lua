-- Two traces side by side. A step of one is the same as a step of the other where it is as often the same record of the
-- same node: the second node_start of node 3. The longest order that both have stays; what is in both elsewhere has
-- moved.
local imported_fields = require "tracereel.log.imported_fields"
local record_types = require "tracereel.log.record_types"

local trace_alignment = {}

---The key of each record: its type, its node, and the how-manieth of these it is.
---@param records tracereel.rec[]
---@return string[]
function trace_alignment.keys(records)
    local keys, counts = {}, {}
    for index, rec in ipairs(records) do
        local node = record_types.node_of(rec)
        local place = node and imported_fields.node_key(node, imported_fields.of(rec).instance) or ""
        local kind = ("%s\0%s"):format(rec.type, place)
        counts[kind] = (counts[kind] or 0) + 1
        keys[index] = ("%s\0%d"):format(kind, counts[kind])
    end
    return keys
end

-- The places of a longest increasing part of a list of different numbers.
local function increasing(numbers)
    local ends, previous = {}, {} -- by length: the place of the smallest last number
    for place, number in ipairs(numbers) do
        local low, high = 1, #ends + 1
        while low < high do
            local middle = (low + high) // 2
            if numbers[ends[middle]] < number then
                low = middle + 1
            else
                high = middle
            end
        end
        ends[low], previous[place] = place, ends[low - 1]
    end
    local is_in, place = {}, ends[#ends]
    while place do
        is_in[place], place = true, previous[place]
    end
    return is_in
end

---@class tracereel.aligned_step
---@field a integer|nil its place in the first list
---@field b integer|nil in the second one
---@field has_moved boolean|nil it is in both, at another place of their order: it has a row for each

---The steps of two lists of different keys, in an order that is that of both.
---@param a string[]
---@param b string[]
---@return tracereel.aligned_step[]
function trace_alignment.align(a, b)
    local place_in_b, place_in_a = {}, {}
    for place, key in ipairs(b) do
        place_in_b[key] = place
    end
    local common, numbers = {}, {}
    for place, key in ipairs(a) do
        place_in_a[key] = place
        if place_in_b[key] then
            common[#common + 1], numbers[#numbers + 1] = place, place_in_b[key]
        end
    end
    local is_in, steps = increasing(numbers), {}
    local next_a, next_b = 1, 1
    local function add_up_to(last_a, last_b)
        for place = next_a, last_a do
            steps[#steps + 1] = { a = place, has_moved = place_in_b[a[place]] and true or nil }
        end
        for place = next_b, last_b do
            steps[#steps + 1] = { b = place, has_moved = place_in_a[b[place]] and true or nil }
        end
        next_a, next_b = last_a + 1, last_b + 1
    end
    for index, place in ipairs(common) do
        if is_in[index] then
            add_up_to(place - 1, numbers[index] - 1)
            steps[#steps + 1] = { a = place, b = numbers[index] }
            next_a, next_b = place + 1, numbers[index] + 1
        end
    end
    add_up_to(#a, #b)
    return steps
end

return trace_alignment

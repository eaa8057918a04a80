-- tracereel.merge: what makes one result of two, for a script's `merge`. All of them are associative; a result that is
-- not there (nil) leaves the other one as it is. They may change what they are given: results are merged only once.
local failure = require "tracereel.util.failure"
local units = require "tracereel.util.units"

local merging = {}

-- A merge of results that are there as one of results that may not be.
local function of_any(merge)
    return function(a, b)
        if a == nil then
            return b
        elseif b == nil then
            return a
        end
        return merge(a, b)
    end
end

local function expect(is_right, name, expected, value)
    if not is_right then
        error(("merge.%s: %s expected, got %s"):format(name, expected, failure.got(value)), 0)
    end
end

local function expect_tables(name, a, b)
    expect(type(a) == "table", name, "a table", a)
    expect(type(b) == "table", name, "a table", b)
end

---What is under each key of the one and of the other, merged.
---@param merge fun(a: any, b: any): any
function merging.by_key(merge)
    expect(type(merge) == "function", "by_key", "a function", merge)
    return of_any(function(a, b)
        expect_tables("by_key", a, b)
        for key, value in units.sorted(b) do
            local own = a[key]
            if own == nil then
                a[key] = value
            else
                a[key] = merge(own, value)
            end
        end
        return a
    end)
end

local sum_by_key

---Numbers added; tables of numbers, and of such tables, key by key.
merging.sum = of_any(function(a, b)
    if type(a) == "table" and type(b) == "table" then
        return sum_by_key(a, b)
    end
    expect(math.type(a), "sum", "a number, or a table of numbers as the other is", a)
    expect(math.type(b), "sum", "a number, or a table of numbers as the other is", b)
    return a + b
end)

sum_by_key = merging.by_key(merging.sum)

---One list after the other.
merging.list = of_any(function(a, b)
    expect_tables("list", a, b)
    return table.move(b, 1, #b, #a + 1, a)
end)

-- The order of values of any kind, as the engine has it for rows: nil, false, true, numbers, texts.
local ranks = { ["nil"] = 0, boolean = 1, number = 2, string = 3 }

local function rank_of(value)
    local rank = ranks[type(value)]
    expect(rank, "top", "a number, a text, true, false or nil to compare by", value)
    return rank
end

-- Which of two values is larger: 1 the first, -1 the other; 0 where they are equal.
local function compare(one, other)
    if rank_of(one) ~= rank_of(other) then
        return rank_of(one) > rank_of(other) and 1 or -1
    elseif one == other then
        return 0
    elseif type(one) == "boolean" then
        return one and 1 or -1
    end
    return one > other and 1 or -1
end

-- The order of two rows: of the keys the first in which they differ decides.
local function compare_rows(one, other, keys)
    for _, key in ipairs(keys) do
        local order = compare(one[key], other[key])
        if order ~= 0 then
            return order
        end
    end
    return 0
end

-- Merges two lists in which the largest come first; of equal ones, those of `a` come first.
local function first_of_both(a, b, count, is_larger)
    local joined, at_a, at_b = {}, 1, 1
    while #joined < count and (at_a <= #a or at_b <= #b) do
        local takes_b = at_a > #a or at_b <= #b and is_larger(b[at_b], a[at_a])
        joined[#joined + 1] = takes_b and b[at_b] or a[at_a]
        at_a, at_b = at_a + (takes_b and 0 or 1), at_b + (takes_b and 1 or 0)
    end
    return joined
end

---The first of two lists in which the largest come first.
---@param count integer how many there are at most
---@param key? string|integer|(string|integer)[] what of each element is compared, of several one after the other; nil:
---the element
function merging.top(count, key)
    expect(math.type(count) == "integer" and count >= 0, "top", "how many, from 0,", count)
    local function is_larger(one, other)
        if type(key) == "table" then
            return compare_rows(one, other, key) > 0
        elseif key ~= nil then
            return one[key] > other[key]
        end
        return one > other
    end
    return of_any(function(a, b)
        expect_tables("top", a, b)
        return first_of_both(a, b, count, is_larger)
    end)
end

-- One of two rows: the other one only where `order` says so of it and this one.
local function row_of_both(name, keys, order)
    keys = type(keys) == "table" and keys or { keys }
    expect(keys[1] ~= nil, name, "the keys that rows are compared by", keys[1])
    return of_any(function(a, b)
        expect_tables(name, a, b)
        return compare_rows(b, a, keys) == order and b or a
    end)
end

---Of two rows the one whose values at the keys, one after the other, are smaller.
---@param keys string|integer|(string|integer)[]
function merging.first(keys)
    return row_of_both("first", keys, -1)
end

---Of two rows the one whose values at the keys are larger.
---@param keys string|integer|(string|integer)[]
function merging.last(keys)
    return row_of_both("last", keys, 1)
end

---Of two tables with the same names, what is under each merged as its own merge says.
---@param merges table<any, fun(a: any, b: any): any>
function merging.each(merges)
    expect(type(merges) == "table", "each", "a table of merges, by name", merges)
    for _, merge in units.sorted(merges) do
        expect(type(merge) == "function", "each", "a merge, such as merge.sum, under each name", merge)
    end
    return of_any(function(a, b)
        expect_tables("each", a, b)
        for name, value in units.sorted(b) do
            expect(merges[name], "each", "a merge for each name", name)
            a[name] = a[name] == nil and value or merges[name](a[name], value)
        end
        return a
    end)
end

-- What one holds is added to the other.
local function added(name)
    return of_any(function(a, b)
        for _, one in ipairs { a, b } do
            expect(failure.got(one) == "a tracereel." .. name, name, "a tracereel." .. name, one)
        end
        return a:merge(b)
    end)
end

merging.histogram = added "histogram"
merging.timing = added "timing"

return merging

-- Sets of small numbers, as lists of 64-bit words: what is known of a thousand nodes is compared in sixteen steps.
local bits = {}

---The words that a set of numbers below `limit` needs.
function bits.word_count(limit)
    return (limit + 63) // 64
end

---An empty set.
function bits.empty(word_count)
    local set = {}
    for word = 1, word_count do
        set[word] = 0
    end
    return set
end

---All numbers below `limit`.
function bits.below(limit)
    local set = bits.empty(bits.word_count(limit))
    for number = 0, limit - 1 do
        bits.add(set, number)
    end
    return set
end

function bits.copy(set)
    return table.move(set, 1, #set, 1, {})
end

function bits.add(set, number)
    local word = number // 64 + 1
    set[word] = set[word] | 1 << number % 64
end

function bits.has(set, number)
    return set[number // 64 + 1] & 1 << number % 64 ~= 0
end

---Takes from `set` what is not in `other`. Returns whether that was anything.
function bits.intersect(set, other)
    local has_changed = false
    for word = 1, #set do
        local kept = set[word] & other[word]
        has_changed = has_changed or kept ~= set[word]
        set[word] = kept
    end
    return has_changed
end

---Adds to `set` what is in `other`.
function bits.unite(set, other)
    for word = 1, #set do
        set[word] = set[word] | other[word]
    end
end

---Is all of `set` in `other`?
function bits.is_within(set, other)
    for word = 1, #set do
        if set[word] & ~other[word] ~= 0 then
            return false
        end
    end
    return true
end

function bits.meets(set, other)
    for word = 1, #set do
        if set[word] & other[word] ~= 0 then
            return true
        end
    end
    return false
end

function bits.count(set)
    local count = 0
    for word = 1, #set do
        local rest = set[word]
        while rest ~= 0 do
            rest, count = rest & rest - 1, count + 1
        end
    end
    return count
end

---The numbers of a set, in order.
---@return integer[]
function bits.numbers(set)
    local numbers = {}
    for word = 1, #set do
        local rest = set[word]
        for bit = 0, rest ~= 0 and 63 or -1 do
            if rest & 1 << bit ~= 0 then
                numbers[#numbers + 1] = (word - 1) * 64 + bit
            end
        end
    end
    return numbers
end

return bits

-- Nanoseconds as seconds, sums and orders of them: exact over all 64 unsigned bits, never a double.
local core = require "tracereel.core"
local units = require "tracereel.util.units"

local numbers = {
    ---sort_by(list, field, field) puts a list of tables in order of one or two fields that are unsigned numbers; what
    ---is equal stays in its order. With "-" before the name of a field the largest come first.
    sort_by = core.sort_by,
}

---"0.001234567" of 1234567 nanoseconds.
---@param ns integer unsigned
function numbers.seconds(ns)
    local seconds, rest_ns = units.unsigned_divide(ns, 1000000000)
    return ("%d.%09d"):format(seconds, rest_ns)
end

---The sum of two unsigned numbers; the largest there is where it would be larger.
function numbers.add(a, b)
    local sum = a + b
    return math.ult(sum, a) and -1 or sum
end

---The larger of two unsigned numbers.
function numbers.larger(a, b)
    return math.ult(a, b) and b or a
end

return numbers

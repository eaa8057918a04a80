-- Nanoseconds as decimal texts of other units, and sums of them: exact over all 64 unsigned bits, never a double.
local core = require "tracereel.core"

local numbers = {}

---"1234.567" of 1234567 nanoseconds.
---@param ns integer unsigned
function numbers.microseconds(ns)
    return core.decimal(ns, 3)
end

---"0.001234567" of 1234567 nanoseconds.
---@param ns integer unsigned
function numbers.seconds(ns)
    return core.decimal(ns, 9)
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

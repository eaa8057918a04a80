-- Nanoseconds as decimal texts of other units, and sums of them: exact over all 64 unsigned bits, never a double.
local tracereel = require "tracereel"

local numbers = {}

local function with_point(n, places)
    local digits = tracereel.unsigned(n)
    if #digits <= places then
        digits = ("0"):rep(places + 1 - #digits) .. digits
    end
    return digits:sub(1, -places - 1) .. "." .. digits:sub(-places)
end

---"1234.567" of 1234567 nanoseconds.
---@param ns integer unsigned
function numbers.microseconds(ns)
    return with_point(ns, 3)
end

---"0.001234567" of 1234567 nanoseconds.
---@param ns integer unsigned
function numbers.seconds(ns)
    return with_point(ns, 9)
end

---The sum of two unsigned numbers; the largest there is where it would be larger.
function numbers.add(a, b)
    local sum = a + b
    return math.ult(sum, a) and -1 or sum
end

---The smaller of two unsigned numbers.
function numbers.smaller(a, b)
    return math.ult(b, a) and b or a
end

---The larger of two unsigned numbers.
function numbers.larger(a, b)
    return math.ult(a, b) and b or a
end

return numbers

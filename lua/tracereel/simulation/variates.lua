-- What a scenario's functions draw their numbers from: the same on every machine, because nothing here leaves the
-- arithmetic whose every bit is defined (a C library's log may differ in the last one).
local random = require "tracereel.util.random"

local variates = {}

local ln2 = 0.6931471805599453

-- The natural logarithm of a number in (0, 1]: the power of two apart, the rest by the series of artanh, whose argument
-- is at most 1/3.
local function logarithm(x)
    local exponent = 0
    while x < 0.5 do
        x, exponent = x * 2, exponent - 1
    end
    local ratio = (x - 1) / (x + 1)
    local square, term, sum = ratio * ratio, ratio, 0.0
    for divisor = 1, 37, 2 do
        sum = sum + term / divisor
        term = term * square
    end
    return 2 * sum + exponent * ln2
end

---A generator: called like math.random; `exponential(mean)` draws times between events that know nothing of each other.
---And the function that seeds it, which costs next to nothing where no number is drawn before it is called again.
function variates.new()
    local generator = random.new(0)
    local pending
    local function draw(...)
        if pending then
            generator.seed(pending)
            pending = nil
        end
        return generator.draw(...)
    end
    local drawing = setmetatable({
        exponential = function(mean)
            if type(mean) ~= "number" or not (mean >= 0 and mean < math.huge) then
                error("random.exponential: a mean that is not negative expected", 2)
            end
            return -logarithm(1 - draw()) * mean -- 1 - draw() is never 0
        end,
    }, {
        __call = function(_, ...)
            return draw(...)
        end,
    })
    return drawing, function(seed)
        pending = seed
    end
end

return variates

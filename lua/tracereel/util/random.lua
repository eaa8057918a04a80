-- Random numbers that are the same on every run and every machine, and that no other script's drawing changes:
-- xoshiro256**, as in Lua's own math.random, with one state for each generator.
local random = {}

-- 2^64 divided by the golden ratio: multiples of it are spread evenly over 64 bits.
random.golden_ratio = 0x9E3779B97F4A7C15

---The finalizer of splitmix64: every bit of the input changes about half of the output's.
---@param bits integer
---@return integer
function random.mix(bits)
    bits = (bits ~ (bits >> 30)) * 0xBF58476D1CE4E5B9
    bits = (bits ~ (bits >> 27)) * 0x94D049BB133111EB
    return bits ~ (bits >> 31)
end

local function rotate_left(x, count)
    return (x << count) | (x >> (64 - count))
end

local function seed_state(state, seed)
    -- splitmix64 spreads the seed's bits over the state, which must not be all zero.
    for index = 1, 4 do
        seed = seed + random.golden_ratio
        state[index] = random.mix(seed)
    end
    return state
end

local function next_bits(state)
    local s1, s2, s3, s4 = state[1], state[2], state[3], state[4]
    local result = rotate_left(s2 * 5, 7) * 9
    local shifted = s2 << 17
    s3 = s3 ~ s1
    s4 = s4 ~ s2
    state[2] = s2 ~ s3
    state[1] = s1 ~ s4
    state[3] = s3 ~ shifted
    state[4] = rotate_left(s4, 45)
    return result
end

-- A number from 0 to limit, each equally likely: draws beyond the limit are thrown away.
local function below_or_equal(state, limit)
    if limit & (limit + 1) == 0 then
        return next_bits(state) & limit
    end
    local mask = limit
    for shift = 0, 5 do
        mask = mask | (mask >> (1 << shift))
    end
    local drawn
    repeat
        drawn = next_bits(state) & mask
    until not math.ult(limit, drawn)
    return drawn
end

local function bounds(first, last)
    if last == nil then
        first, last = 1, first
    end
    local low, high = math.tointeger(first), math.tointeger(last)
    if not low or not high then
        error("random: whole numbers expected", 3)
    elseif low > high then
        error("random: the interval is empty", 3)
    end
    return low, high
end

---A generator: `draw` is used like math.random, `seed` like math.randomseed with one whole number or text.
---@param seed integer
function random.new(seed)
    local state = seed_state({ 0, 0, 0, 0 }, seed)
    return {
        draw = function(first, last)
            if first == nil then
                return (next_bits(state) >> 11) * 2.0 ^ -53
            elseif first == 0 and last == nil then
                return next_bits(state)
            end
            local low, high = bounds(first, last)
            return low + below_or_equal(state, high - low)
        end,
        seed = function(new_seed)
            local number = math.tointeger(new_seed)
            if not number then
                error("randomseed: a whole number expected, so that the script gives the same answer twice", 2)
            end
            seed_state(state, number)
        end,
    }
end

return random

-- How far off a backtest is where the second half of a log has twice the load, and how often its intervals hold what
-- came: `make backtests`. The logs are scheduled by tests/spec/queue_logs.lua, through four places.
local helper = require "tests.spec.helper"
local queue_logs = require "tests.spec.queue_logs"
local reel = require "tracereel"

local logs = math.tointeger(tonumber(arg[1])) or 30
local half_ms, places = 20000, 4

local function log_of(rates, seed)
    local random = queue_logs.random(seed)
    local arrivals, services = queue_logs.arrivals(random, rates, half_ms), {}
    for index = 1, #arrivals do
        services[index] = 50 + 100 * random()
    end
    return queue_logs.write(queue_logs.schedule(arrivals, services, places))
end

local function median_and_max(values)
    table.sort(values)
    return ("%4.0f %% %4.0f %%"):format(100 * values[(#values + 1) // 2], 100 * values[#values])
end

print(("%d logs; four places do 40 traces a second; errors of the makespan's p90: median and maximum"):format(logs))
print("traces a second, rounds | predicted     | the past      | intervals that hold p50, p90, mean")
for _, case in ipairs { { 24, 48, 1 }, { 18, 36, 1 }, { 18, 36, 19 } } do
    local errors, naive, held = {}, {}, { p50 = 0, p90 = 0, mean = 0 }
    for seed = 1, logs do
        local scenario = helper.script(("return { limits = { nodes = %d } }"):format(places))
        local found = reel.json_decode(helper.run({ "backtest", "--json", "--rounds", tostring(case[3]),
            log_of({ case[1], case[2] }, seed * 7 + 1), scenario }).stdout)
        local statistics = found.folds[1].measures[1].statistics
        errors[seed], naive[seed] = math.abs(statistics.p90.error), math.abs(statistics.p90.naive_error)
        for name in pairs(held) do
            local number = statistics[name]
            local holds = number.low and number.low <= number.real and number.real <= number.high
            held[name] = held[name] + (holds and 1 or 0)
        end
        helper.clean()
    end
    print(("%-23s | %s | %s | %s"):format(("%d, then %d; %d"):format(table.unpack(case)), median_and_max(errors),
        median_and_max(naive), case[3] == 1 and "-" or ("%d, %d, %d"):format(held.p50, held.p90, held.mean)))
end

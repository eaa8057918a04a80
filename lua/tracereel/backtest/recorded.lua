-- A scenario of a backtest says what the log was recorded under: places and working hours were then what they are now,
-- where it says nothing else. So what was waited for them is not played again, but arises anew.
local tables = require "tracereel.util.tables"

local recorded = {}

local function pool_then(pool)
    if type(pool) ~= "table" then
        return pool -- refused where the scenario is checked
    end
    local made = tables.joined(pool)
    if made.recorded == nil and type(pool.capacity) == "number" then
        made.recorded = pool.capacity
    end
    if made.recorded_calendar == nil then
        made.recorded_calendar = pool.calendar
    end
    return made
end

---@param scenario table of simulation.load
---@return table scenario
function recorded.under(scenario)
    local value = scenario.value
    if type(value) ~= "table" or type(value.pools) ~= "table" then
        return scenario
    end
    local pools = {}
    for name, pool in pairs(value.pools) do
        pools[name] = pool_then(pool)
    end
    return scenario:with_value(tables.changed(value, { pools = pools }))
end

return recorded

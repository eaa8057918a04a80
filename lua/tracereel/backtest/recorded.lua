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

local function pools_then(pools)
    local made = {}
    for name, pool in pairs(pools) do
        made[name] = pool_then(pool)
    end
    return made
end

local function limits_then(limits)
    if limits.recorded ~= nil then
        return limits
    end
    return tables.joined(limits, { recorded = { nodes = limits.nodes, nodes_per_trace = limits.nodes_per_trace } })
end

---@param scenario table of simulation.load
---@return table scenario
function recorded.under(scenario)
    local value = scenario.value
    if type(value) ~= "table" then
        return scenario -- refused where it is checked
    end
    return scenario:with_value(tables.changed(value, {
        pools = type(value.pools) == "table" and pools_then(value.pools) or value.pools,
        limits = type(value.limits) == "table" and limits_then(value.limits) or value.limits,
    }))
end

return recorded

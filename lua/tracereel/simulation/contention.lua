-- What a recording's nodes waited because the engine that ran them had no place free. Where a scenario says how many
-- places there are, that part of their waiting is left out, and arises anew.
local base = require "tracereel.base"
local text = require "tracereel.util.text"
local units = require "tracereel.util.units"

local contention = {}

-- Of each recording, what was found last: simulations of one scenario follow each other.
local found = setmetatable({}, { __mode = "k" })

local limit_names = { "nodes", "nodes_per_trace" }

-- What the contention depends on, as a text.
local function key_of(compiled)
    local limits, pools = compiled.limits or {}, {}
    for index, pool in ipairs(compiled.pools or {}) do
        pools[index] = { pool.nodes, pool.takes_others or false, pool.by or false, pool.is_by_trace or false,
            pool.recorded or 0, pool.order or false, pool.holds or false }
    end
    return base.json { compiled.recorded or {}, limits.nodes_per_trace ~= nil, limits.nodes ~= nil, pools,
        compiled.flow or {} }
end

---Whether the scenario says how many nodes run at once, or ran.
function contention.is_asked(compiled)
    for _, name in ipairs(limit_names) do
        if (compiled.limits or {})[name] or (compiled.recorded or {})[name] then
            return true
        end
    end
    return compiled.pools ~= nil
end

---@param recording userdata of core.recording
---@param compiled table of checks.check
---@return userdata contention
function contention.of(recording, compiled)
    local key, last = key_of(compiled), found[recording]
    if not last or last.key ~= key then
        last = { key = key, contention = recording:contention(compiled) }
        found[recording] = last
    end
    return last.contention
end

-- What a pool is called in a sentence, and where its recorded capacity is written.
local names_of_kind = {
    nodes = { "all nodes together", "limits = { recorded = { nodes = %s } }" },
    nodes_per_trace = { "the nodes of a trace", "limits = { recorded = { nodes_per_trace = %s } }" },
}

---How a recording's places were used: of each pool that the scenario says anything of, otherwise of all nodes.
---@param compiled table of checks.check
---@return table[] pools as the engine has them, with `name`, and in `says` how a scenario says a capacity (%s)
function contention.pools(recording, compiled)
    local pools = contention.of(recording, compiled):pools()
    for _, pool in ipairs(pools) do
        if pool.kind == "pool" then
            pool.name = compiled.pools[pool.number].name
            pool.says = ("pools[%q].recorded"):format(pool.name):gsub("%%", "%%%%") .. " = %s"
        else
            pool.name, pool.says = table.unpack(names_of_kind[pool.kind])
        end
    end
    return pools
end

-- Less of it, compared with the time that nodes ran, changes nothing that anybody looks at.
local min_share = 0.01

-- What the pool's places do not explain, where the scenario has it drop what they do.
local function warning_of_asked(pool)
    if pool.is_given then
        return pool.capacity > pool.peak and pool.peak > 0 and ("%s: never more than %d ran at once in the log%s "
            .. "(docs/capacity.md)"):format(pool.says:format(pool.capacity), pool.peak,
            pool.contention_ns == 0 and ", so nothing is taken to have waited for a place" or "")
    elseif pool.starts == 0 and pool.unwritten_starts > 0 then
        return ("the log has no node_start, so how long its nodes waited for a place is not known, and is simulated "
            .. "as work: %s says how many places %s had, N a number"):format(pool.says:format("N"), pool.name)
    end
    local has_waited = pool.contended > 0 and pool.lag_ns > min_share * pool.place_ns
    return not pool.capacity and has_waited and ("from ready to started %s waited %s in "
        .. "all, and how many places they had was not found: all of that stays as it was recorded; %s says it, "
        .. "N a number (docs/capacity.md)"):format(pool.name, units.rounded_duration(pool.lag_ns),
        pool.says:format("N"))
end

-- What stays in a recording although the scenario changes what made it.
local function warning_of_unasked(pool)
    return pool.capacity and pool.contention_ns > min_share * pool.place_ns and ("%s of the waiting in the log (%.0f "
        .. "%%) was for want of a place, with %s, and stays as it was recorded: limits = { nodes = %d } has it arise "
        .. "anew (docs/capacity.md)"):format(units.rounded_duration(pool.contention_ns),
        100 * pool.contention_ns / pool.lag_ns, text.count(pool.capacity, "place"), pool.capacity)
end

-- Whether more or less would wait for places than when recorded.
local function changes_load(compiled)
    return compiled.arrivals ~= nil or compiled.traces ~= nil or compiled.timetable ~= nil or #compiled.nodes > 0
        or compiled.default ~= nil or #compiled.suspensions > 0 or #compiled.loops > 0
end

---What is to be said of the waiting that a recording has inside, under this scenario.
---@param compiled table of checks.check
---@param changes boolean whether something else than the scenario changes times, too
---@return string[] sentences
function contention.warnings(recording, compiled, changes)
    local warning_of = contention.is_asked(compiled) and warning_of_asked
        or (changes or changes_load(compiled)) and warning_of_unasked or nil
    local sentences = {}
    for _, pool in ipairs(warning_of and contention.pools(recording, compiled) or {}) do
        sentences[#sentences + 1] = warning_of(pool) or nil
    end
    return sentences
end

return contention

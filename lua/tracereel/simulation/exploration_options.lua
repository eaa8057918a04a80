-- The options of `tracereel simulate --explore`.
local failure = require "tracereel.util.failure"
local faults = require "tracereel.simulation.faults"
local options = require "tracereel.cli.options"
local units = require "tracereel.util.units"

local exploration_options = {}

exploration_options.defaults = { budget = 10000, delay = "24h", max_faults = 3, faults = faults.kinds }

local largest_budget = 1000000000
local max_fault_count = 10

-- "error,crash" as a list, in the order of faults.kinds.
local function to_kinds(words)
    local wanted, kinds = {}, {}
    for word in words:gmatch("[^,]+") do
        wanted[word] = true
    end
    for _, kind in ipairs(faults.kinds) do
        if wanted[kind] then
            kinds[#kinds + 1] = kind
            wanted[kind] = nil
        end
    end
    if next(wanted) or #kinds == 0 then
        return nil, ('"%s" is no list of faults; known are %s'):format(words, table.concat(faults.kinds, ", "))
    end
    return kinds
end

local function to_delay(words)
    local ns, problem = units.parse_duration(words)
    return ns and words, problem
end

---@param definition table the command
function exploration_options.define(definition)
    definition:flag("--explore", "Find faults that make one trace miss the scenario's `goal`. With -o, write a "
        .. "scenario that repeats the fewest such faults, and its log.")
    definition:option("--trace", "With --explore: the trace to explore, by the beginning of its id. Default: the "
        .. "longest whose goal holds."):argname("<ID>")
    definition:option("--budget", "With --explore: simulate at most N futures (10000)."):argname("<N>")
        :convert(options.whole(1, largest_budget))
    definition:option("--faults", "With --explore: kinds of faults to try, of error,lost,delay,crash.")
        :argname("<KINDS>"):convert(to_kinds)
    definition:option("--delay", "With --explore: delay of a delayed resumption (24h)."):argname("<TIME>")
        :convert(to_delay)
    definition:option("--max-faults", "With --explore: try at most N faults at a time (3)."):argname("<N>")
        :convert(options.whole(1, max_fault_count))
end

---Fills in what was not given; raises where these options were given and there is nothing to explore.
---@param parsed table
function exploration_options.complete(parsed)
    for _, name in ipairs { "trace", "budget", "faults", "delay", "max_faults" } do
        if parsed[name] and not parsed.explore then
            failure.raise("usage", "--%s is for --explore", (name:gsub("_", "-")))
        elseif parsed[name] == nil then
            parsed[name] = exploration_options.defaults[name]
        end
    end
end

return exploration_options

-- `tracereel capacity`: how many places the engine had that ran a log, and what of the waiting was for want of one.
local contention = require "tracereel.simulation.contention"
local exit_codes = require "tracereel.cli.exit_codes"
local failure = require "tracereel.util.failure"
local limits = require "tracereel.cli.limits"
local named_nodes = require "tracereel.simulation.named_nodes"
local of_log = require "tracereel.flow.of_log"
local options = require "tracereel.cli.options"
local output = require "tracereel.cli.output"
local progress = require "tracereel.cli.progress"
local simulation = require "tracereel.simulation"
local table_text = require "tracereel.render.table"
local text = require "tracereel.util.text"
local tracereel = require "tracereel"
local units = require "tracereel.util.units"

local command = {
    name = "capacity",
    takes = "a log",
}

local interrupted = "interrupted: the log was not read to its end"

-- NAME=NODE,NODE,...
local function parse_pool(words)
    local name, list = words:match("^([^=]+)=(.+)$")
    if not name then
        return nil, ("'%s' is no pool: NAME=NODE,NODE,... expected, or NAME=others"):format(failure.name(words))
    elseif list == "others" then
        return { name = name, nodes = "others" }
    end
    local nodes = {}
    for node in (list .. ","):gmatch("([^,]*),") do
        nodes[#nodes + 1] = math.tointeger(tonumber(node)) or node
    end
    return { name = name, nodes = nodes }
end

function command.define(definition)
    definition:argument("log", "A directory of segments, one segment, or a .gz or .zst.")
    definition:option("--pool", "Look at the places of these nodes, by number or name, alone; `others` are those in no "
        .. "other pool. Can be repeated. Without it: all nodes together, and the nodes of each trace.")
        :argname("<NAME=NODES>"):count("*"):convert(parse_pool)
    definition:option("--by", "Each value of this key of a node_start's metadata (resource), or of its trace's "
        .. "(metadata.customer), has places of its own."):argname("<KEY>")
    definition:option("--recorded", "There were so many places: split the waiting by that, and find nothing.")
        :argname("<N>"):convert(options.whole(1, 0xFFFFFFFF))
    definition:flag("--json", "Print one JSON object.")
    of_log.define(definition)
end

-- What is asked, as a scenario.
local function scenario_of(parsed)
    local given = parsed.pool
    if #given == 0 and not parsed.by then
        local recorded = { nodes = parsed.recorded, nodes_per_trace = parsed.recorded }
        return { limits = { nodes = 1, nodes_per_trace = 1, recorded = recorded } }
    end
    local pools = {}
    for _, pool in ipairs(#given > 0 and given or { { name = "all", nodes = "others" } }) do
        if pools[pool.name] then
            failure.raise("usage", "--pool: %s is there twice", failure.name(pool.name))
        end
        pools[pool.name] = { nodes = pool.nodes, by = parsed.by, capacity = 1, recorded = parsed.recorded }
    end
    return { pools = pools }
end

local function share(part, whole)
    return whole > 0 and part / whole or 0
end

local function percent(part, whole)
    return ("%.1f %%"):format(100 * share(part, whole))
end

local function write_table(pools)
    local rows = {}
    for index, pool in ipairs(pools) do
        rows[index] = {
            pool.name, tostring(pool.peak), percent(pool.peak_ns, pool.busy_ns),
            pool.capacity and tostring(pool.capacity) or "-",
            pool.capacity and percent(pool.place_ns, pool.capacity * pool.busy_ns) or "-",
            units.rounded_duration(share(pool.lag_ns, pool.starts)),
            pool.capacity and percent(pool.contention_ns, pool.lag_ns) or "-",
        }
    end
    output.write(table_text(rows, { "POOL", "PEAK", "AT PEAK", "CAPACITY", "IN USE", "WAITED", "CONTENTION" }))
end

-- How many starts took a place that somebody else had to give back first.
local function contended(pool)
    if pool.contended == 0 then
        return ("none of %s had to wait for a place to be given back"):format(text.count(pool.starts, "start"))
    end
    return ("of %s %d took a place that was given back after they were ready, and while %d of these waited all %d were "
        .. "taken at least half of the time"):format(text.count(pool.starts, "start"), pool.contended, pool.explained,
        pool.capacity or pool.held)
end

-- Why the capacity is what it is.
local function evidence(pool)
    local held = ("%d or more ran for %s of the time in which any did"):format(pool.held,
        percent(pool.held_ns, pool.busy_ns))
    if pool.starts == 0 then
        return pool.unwritten_starts > 0 and "the log has no node_start of it, so nothing can be found: --recorded N "
            .. "says how many places there were" or "none of its nodes ran"
    elseif pool.is_given and pool.contention_ns == 0 and pool.capacity > pool.peak then
        return ("%d places were given, more than ever ran at once, so nothing is taken to have waited for one"):format(
            pool.capacity)
    elseif pool.is_given then
        return ("%d places were given; %s"):format(pool.capacity, contended(pool))
    elseif pool.capacity then
        return ("%s; %s. A scenario says so with %s"):format(held, contended(pool), pool.says:format(pool.capacity))
    end
    return ("no capacity was found: %s; %s"):format(held, contended(pool))
end

local function write(pools)
    write_table(pools)
    for _, pool in ipairs(pools) do
        output.line("")
        for _, line in ipairs(text.wrap(("%s: %s."):format(text.clean(pool.name), evidence(pool)), 78)) do
            output.line(line)
        end
    end
end

local function object(parsed, pools, stats)
    local list = {}
    for index, pool in ipairs(pools) do
        list[index] = {
            name = pool.name, kind = pool.kind, members = pool.members, capacity = pool.capacity,
            is_given = pool.is_given, peak = pool.peak, peak_share = share(pool.peak_ns, pool.busy_ns),
            held = pool.held, held_share = share(pool.held_ns, pool.busy_ns), busy_ns = pool.busy_ns,
            place_ns = pool.place_ns,
            utilisation = pool.capacity and share(pool.place_ns, pool.capacity * pool.busy_ns) or nil,
            starts = pool.starts, unwritten_starts = pool.unwritten_starts, contended = pool.contended,
            explained = pool.explained, lag_ns = pool.lag_ns, contention_ns = pool.contention_ns,
        }
    end
    return { log = parsed.log, records = stats.records, traces = stats.traces, pools = list }
end

---@param parsed table
---@return integer exit code
function command.run(parsed)
    local pools, stats
    limits.guarded(function()
        local _ <close> = progress.open()
        simulation.use_flow(of_log.use(parsed, parsed.log, nil, true))
        local recording = simulation.record(parsed.log)
        local scenario = simulation.unchanged():with_value(named_nodes.in_scenario(scenario_of(parsed)))
        pools, stats = contention.pools(recording, (scenario:check(recording))), recording:stats()
    end, interrupted)
    if parsed.json then
        output.line(tracereel.json(object(parsed, pools, stats)))
    else
        write(pools)
    end
    if stats.is_damaged then
        output.say("%s is damaged: what was found is about what is whole of it; `tracereel check` lists what was lost",
            parsed.log)
        return exit_codes.damaged
    end
    return exit_codes.ok
end

return command

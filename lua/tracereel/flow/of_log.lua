-- --flow, --numbers, and the flow that a log brings along: what a command knows of the names and of the order of the
-- nodes of each of its logs.
local beside = require "tracereel.flow.beside"
local failure = require "tracereel.util.failure"
local flow = require "tracereel.flow"
local logs = require "tracereel.cli.logs"
local node_names = require "tracereel.log.node_names"
local options = require "tracereel.cli.options"
local output = require "tracereel.cli.output"
local shard = require "tracereel.cli.shard"
local units = require "tracereel.util.units"

local of_log = {}

-- The rule of the engine whose logs these are, and of a log that does not say.
local engine_rule = "xerv"

---@param command table
---@param help string|nil
function of_log.define(command, help)
    command:option("--flow", help or "Names and order of the nodes, in place of those in the log's tracereel.flow.lua. "
        .. "`tracereel flow` writes a first version."):argname("<FILE>")
    of_log.define_numbers(command)
end

function of_log.define_numbers(command)
    command:flag("--numbers", "Show the number of each node beside its name.")
end

-- The log's own flow. One that cannot be read is told, and refused where something depends on the order.
local function own_flow(path, needs_order, is_told)
    local loaded, value = failure.pcall(beside.load, path)
    if loaded then
        return value
    end
    local problem = failure.same(value)
    if problem.kind ~= "usage" then
        error(problem, 0) -- the system gave no text at all
    elseif needs_order then
        failure.raise("refused", "%s; what is done here depends on it: mend it, move it away, or give another with "
            .. "--flow", problem.message)
    end
    if not is_told then
        output.say("%s; going on with numbers", problem.message)
    end
    return nil
end

-- The flow of --flow; what is not certain of it the first shard tells.
local function given_flow(parsed, paths)
    local load = shard.speaks(parsed.shard) and flow.for_command or flow.for_logs
    return load(parsed.flow, paths, options.opener(parsed))
end

---The flow of a log, read once however often it is asked for.
---@param parsed table
---@param path string of the log
---@param needs_order? boolean one that cannot be read is refused
---@param is_told? boolean what is wrong with it was said before, by another process
---@return tracereel.flow|nil
---@return tracereel.flow_unclear[] unclear which nodes of a flow in YAML could not be told apart
function of_log.of(parsed, path, needs_order, is_told)
    parsed.flows = parsed.flows or {}
    -- One that was given is that of every log, but one in YAML gets the numbers of each.
    local key = parsed.flow and not flow.is_yaml(parsed.flow) and "given" or path
    local known = parsed.flows[key]
    if not known then
        known = { unclear = {} }
        if parsed.flow then
            known.flow, known.unclear = given_flow(parsed, { path })
        else
            known.flow = own_flow(path, needs_order, is_told or not shard.speaks(parsed.shard))
        end
        parsed.flows[key] = known
    end
    return known.flow, known.unclear
end

---Where the flow is that `of` gives; nil where there is none.
---@return string|nil
function of_log.path(parsed, path)
    return parsed.flow or of_log.of(parsed, path) and beside.path(path) or nil
end

---From here on texts and scripts have the names of a log.
---@param parsed table
---@param path string
---@param log? tracereel.log one that is open already
---@param needs_order? boolean
---@return tracereel.flow|nil
function of_log.use(parsed, path, log, needs_order)
    local value = of_log.of(parsed, path, needs_order)
    node_names.use(value, parsed.numbers, log)
    return value
end

---As logs.each, with the names of each log while it is visited; context.flow is its flow.
---@param parsed table
---@param visit fun(log: tracereel.log, context: table): integer|nil, any
---@param take? fun(value: any, context: table) with the names, too
---@return integer exit code
---@return boolean is_lost
function of_log.each(parsed, visit, take)
    return logs.each(parsed, function(log, context)
        context.flow = of_log.use(parsed, context.path, log)
        return visit(log, context)
    end, take and function(value, context)
        node_names.use(of_log.of(parsed, context.path, false, true), parsed.numbers)
        take(value, context)
    end)
end

-- Where two flows call one number differently: that number; nil where they do not.
local function disagreement(one, other)
    for id, node in units.sorted(one.nodes) do
        local same = other.nodes[id]
        if same and (same.name or "") ~= (node.name or "") then
            return id
        end
    end
end

---The one flow of several logs, for a command that puts them together. Raises where they call one node differently.
---@param parsed table
---@param paths string[]
---@param baseline? string another log, that they are compared with
---@return tracereel.flow|nil
function of_log.of_all(parsed, paths, baseline)
    if parsed.flow then
        local value, unclear = given_flow(parsed, paths)
        parsed.flows = {}
        for _, path in ipairs(paths) do
            parsed.flows[flow.is_yaml(parsed.flow) and path or "given"] = { flow = value, unclear = unclear }
        end
        return value
    end
    local found, found_path
    local all = table.move(paths, 1, #paths, 1, {})
    all[#all + 1] = baseline
    for _, path in ipairs(all) do
        local value = of_log.of(parsed, path)
        local id = value and found and disagreement(found, value)
        if id then
            failure.raise("usage", "the flows of %s and %s call node %d differently (%s, %s): give the logs one by "
                .. "one, or --flow", found_path, path, id, failure.got(found.nodes[id].name),
                failure.got(value.nodes[id].name))
        elseif value and not found then
            found, found_path = value, path
        end
    end
    return found
end

---The rule by which a log's traces go on after a crash, where it is not the engine's; nil where it is.
---@param value tracereel.flow|nil
---@return string|nil
function of_log.foreign_rule(value)
    local rule = value and value.origin and value.origin.rule
    return rule ~= engine_rule and rule or nil
end

---@param command table that decides by the engine's rule
function of_log.define_rule(command)
    command:flag("--engine-rule", "Go by the engine's rule, though the log says that its traces go on by another.")
end

---Raises where a log's traces go on by another rule than the engine's, and nobody has asked for that all the same. What
---the log itself says of its origin counts, also where --flow names another flow.
---@param parsed table
---@param path string of the log
---@param command string
function of_log.check_rule(parsed, path, command)
    local own
    if parsed.flow then
        own = own_flow(path, false)
    else
        own = of_log.of(parsed, path)
    end
    local rule = not parsed.engine_rule and of_log.foreign_rule(own)
    if rule then
        failure.raise("refused", "%s: its traces go on by the rule %s (origin.rule in %s), which is not the engine's: "
            .. "what `%s` would do, nobody does. `timing`, `simulate`, `flow`, `show`, `export`, `debug` and `run` "
            .. "serve this log; --engine-rule goes by the engine's rule all the same", path, failure.got(rule),
            beside.file_name, command)
    end
end

return of_log

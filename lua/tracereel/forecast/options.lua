-- --flow and --arenas: what a command knows of the engine besides its log, and uses to foresee what the engine will do.
local arenas = require "tracereel.log.arenas"
local engine_reader = require "tracereel.log.engine_reader"
local beside = require "tracereel.flow.beside"
local forecast = require "tracereel.forecast"
local of_log = require "tracereel.flow.of_log"
local options = require "tracereel.cli.options"
local output = require "tracereel.cli.output"
local text = require "tracereel.util.text"
local base = require "tracereel.base"

local engine_options = {}

function engine_options.define(command)
    of_log.define(command, "The flow file, in place of the log's tracereel.flow.lua: the nodes' names, and which come "
        .. "next, wait, and route. `tracereel flow` writes a first version.")
    options.arenas(command)
end

---Finds what is known besides a log, and makes forecasts and trace:output use it. Raises where a file that was given
---cannot be read.
---@param parsed table
---@param log_path string
---@param decides? boolean something is decided by what is foreseen
---@param log? tracereel.log the log, where it is open already
---@return table known flow, unclear (of its nodes), flow_path, foreign_rule, arenas, found_as; nil what there is not
function engine_options.use(parsed, log_path, decides, log)
    local known = {}
    known.flow, known.unclear = of_log.of(parsed, log_path, decides)
    of_log.use(parsed, log_path, log)
    known.foreign_rule = not parsed.engine_rule and of_log.foreign_rule(known.flow) or nil
    -- One that the log brings along and that has names alone says nothing of what comes next.
    if known.flow and (parsed.flow or beside.has_order(known.flow)) then
        known.flow_path = of_log.path(parsed, log_path)
    else
        known.flow = nil
    end
    known.arenas, known.found_as = arenas.use(log_path, parsed.arenas, output.say)
    forecast.use { flow = known.flow, arenas = known.arenas, decides = decides, foreign_rule = known.foreign_rule }
    return known
end

---What was used, as lines for a person.
---@return string[]
function engine_options.lines(known)
    return {
        arenas.words(known.arenas, known.found_as)
            or "arenas: none found; what they would tell is not known (--arenas DIR)",
        known.flow_path and "flow: " .. known.flow_path
            or "flow: not given; which nodes come next is not known (--flow FILE)",
    }
end

---The same, without what was not.
---@return string[]
function engine_options.used(known)
    local lines = engine_options.lines(known)
    local used = { known.arenas and text.clean(lines[1]) or nil }
    used[#used + 1] = known.flow_path and text.clean(lines[2]) or nil
    return used
end

---What is foreseen is what the engine does with a log that it reads: says where it reads none of this one.
---@param log tracereel.log read to its end
function engine_options.tell_refusal(log)
    local words = engine_reader.refusal_words(log)
    if words then
        output.say("%s: %s; this forecast holds once `tracereel repair` has mended the log", text.clean(log.path),
            words)
    end
end

---What was used, for JSON.
---@return table
function engine_options.object(known)
    return {
        flow = known.flow_path or base.null,
        arenas = known.arenas and { directory = known.arenas, found_as = known.found_as } or base.null,
    }
end

return engine_options

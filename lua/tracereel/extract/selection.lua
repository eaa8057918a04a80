-- Which traces of a log are meant: their ids, found by reading it once.
local copy = require "tracereel.extract.copy"
local options = require "tracereel.cli.options"
local period = require "tracereel.cli.period"
local where = require "tracereel.where"

local selection = {}

---Is a part of the log meant, or all of it?
---@param parsed table
---@return boolean
function selection.is_part(parsed)
    return parsed.where ~= nil or parsed.open or #parsed.trace > 0 or #parsed.outcome > 0 or parsed.since ~= nil
        or parsed["until"] ~= nil
end

---The ids of the traces that are meant; every trace that ever had the id of one of them is.
---@param log tracereel.log
---@param parsed table
---@return table<string, true>
---@return integer count
function selection.ids(log, parsed)
    local words = options.trace_list_of(parsed)
    local is_named = words and options.id_test(words)
    local is_outcome_meant, is_meant = options.outcome_test(parsed), where.test(parsed, "trace")
    local is_in_period = period.trace_test(options.times(parsed))
    local function accepts(trace)
        return (not is_named or is_named(trace.id)) and (not parsed.open or trace.open)
            and (not is_outcome_meant or is_outcome_meant(trace.outcome))
            and (not is_in_period or is_in_period(trace)) and (not is_meant or is_meant(trace))
    end
    local ids, count = {}, 0
    local function look(_, trace)
        if trace and not ids[trace.id] and accepts(trace) then
            ids[trace.id], count = true, count + 1
        end
    end
    log:replay { trace_complete = look, trace_failed = look }
    copy.check_whole()
    for _, trace in ipairs(log:traces()) do
        look(nil, trace)
    end
    return ids, count
end

return selection

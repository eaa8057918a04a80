-- `tracereel dump`: the records of a log, one a line.
local host = require "tracereel.host"
local logs = require "tracereel.cli.logs"
local of_log = require "tracereel.flow.of_log"
local options = require "tracereel.cli.options"
local output = require "tracereel.cli.output"
local record_line = require "tracereel.render.record_line"
local record_stats = require "tracereel.render.record_stats"

local dump = { name = "dump" }

function dump.define(command)
    options.logs(command)
    options.json(command)
    command:flag("--stats", "Show totals instead of records: by type and node, time span, bytes, gaps, violations.")
    command:flag("--full", "Do not shorten texts, times and ids to the line's width.")
    options.filter(command)
    of_log.define(command)
    options.reading(command)
end

-- The hot path of the program: Lua is called for gaps, and for each record only where beginnings of ids are given.
local function write_json(log, context, wanted)
    wanted.start, wanted.by_line = context.json_start, output.is_terminal(1)
    output.check(host.write_records(log, io.stdout, wanted))
end

-- Beginnings of ids are tested here, whole ids by the filter.
local function only(accepts, show)
    if not accepts then
        return show
    end
    return function(rec)
        if accepts(rec.trace_id) then
            show(rec)
        end
    end
end

---@param parsed table
---@return integer exit code
function dump.run(parsed)
    return of_log.each(parsed, function(log, context)
        local filter, accepts = options.to_filter(parsed)
        filter.gap = logs.say_gap
        local gathered = parsed.stats and record_stats.new()
        if parsed.json and not gathered then
            filter.accepts = accepts
            write_json(log, context, filter)
        else
            filter.record = only(accepts, gathered and gathered.add or record_line.writer(parsed.full))
            log:replay(filter)
        end
        context.has_told_damage = true
        if gathered then
            gathered.write(log, context, parsed.json)
        end
    end)
end

return dump

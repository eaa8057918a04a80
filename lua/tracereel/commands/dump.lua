-- `tracereel dump`: the records of a log, one a line.
local logs = require "tracereel.cli.logs"
local of_log = require "tracereel.flow.of_log"
local options = require "tracereel.cli.options"
local output = require "tracereel.cli.output"
local record_line = require "tracereel.render.record_line"
local record_stats = require "tracereel.render.record_stats"

local dump = { name = "dump", summary = "Show the records of a log." }

function dump.define(command)
    options.logs(command)
    options.json(command)
    command:flag("--stats", "Show totals instead of records: by type and node, time span, bytes, gaps, violations.")
    command:flag("--full", "Do not shorten texts, times and ids to the line's width.")
    options.filter(command)
    of_log.define(command)
    options.reading(command)
end

-- The hot path of the whole program: one call, one write for each record.
local function json_writer(context)
    local stdout, write, check = io.stdout, io.stdout.write, output.check
    if context.json_start == "{" then
        return function(rec)
            local written, message, errno = write(stdout, rec:json(), "\n")
            if not written then
                check(nil, message, errno)
            end
        end
    end
    return function(rec)
        output.line(logs.with_log(context, rec:json()))
    end
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
        local gathered = parsed.stats and record_stats.new()
        local show = gathered and gathered.add or parsed.json and json_writer(context)
            or record_line.writer(parsed.full)
        local handlers = { gap = logs.say_gap, record = only(accepts, show) }
        for key, value in pairs(filter) do
            handlers[key] = value
        end
        log:replay(handlers)
        context.has_told_damage = true
        if gathered then
            gathered.write(log, context, parsed.json)
        end
    end)
end

return dump

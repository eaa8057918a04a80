-- `tracereel dump`: the records of a log, one a line.
local failure = require "tracereel.util.failure"
local host = require "tracereel.host"
local logs = require "tracereel.cli.logs"
local of_log = require "tracereel.flow.of_log"
local options = require "tracereel.cli.options"
local output = require "tracereel.cli.output"
local period = require "tracereel.cli.period"
local record_line = require "tracereel.render.record_line"
local record_stats = require "tracereel.render.record_stats"
local where = require "tracereel.where"
local zone = require "tracereel.cli.zone"

local dump = { name = "dump" }

function dump.define(command)
    options.logs(command)
    options.json(command)
    command:flag("--stats", "Show totals instead of records: by type and node, time span, bytes, gaps, violations.")
    command:flag("--full", "Do not shorten texts, times and ids to the line's width.")
    options.filter(command)
    where.define(command, "records")
    where.define_order(command, "records")
    zone.define(command)
    of_log.define(command)
    options.reading(command)
end

-- The hot path of the program: Lua is called for gaps, and for each record only where beginnings of ids are given.
local function write_json(log, context, wanted)
    wanted.start, wanted.by_line = context.json_start, output.is_terminal(1)
    output.begin()
    output.check(host.write_records(log, io.stdout, wanted))
end

-- Beginnings of ids and --where are tested here, whole ids by the filter. A handler that takes no trace is not given
-- one: that is faster.
local function only(accepts, test, show)
    if not accepts and not test then
        return show
    end
    local function tested(rec, trace)
        if (not accepts or accepts(rec.trace_id)) and (not test or test(rec, trace)) then
            show(rec, trace)
        end
    end
    local needs_trace = test and debug.getinfo(test, "u").nparams > 1 or debug.getinfo(show, "u").nparams > 1
    return needs_trace and tested or function(rec)
        tested(rec)
    end
end

local function line_writer(parsed, context)
    if not parsed.json then
        return record_line.writer(parsed.full)
    end
    return function(rec)
        output.line(logs.with_log(context, rec:json()))
    end
end

-- A handler that writes records, and what is to be called at the end: sorted ones are written there.
local function writer(parsed, context)
    local write, sorted = line_writer(parsed, context), where.ranking(parsed, "record")
    if not sorted then
        return write
    end
    local function add(rec, trace)
        sorted:add(function()
            return rec
        end, rec, trace)
    end
    return add, function()
        for _, rec in ipairs(sorted:sorted()) do
            write(rec)
        end
    end
end

---@param parsed table
---@return integer exit code
function dump.run(parsed)
    where.check(parsed, "record")
    zone.use(parsed)
    period.resolve(parsed, options.opener(parsed))
    if parsed.stats and (parsed.sort or parsed.top) then
        failure.raise("usage", "--stats shows totals, not records: it excludes --sort and --top")
    end
    local is_lua = parsed.where or parsed.sort or parsed.top
    return of_log.each(parsed, function(log, context)
        local filter, accepts = options.to_filter(parsed)
        filter.gap = logs.say_gap
        local gathered = parsed.stats and record_stats.new()
        if parsed.json and not gathered and not is_lua then
            filter.accepts = accepts
            write_json(log, context, filter)
        else
            local show, finish
            if gathered then
                show = gathered.add
            else
                show, finish = writer(parsed, context)
            end
            filter.record = only(accepts, where.test(parsed, "record"), show)
            log:replay(filter)
            if finish then
                finish()
            end
        end
        context.has_told_damage = true
        if gathered then
            gathered.write(log, context, parsed.json)
        end
    end)
end

return dump

-- `tracereel check`: what of a log cannot be read, and where.
local base = require "tracereel.base"
local engine_reader = require "tracereel.log.engine_reader"
local exit_codes = require "tracereel.cli.exit_codes"
local failure = require "tracereel.util.failure"
local logs = require "tracereel.cli.logs"
local of_log = require "tracereel.flow.of_log"
local options = require "tracereel.cli.options"
local output = require "tracereel.cli.output"
local renumbering = require "tracereel.flow.renumbering"
local restarts = require "tracereel.log.restarts"
local text = require "tracereel.util.text"
local unfinished = require "tracereel.log.unfinished"
local units = require "tracereel.util.units"
local unread = require "tracereel.log.unread"
local workers = require "tracereel.cli.workers"

local check = { name = "check" }

function check.define(command)
    options.logs(command)
    options.json(command)
    options.reading(command)
    options.since_restart(command)
    of_log.define(command)
    workers.define(command, "Check so many logs at a time, each in a process of its own.")
end

-- A line that begins with a word of at most seven letters in a colour.
local function write_marked(mark, style, words)
    output.wrapped(("%-8s"):format(mark) .. words, (" "):rep(8), mark, style)
end

local function write_gap(gap)
    write_marked(gap.damage and "damage" or "normal", gap.damage and "red" or "yellow", logs.gap_line(gap))
end

-- What is said of a file that is not read: what it is compared with, and what follows.
local function unread_detail(file, offset, problem)
    local detail = ("not read, because %s has the same number"):format(file.read_instead)
    if problem then
        return detail .. "; the two cannot be compared: " .. problem
    elseif offset then
        return ("%s; from offset %d on it holds other records: find out which is right, and move the other away")
            :format(detail, offset)
    end
    return detail .. "; that file has every record of this one, too"
end

local function write_unread(context, file, offset, problem)
    if context.is_json then
        output.line(logs.with_log(context, base.json {
            class = "unread", segment = file.name, read_instead = file.read_instead,
            differs_at = offset or nil, problem = problem,
        }))
        return
    end
    local is_unclear = offset or problem
    write_marked(is_unclear and "unclear" or "note", is_unclear and "red" or "yellow",
        file.name .. ": " .. text.clean(unread_detail(file, offset, problem)))
end

-- Returns how many of the files may hold what was not read.
local function check_unread(log, context)
    local unclear = 0
    for _, file in ipairs(log.unread) do
        local offset, problem = unread.compare(log, file)
        unclear = unclear + ((offset or problem) and 1 or 0)
        write_unread(context, file, offset, problem)
    end
    return unclear
end

local function write_violations(violations)
    if next(violations) then
        output.line("violations (records that the state machine did not expect):")
    end
    for code, count in units.sorted(violations) do
        output.wrapped(("  %6d  %s: %s"):format(count, code, base.violations[code]), (" "):rep(10))
    end
end

local max_told_restarts = 5

local function write_restarts(list)
    if #list == 0 then
        return
    end
    local places = {}
    for index = 1, math.min(#list, max_told_restarts) do
        places[index] = ("%d: %s"):format(index, restarts.place(list[index]))
    end
    output.wrapped(("the engine was restarted, as far as the log shows, %s (%s%s)"):format(
        #list == 1 and "once" or ("%d times"):format(#list), table.concat(places, "; "),
        #list > #places and "; ..." or ""))
end

local function write_renumbering(context, one)
    if context.is_json then
        output.line(logs.with_log(context, base.json {
            class = "renumbered", restart = one.restart.number, segment = one.restart.segment,
            offset = one.restart.offset, nodes = renumbering.nodes(one),
        }))
        return
    end
    write_marked("note", "yellow", text.clean(renumbering.text(one)))
end

-- "unfinished", "damaged", "unclear", "no record" or "sound", and what is said of it.
local function verdict_of(path, statistics, unclear)
    local is_unfinished = unfinished.words(path)
    if is_unfinished then
        return "unfinished", ": " .. text.clean(is_unfinished)
    elseif statistics.damaged then
        return "damaged", ": " .. logs.damage_summary(statistics)
    elseif unclear > 0 then
        return "unclear", ": more than one file has the same number, with other records"
    elseif statistics.gap_bytes > 0 and statistics.records == 0 then
        -- By the classes alone any file is the torn tail of a log.
        return "no record", " could be read: is this a log?"
    elseif statistics.gap_bytes > 0 then
        return "sound", ": what cannot be read is what a crash leaves, nothing was lost"
    end
    return "sound", ": every byte belongs to a valid record"
end

local style_of = { unfinished = "red", damaged = "red", unclear = "red", ["no record"] = "yellow", sound = "green" }

local function write_summary(log, unclear, restarted)
    local statistics = log:stats()
    output.wrapped(("%s, %s, %d bytes; %d bytes unreadable; %s open at the end"):format(
        text.count(#log.segments, "segment"), text.count(statistics.records, "record"), statistics.record_bytes,
        statistics.gap_bytes, text.count(statistics.open_traces, "trace")))
    if statistics.snapshot_sequence then
        output.wrapped(("read from a snapshot, at %d:%d; without --snapshot all segments are read"):format(
            statistics.snapshot_sequence, statistics.snapshot_offset))
    end
    write_violations(statistics.violations)
    write_restarts(restarted)
    local verdict, words = verdict_of(log.path, statistics, unclear)
    output.wrapped(verdict .. words, nil, verdict, style_of[verdict])
end

local function write_engine(engine)
    output.wrapped(engine_reader.recovery_words(engine))
    for _, line in ipairs(engine_reader.append_lines(engine)) do
        output.wrapped(line)
    end
end

local function or_null(value)
    return value == nil and base.null or value
end

-- The last object of --json.
local function summary_object(log, unclear, engine)
    local statistics = log:stats()
    return { summary = {
        verdict = (verdict_of(log.path, statistics, unclear)),
        segments = #log.segments, records = statistics.records, record_bytes = statistics.record_bytes,
        gap_bytes = statistics.gap_bytes, open_traces = statistics.open_traces,
        violations = setmetatable(statistics.violations, { __jsontype = "object" }),
        engine = {
            recovers = or_null(engine.recovers), reason = or_null(engine.reason), segment = or_null(engine.segment),
            offset = or_null(engine.offset), skipped = engine.skipped, passed_over = engine.passed_over,
            misread = engine.misread, missing = engine.missing, compressed = engine.compressed,
            same_number = setmetatable(engine.same_number, { __jsontype = "array" }),
            appends = or_null(engine.appends), append_to = or_null(engine.append_to),
        },
    } }
end

---@param parsed table
---@return integer exit code
function check.run(parsed)
    return of_log.each(parsed, function(log, context)
        local engine = engine_reader.new(parsed.from or parsed.since_restart or parsed.snapshot
            or parsed.mode ~= "salvage")
        local finder = restarts.finder()
        log:replay({
            gap = function(gap)
                engine:note(gap)
                if parsed.json then
                    output.line(logs.with_log(context, base.json(logs.gap_object(gap))))
                else
                    write_gap(gap)
                end
            end,
        }, finder:handlers(log))
        if logs.interrupted() then
            failure.raise("interrupted", "interrupted: %s was not read to its end", context.path)
        end
        context.has_told_damage = true
        context.has_told_unread = true
        context.has_told_unfinished = true
        context.is_json = parsed.json
        local unclear = check_unread(log, context)
        for _, one in ipairs(renumbering.of_command(context.path, finder.list, parsed)) do
            write_renumbering(context, one)
        end
        local verdict = engine:verdict(log)
        if parsed.json then
            output.line(logs.with_log(context, base.json(summary_object(log, unclear, verdict))))
        else
            write_summary(log, unclear, parsed.since_restart and {} or finder.list)
            write_engine(verdict)
        end
        return unclear > 0 and exit_codes.damaged or nil
    end)
end

return check

-- What the debugger answers, for people: lines of text.
local imported_fields = require "tracereel.log.imported_fields"
local logs = require "tracereel.cli.logs"
local node_names = require "tracereel.log.node_names"
local output = require "tracereel.cli.output"
local record_line = require "tracereel.render.record_line"
local record_types = require "tracereel.log.record_types"
local stops = require "tracereel.debugger.stops"
local text = require "tracereel.util.text"
local trace_labels = require "tracereel.render.trace_labels"
local trace_times = require "tracereel.log.trace_times"
local tracereel = require "tracereel"

local Words = {}
Words.__index = Words

local labels = {}

function labels.new()
    return setmetatable({}, Words)
end

local function say(form, ...)
    output.line(select("#", ...) > 0 and form:format(...) or form)
end

-- Each line is printed at once.
function Words.begin()
end

function Words.finish()
end

local function show_gaps(tape, number)
    for _, gap in ipairs(tape.gaps_after[number] or {}) do
        say("gap: %s", logs.gap_line(gap))
    end
end

-- The gaps before the record, the record, what the state machine did not expect.
function Words.place(_, timeline)
    local rec, tape = timeline.rec, timeline.tape
    if not rec then
        say("before the first of %s", text.count(tape.count, "record"))
        return
    end
    show_gaps(tape, timeline.number - 1)
    local node = record_types.node_of(rec)
    local at = node and " " .. node_names.node(node) or ""
    local line = ("#%d %s %s:%d %s%s trace %s %s"):format(timeline.number, tracereel.time(rec.timestamp_ns),
        tracereel.unsigned(rec.sequence), rec.offset, rec.type, at, rec.trace_id:sub(1, 8), record_line.what(rec))
    say((line:gsub(" +$", "")))
    for _, code in ipairs(timeline.violations) do
        say("violation: %s: %s", code, tracereel.violations[code])
    end
    if timeline.number == tape.count then
        show_gaps(tape, timeline.number)
        say("at the end")
    end
end

function Words.note(_, message)
    say("%s", message)
end

function Words.values(_, values)
    local shown = {}
    for index = 1, values.n do
        shown[index] = stops.show(values[index])
    end
    if values.n > 0 then
        say("%s", table.concat(shown, "\t"))
    end
end

function Words.node(_, node)
    local parts = { ("%s%s: %s, %s"):format(node_names.node(node.id),
        imported_fields.suffix(node.instance, text.clean), node.status,
        text.count(#node.attempts, "attempt")) }
    if #node.attempts > 0 then
        parts[#parts + 1] = node.end_ns and (node.estimated and "~" or "") .. tracereel.duration(node.duration_ns) or
            "since " .. tracereel.time(node.start_ns)
    end
    if node.ended_by == "trace_resumed" then
        parts[#parts + 1] = "ended by the resume"
    end
    if node.loop_iterations > 0 then
        parts[#parts + 1] = text.count(node.loop_iterations, "iteration")
    end
    if node.error then
        parts[#parts + 1] = "error: " .. text.clean(node.error)
    end
    say("%s", table.concat(parts, ", "))
end

function Words:trace(trace, now_ns)
    say("trace %s: %s, %s%s", trace.id, trace_labels.status(trace), text.count(trace.record_count, "record"),
        trace.tainted and ", tainted" or "")
    if trace_times.is_start_known(trace) then
        say("began %s, lasted %s", tracereel.time(trace.start_ns), tracereel.duration(trace.duration_ns))
    end
    for _, node in ipairs(trace.nodes) do
        self:node(node)
    end
    if trace.open then
        say("stands: %s", trace_labels.stands(trace, now_ns))
        say("%s", trace_labels.foreign() or "at its next start the engine " .. trace_labels.recovery(trace))
    end
end

local name_of = { ["break"] = "breakpoint", watch = "watch" }

function Words.stop(_, stop)
    say("%s %d: %s%s", name_of[stop.kind], stop.id, stop.source, stop.shown and " = " .. stop.shown or "")
end

function Words.stops(_, list)
    for _, stop in ipairs(list) do
        say("%s %d: %s", name_of[stop.kind], stop.id, stop.source)
    end
    if #list == 0 then
        say("no breakpoints and no watches")
    end
end

function Words.stopped(_, reasons)
    for _, reason in ipairs(reasons) do
        if reason.kind == "closed" then
            say("trace %s", reason.status)
        else
            local more = reason.error and ": error: " .. reason.error or
                reason.before and (": %s -> %s"):format(reason.before, reason.after) or ""
            say("%s %d: %s%s", name_of[reason.kind], reason.id, reason.expression, more)
        end
    end
end

function Words.help(_, commands)
    for _, command in ipairs(commands) do
        say("%-1s %-9s%-28s%s", command[2], command[1], command[3], command[4])
    end
end

return labels

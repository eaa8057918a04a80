-- `tracereel diff`: two traces side by side: what both did, when, and where they part first.
local alignment = require "tracereel.log.trace_alignment"
local base = require "tracereel.base"
local exit_codes = require "tracereel.cli.exit_codes"
local failure = require "tracereel.util.failure"
local logs = require "tracereel.cli.logs"
local node_names = require "tracereel.log.node_names"
local of_log = require "tracereel.flow.of_log"
local options = require "tracereel.cli.options"
local output = require "tracereel.cli.output"
local record_line = require "tracereel.render.record_line"
local record_types = require "tracereel.log.record_types"
local text = require "tracereel.util.text"
local trace_labels = require "tracereel.render.trace_labels"
local units = require "tracereel.util.units"

local diff = { name = "diff" }

function diff.define(command)
    command:argument("log", "A directory of segments, or one segment."):argname("<LOG>")
    command:argument("a", "The first trace: its id, or the beginning of it."):argname("<A>")
    command:argument("b", "The second one. With --with the same as the first where it is left out."):argname("<B>")
        :args("?")
    command:option("--with", "Look for the second trace in this log."):argname("<LOG>")
    options.json(command)
    of_log.define(command)
end

-- All records of the one trace that a word means, and the trace.
local function find(parsed, path, word)
    local log = base.open(path)
    of_log.use(parsed, path, log)
    options.check_trace_word(word)
    local is_meant, id, records, found = options.id_test { word }, nil, {}, nil
    log:replay { record = function(rec, trace)
        if is_meant(rec.trace_id) then
            if id and id ~= rec.trace_id then
                failure.raise("usage", '"%s" is the beginning of several traces, such as %s and %s: give more of it',
                    word, id, rec.trace_id)
            end
            id, found = rec.trace_id, trace or found
            records[#records + 1] = rec
        end
    end }
    if logs.interrupted() then
        failure.raise("interrupted", "interrupted: %s was not read to its end", path)
    elseif not id then
        failure.raise("usage", "%s has no trace %s", path, options.trace_words(word))
    end
    return { path = path, id = id, records = records, trace = found, damaged = log:stats().damaged }
end

local function since_start(side, place)
    local first, rec = side.records[1], side.records[place]
    return rec and units.span(first.timestamp_ns, rec.timestamp_ns) or ""
end

-- Where the same step went otherwise. What nodes put out and what traces are given differs from trace to trace.
local function is_same(rec_a, rec_b)
    return rec_a.error_message == rec_b.error_message and rec_a.iteration == rec_b.iteration
end

-- "=" the same, "!" the same step with another message or iteration, "<" and ">" in one alone, "~" in both, elsewhere.
local function mark_of(step, a, b)
    if step.has_moved then
        return "~"
    elseif not step.b then
        return "<"
    elseif not step.a then
        return ">"
    end
    return is_same(a.records[step.a], b.records[step.b]) and "=" or "!"
end

local function step_name(rec)
    local node = record_types.node_of(rec)
    return node and ("%s %s"):format(rec.type, node_names.label(node)) or rec.type
end

local function head_line(letter, side)
    local trace = side.trace
    output.line(text.cut(("%s %s  %s"):format(letter, side.id, trace and ("%s, took %s, %s, %s"):format(
        trace_labels.outcome(trace), units.duration(trace.duration_ns), text.count(#side.records, "record"),
        text.count(trace.error_count, "error")) or "its beginning is not in the log"), output.columns()))
end

-- How often each node was tried.
local function attempts_of(trace)
    local counts = {}
    for _, node in ipairs(trace and trace.nodes or {}) do
        counts[node.id] = (counts[node.id] or 0) + #node.attempts
    end
    return counts
end

-- The nodes that one was tried more often at than the other.
local function attempt_differences(a, b)
    local of_a, of_b, list, seen = attempts_of(a.trace), attempts_of(b.trace), {}, {}
    for _, counts in ipairs { of_a, of_b } do
        for node in units.sorted(counts) do
            if not seen[node] and (of_a[node] or 0) ~= (of_b[node] or 0) then
                list[#list + 1] = { node = node, a = of_a[node] or 0, b = of_b[node] or 0 }
            end
            seen[node] = true
        end
    end
    table.sort(list, function(one, other)
        return one.node < other.node
    end)
    return list
end

local step_columns, time_columns = 30, 10

local function write_text(steps, marks, a, b)
    head_line("A", a)
    head_line("B", b)
    local parted
    output.line(output.paint("bold", ("  %s %s %s  %s"):format(text.pad_right("STEP", step_columns),
        text.pad_left("A", time_columns), text.pad_left("B", time_columns), "WHAT IS DIFFERENT")))
    local room = math.max(output.columns() - step_columns - 2 * time_columns - 6, 16)
    for index, step in ipairs(steps) do
        local mark = marks[index]
        local rec_a, rec_b = a.records[step.a], b.records[step.b]
        local details = mark == "=" and "" or record_line.details(rec_a or rec_b)
        if mark == "!" then
            details = details .. " | " .. record_line.details(rec_b)
        end
        local line = ("%s %s %s %s  %s"):format(mark == "=" and " " or mark,
            text.pad_right(text.cut(step_name(rec_a or rec_b), step_columns), step_columns),
            text.pad_left(since_start(a, step.a), time_columns), text.pad_left(since_start(b, step.b), time_columns),
            text.cut(details, room))
        parted = parted or mark ~= "=" and index
        output.line(output.paint(mark ~= "=" and "yellow" or nil, (line:gsub(" +$", ""))))
    end
    for _, one in ipairs(attempt_differences(a, b)) do
        output.line(("%s: %s in A, %d in B"):format(node_names.node(one.node), text.count(one.a, "attempt"), one.b))
    end
    if not parted then
        output.line("both did the same, in the same order")
        return
    end
    local step = steps[parted]
    output.line(("they part first at step %d, %s"):format(parted, step_name(a.records[step.a] or b.records[step.b])))
end

local names_of_marks = { ["="] = "same", ["!"] = "other", ["<"] = "only_a", [">"] = "only_b", ["~"] = "moved" }

local function write_json(steps, marks, a, b)
    local objects, parted = {}, nil
    for index, step in ipairs(steps) do
        local rec_a, rec_b = a.records[step.a], b.records[step.b]
        local rec = rec_a or rec_b
        parted = parted or marks[index] ~= "=" and index
        objects[index] = { difference = names_of_marks[marks[index]], type = rec.type,
            node_id = record_types.node_of(rec) or base.null, a_ns = rec_a and rec_a.timestamp_ns or base.null,
            b_ns = rec_b and rec_b.timestamp_ns or base.null }
    end
    output.line(base.json { a = a.id, b = b.id, parted = parted or base.null,
        steps = setmetatable(objects, { __jsontype = "array" }),
        attempts = setmetatable(attempt_differences(a, b), { __jsontype = "array" }) })
end

---@param parsed table
---@return integer exit code
function diff.run(parsed)
    if not parsed.b and not parsed.with then
        failure.raise("usage", "diff takes two traces, or --with another log that has the trace, too")
    elseif parsed.log == "-" then
        failure.raise("usage", "a log is read for each trace, and a pipe can be read only once: save it to a file")
    end
    local a = find(parsed, parsed.log, parsed.a)
    local b = find(parsed, parsed.with or parsed.log, parsed.b or parsed.a)
    local steps = alignment.align(alignment.keys(a.records), alignment.keys(b.records))
    local marks = {}
    for index, step in ipairs(steps) do
        marks[index] = mark_of(step, a, b)
    end
    (parsed.json and write_json or write_text)(steps, marks, a, b)
    return (a.damaged or b.damaged) and exit_codes.damaged or exit_codes.ok
end

return diff

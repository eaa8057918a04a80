-- The events of one trace as lines: when, how long, and beside them a lane for each node that runs and each loop that
-- turns, so that what happened at the same time is side by side.
local ends_of_waits = require "tracereel.render.ends_of_waits"
local imported_fields = require "tracereel.log.imported_fields"
local heap = require "tracereel.util.heap"
local held = require "tracereel.log.held"
local node_names = require "tracereel.log.node_names"
local output = require "tracereel.cli.output"
local provenance = require "tracereel.render.provenance"
local record_line = require "tracereel.render.record_line"
local record_types = require "tracereel.log.record_types"
local text = require "tracereel.util.text"
local trace_labels = require "tracereel.render.trace_labels"
local tracereel = require "tracereel"
local units = require "tracereel.util.units"

local timeline = {}

local glyphs_of = {
    unicode = { begin = "┌", go_on = "├", done = "└", failed = "✗", runs = "│", waits = "┊", single = "•", trace = "●",
        gap = "░" },
    ascii = { begin = ",", go_on = "+", done = "`", failed = "x", runs = "|", waits = ":", single = "o", trace = "*",
        gap = "#" },
}

-- Beyond this many lanes there is no room for the text: what runs there is said in words only.
local lane_limit = 14

local minute_ns = 60 * 1000000000

-- How offsets are written: one form for the whole trace, so that the digits line up.
local function offset_form(total_ns)
    if total_ns >= 0 and total_ns < 1000000 then
        return function(ns)
            return ("%d.%09d"):format(ns // 1000000000, ns % 1000000000)
        end
    elseif total_ns >= 0 and total_ns < minute_ns then
        return function(ns)
            return ("%d.%06d"):format(ns // 1000000000, ns % 1000000000 // 1000)
        end
    end
    return function(ns)
        local ms = ns // 1000000
        return ("%d:%02d:%02d.%03d"):format(ms // 3600000, ms // 60000 % 60, ms // 1000 % 60, ms % 1000)
    end
end

local function offset_text(form, ns)
    return ns < 0 and "-" .. form(-ns) or form(ns)
end

local Lanes = {}
Lanes.__index = Lanes

local function new_lanes(glyphs)
    -- `count` lanes have been used; those of them that are not taken are in `free`.
    return setmetatable({ glyphs = glyphs, taken = {}, free = {}, count = 0, by_key = {}, last = 0 }, Lanes)
end

local function is_lower(a, b)
    return a < b
end

-- On the lowest lane that is free.
function Lanes:open(key, start_ns)
    local index = heap.pop(self.free, is_lower)
    if not index then
        index = self.count + 1
        self.count = index
    end
    local lane = { key = key, index = index, start_ns = start_ns, glyph = self.glyphs.runs }
    self.taken[index], self.by_key[key] = lane, lane
    self.last = math.max(self.last, index)
    return lane
end

function Lanes:close(lane)
    self.taken[lane.index], self.by_key[lane.key] = nil, nil
    heap.push(self.free, lane.index, is_lower)
    while self.last > 0 and not self.taken[self.last] do
        self.last = self.last - 1
    end
end

---The lanes as they are now, with one of them, or a free place, showing an event.
function Lanes:draw(event_index, event_glyph)
    local parts = {}
    for index = 1, math.min(math.max(self.last, event_index or 0), lane_limit) do
        local lane = self.taken[index]
        parts[index] = index == event_index and event_glyph or lane and lane.glyph or " "
    end
    return #parts > 0 and table.concat(parts, " ") .. " " or ""
end

local function message_of(rec)
    return rec.error_message and ": " .. text.clean(rec.error_message) or ", without a message"
end

local function output_of(rec)
    if rec.output_size == 0 then
        return ""
    end
    return (", %d bytes at %s"):format(rec.output_size, tracereel.unsigned(rec.output_offset))
end

local function attempt_words(event)
    local own = event.attempt or 1
    local number, resource = event.imported.attempt or own, event.imported.resource
    return (number > 1 and (", attempt %d"):format(number) or "")
        .. (number > own and (" (here %d)"):format(own) or "")
        .. (resource and ", on " .. text.clean(resource) or "")
end

-- The lane of a record's node or loop, or of the instance of it that the record is of.
local function lane_key(kind, event)
    return kind .. " " .. event.rec.node_id .. imported_fields.suffix(event.imported.instance, text.clean)
end

local function node_key(event)
    return lane_key("node", event)
end

-- The lane with that key, opened where there is none, and the glyph with which it begins or goes on.
local function go_on(event, lanes, key)
    local lane = lanes.by_key[key]
    if lane then
        return lane, lanes.glyphs.go_on
    end
    return lanes:open(key, event.rec.timestamp_ns), lanes.glyphs.begin
end

local function kind_words(kind)
    return kind and kind ~= "error" and (" (%s)"):format(text.clean(kind)) or ""
end

-- A lane's key for a person: "node 3" is "charge" where the log's flow calls it so.
local function said(key)
    local kind, id, rest = key:match("^(%a+) (%d+)(.*)$")
    if not kind then
        return key
    end
    id = math.tointeger(tonumber(id))
    return (kind == "node" and node_names.node(id) or kind .. " " .. node_names.label(id)) .. rest
end

-- One function for each type that changes the lanes: applies the event to them, and gives the lane to draw it on, its
-- glyph, the words, and a colour. `done` is a lane that ends with this event.
local steps = {}

function steps.trace_start(event, lanes)
    local number = event.restart_number
    local words = number and ("trace started again (restart %d)"):format(number) or "trace starts"
    return { glyph = lanes.glyphs.trace, words = words, forget = number ~= nil }
end

function steps.node_start(event, lanes)
    local key = node_key(event)
    local lane = lanes.by_key[key]
    if lane then
        local words = said(key) .. " starts again" .. attempt_words(event)
        lane.start_ns = event.rec.timestamp_ns
        return { lane = lane, glyph = lanes.glyphs.go_on, words = words, style = "yellow" }
    end
    return { lane = lanes:open(key, event.rec.timestamp_ns), glyph = lanes.glyphs.begin,
        words = said(key) .. attempt_words(event) }
end

function steps.node_done(event, lanes)
    local key = node_key(event)
    local lane = lanes.by_key[key]
    return { lane = lane, done = lane, glyph = lane and lanes.glyphs.done or lanes.glyphs.single,
        words = said(key) .. " done" .. output_of(event.rec) }
end

function steps.node_error(event, lanes)
    local key = node_key(event)
    local lane = lanes.by_key[key]
    return { lane = lane, done = lane, glyph = lanes.glyphs.failed,
        words = said(key) .. " FAILED" .. kind_words(event.imported.kind) .. message_of(event.rec), style = "red" }
end

function steps.trace_complete(event, lanes)
    local goes_on = event.imported.outcome == "continued" and ", continued in another trace" or ""
    return { glyph = lanes.glyphs.trace, words = "trace complete" .. goes_on, style = "green" }
end

function steps.trace_failed(event, lanes)
    local words = "trace FAILED" .. kind_words(event.imported.outcome) .. message_of(event.rec)
    return { glyph = lanes.glyphs.trace, words = words, style = "red" }
end

local function suspension_words(key, metadata)
    local is_held = held.reason(metadata) ~= nil
    local what = is_held and "held" or "suspended"
    return ("%s%s: %s"):format(key == "hold" and "" or said(key) .. " ", what, trace_labels.waits_for(metadata))
end

-- A wait that is the node's own: it has a lane like any other, and ends by itself.
local function begin_own_wait(event, lanes)
    local key = node_key(event)
    local lane, glyph = go_on(event, lanes, key)
    lane.glyph = lanes.glyphs.waits
    return { lane = lane, glyph = glyph, style = "yellow",
        words = ("%s waits: %s"):format(said(key), text.clean(event.imported.wait)) }
end

local function end_own_wait(event, lanes)
    local key = node_key(event)
    local lane = lanes.by_key[key]
    if lane and event.ends_wait then
        return { lane = lane, done = lane, glyph = lanes.glyphs.done, words = said(key) .. " resumed, which ends it",
            style = "yellow" }
    elseif lane then
        lane.glyph = lanes.glyphs.runs
    end
    return { lane = lane, glyph = lane and lanes.glyphs.go_on or lanes.glyphs.single, words = said(key) .. " resumed",
        style = "yellow" }
end

function steps.trace_suspended(event, lanes)
    if event.imported.wait then
        return begin_own_wait(event, lanes)
    end
    local key = event.rec.node_id == held.node and "hold" or "node " .. event.rec.node_id
    local lane, glyph = go_on(event, lanes, key)
    lane.glyph = lanes.glyphs.waits
    lanes.waiting = lane
    return { lane = lane, glyph = glyph,
        words = suspension_words(key, event.rec.metadata),
        style = "yellow" }
end

function steps.trace_resumed(event, lanes)
    if event.imported.wait then
        return end_own_wait(event, lanes)
    end
    local lane = lanes.waiting
    lanes.waiting = nil
    if not lane or lanes.by_key[lane.key] ~= lane then
        return { glyph = lanes.glyphs.trace, words = "trace resumed", style = "yellow" }
    elseif event.ends_wait then
        return { lane = lane, done = lane, glyph = lanes.glyphs.done,
            words = said(lane.key) .. " resumed, which ends it", style = "yellow" }
    end
    lane.glyph = lanes.glyphs.runs
    return { lane = lane, glyph = lanes.glyphs.go_on,
        words = said(lane.key) .. (lane.key == "hold" and " ended" or " resumed"), style = "yellow" }
end

function steps.loop_iteration(event, lanes)
    local key = lane_key("loop", event)
    local lane, glyph = go_on(event, lanes, key)
    return { lane = lane, glyph = glyph,
        words = ("%s, iteration %d"):format(said(key), event.rec.iteration) }
end

function steps.loop_exit(event, lanes)
    local key = lane_key("loop", event)
    local lane = lanes.by_key[key]
    return { lane = lane, done = lane, glyph = lane and lanes.glyphs.done or lanes.glyphs.single,
        took_ns = lane and event.rec.timestamp_ns - lane.start_ns,
        words = ("%s ends, iteration %d"):format(said(key), event.rec.iteration) }
end

-- Of any other type: what its record says.
local function other_step(event, lanes)
    local rec = event.rec
    local node, details = record_types.node_of(rec), record_line.details(rec)
    local words = rec.type .. (node and " of " .. node_names.node(node) or "")
        .. (details ~= "" and ": " .. details or "")
    return { glyph = record_types.has_trace(rec) and lanes.glyphs.single or lanes.glyphs.trace, words = words,
        style = "dim" }
end

local function gap_step(event, lanes)
    local gap = event.gap
    local words = ("unreadable here: %s, %d bytes at %s:%d; records of this trace may be missing"):format(gap.class,
        gap.length, gap.segment, gap.offset)
    return { glyph = lanes.glyphs.gap, words = words, style = "red" }
end

-- Writes one event: the drawn columns first, long words on lines of their own below each other.
local function write_step(step, lanes, columns, at, took)
    local index = step.lane and step.lane.index or lanes.last + 1
    local start = ("%s  %9s  "):format(at, took)
    local drawn = lanes:draw(index, step.glyph)
    if step.done then
        lanes:close(step.done)
    end
    local room = math.max(columns - text.width(start) - text.width(drawn), 24)
    for line_index, words in ipairs(text.wrap(step.words, room)) do
        if line_index > 1 then
            start = (" "):rep(text.width(start))
            drawn = text.pad_right(lanes:draw(), text.width(drawn))
        end
        output.line(start .. output.paint("dim", drawn) .. output.paint(step.style, words))
    end
end

local function step_of(event, lanes)
    local step = event.gap and gap_step(event, lanes) or (steps[event.rec.type] or other_step)(event, lanes)
    if event.rec and not event.trace and record_types.has_trace(event.rec) then
        step.words = step.words .. " (the trace was not open)"
    end
    if event.codes then
        step.words = step.words .. "  ! " .. table.concat(event.codes, ", ")
        step.style = step.style or "yellow"
    end
    if event.rec and event.rec.suspect then
        step.words = step.words .. "  (suspect record)"
    end
    return step
end

local function took_text(event, step)
    local ns = event.took_ns or step.took_ns
    if not ns then
        return ""
    end
    return (event.is_estimated and "~" or "") .. tracereel.duration(ns)
end

-- The lanes that nothing ended.
local function write_unfinished(lanes, columns, page, at_columns)
    local words_after = page.is_open and "unfinished" or "never ended"
    for index = 1, lanes.last do
        local lane = lanes.taken[index]
        if lane then
            local is_waiting = lane.glyph == lanes.glyphs.waits
            local words = ("%s %s%s"):format(said(lane.key), words_after, is_waiting and ", still suspended" or "")
            words = lane.key == "hold" and "still held" or words
            local took = units.span(lane.start_ns, page.end_ns)
            local step = { lane = lane, done = lane, glyph = lane.glyph, words = words, style = "yellow" }
            write_step(step, lanes, columns, text.pad_left("end", at_columns), took)
        end
    end
end

-- Gives every event the text of its offset; returns the columns of the longest.
local function place_in_time(page)
    local latest_ns = page.start_ns
    for _, event in ipairs(page.events) do
        if event.rec and math.ult(latest_ns, event.rec.timestamp_ns) then
            latest_ns = event.rec.timestamp_ns
        end
    end
    local form, columns = offset_form(latest_ns - page.start_ns), 3
    page.offset = function(ns)
        return offset_text(form, ns - page.start_ns)
    end
    for _, event in ipairs(page.events) do
        event.at = event.rec and page.offset(event.rec.timestamp_ns) or ""
        columns = math.max(columns, #event.at)
    end
    page.columns = columns
    return columns
end

---Sets page.offset and page.columns: how times are written since the trace's start, and how wide they are.
---@param page { events: table[], start_ns: integer, end_ns: integer, is_open: boolean, is_ascii: boolean }
function timeline.write(page)
    local lanes = new_lanes(page.is_ascii and glyphs_of.ascii or glyphs_of.unicode)
    local columns = output.columns()
    local at_columns = place_in_time(page)
    ends_of_waits.mark(page.events)
    output.line(output.paint("bold", ("%s  %9s"):format(text.pad_left("AT", at_columns), "TOOK")))
    for _, event in ipairs(page.events) do
        local step = step_of(event, lanes)
        local written_by = event.rec and provenance.words(event.rec) or ""
        if written_by ~= "" then
            step.words = ("%s [%s]"):format(step.words, written_by)
        end
        if step.forget then
            lanes = new_lanes(lanes.glyphs)
        end
        write_step(step, lanes, columns, text.pad_left(event.at, at_columns), took_text(event, step))
    end
    write_unfinished(lanes, columns, page, at_columns)
end

return timeline

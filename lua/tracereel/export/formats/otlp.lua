-- OpenTelemetry traces as OTLP/JSON lines: one TracesData object for each trace, as the collector's file receiver reads
-- them. A span for the trace, in it one for each node, in that one for each attempt and each suspension.
local layout = require "tracereel.export.layout"
local tracereel = require "tracereel"
local random = require "tracereel.util.random"

local object, digits = layout.object, layout.digits

local otlp = { place = 3, note = "OTLP/JSON lines", needs_times = true }

local Otlp = {}
Otlp.__index = Otlp

local status_ok, status_error = 1, 2
-- OTLP forbids a trace id of zeros; this one says "tracereel-nil-id" in ASCII.
local id_of_nil = "7472616365726565" .. "6c2d6e696c2d6964"

local mix, golden = random.mix, random.golden_ratio

-- The same span has the same id in every export. A start time is part of it, because a UUID can start twice in a log.
local function seed_of_node(trace_seed, kind_number, node_id)
    return mix(mix(trace_seed + kind_number * golden) + node_id * golden)
end

-- Instances of a node have spans of their own; a node without instances has the seed of the trace.
local function seed_of_instance(instance)
    local seed = 0
    for index = 1, instance and #instance or 0 do
        seed = mix(seed + instance:byte(index) + golden)
    end
    return seed
end

local kind_numbers = { trace = 1, node = 2, attempt = 3, suspension = 4 }

local function hexadecimal_halves(id)
    local hexadecimal = id:gsub("-", "")
    return hexadecimal, math.tointeger(tonumber(hexadecimal:sub(1, 16), 16)),
        math.tointeger(tonumber(hexadecimal:sub(17), 16))
end

-- Attributes of a span, each after others. Keys are ours and need no escapes.
local function attribute(key, kind, item)
    return layout.items(',{"key":"' .. key .. '","value":{"' .. kind .. '":', item, "}}")
end

local function text(key, path)
    return attribute(key, "stringValue", { "json", path })
end

local function integer(key, path)
    return attribute(key, "intValue", digits(path))
end

local function optional(path, item)
    return { "if", path, layout.items(item) }
end

local function optional_text(key, path)
    return optional(path, text(key, path))
end

-- Marks are there only where they hold.
local function mark(key, path)
    return optional(path, attribute(key, "boolValue", "true"))
end

-- The first of an object's attributes.
local function first(item)
    item[1] = item[1]:sub(2)
    return item
end

local function event(name, ns_path, attributes)
    return object {
        { "timeUnixNano", digits(ns_path) }, { "name", name }, { "attributes", layout.items("[", attributes, "]") },
    }
end

local function exception(ns_path, message_path)
    return event('"exception"', ns_path, first(text("exception.message", message_path)))
end

local function error_status(message_path)
    return object { { "code", tostring(status_error) }, { "message", { "json", message_path }, message_path } }
end

local done_status = object { { "code", tostring(status_ok) } }

-- A comma and a span of a story: its attributes, an item that writes its events and their key or nothing, and one
-- for its status.
local function span(kind, attributes, events, status)
    return layout.new({ "story", "id", "parent_id", "name", "range", "about" }, ",", object {
        { "traceId", layout.items('"', { "plain", "story.trace_id" }, '"') },
        { "spanId", layout.items('"', { "hexadecimal", "id" }, '"') },
        { "parentSpanId", layout.items('"', { "hexadecimal", "parent_id" }, '"'), "parent_id" },
        { "name", { "json", "name" } },
        { "kind", "1" }, -- internal
        { "startTimeUnixNano", digits "range.start_ns" },
        { "endTimeUnixNano", digits "range.end_ns" },
        { "attributes", layout.items("[", attributes, optional_text("tracereel.instance", "about.instance"),
            attribute("tracereel.span", "stringValue", '"' .. kind .. '"'),
            mark("tracereel.tainted", "story.is_tainted"), "]", events, status) },
    })
end

local function with_events(path, item)
    return { "if", path, layout.items(',"events":[', item, "]") }
end

local fill_attempt = span("attempt", layout.items(
    first(integer("tracereel.node_id", "story.node_id")),
    integer("tracereel.attempt", "about.number"),
    text("tracereel.outcome", "about.outcome"),
    { "if", "about.is_cut", {}, { optional("about.duration_ns", integer("tracereel.run_ns", "about.duration_ns")) } },
    mark("tracereel.open", "about.is_open"),
    mark("tracereel.estimated", "about.is_estimated"),
    mark("tracereel.start_unknown", "about.is_cut"),
    mark("tracereel.clock_step", "about.is_clock_step"),
    optional_text("tracereel.resource", "about.resource"),
    optional_text("tracereel.kind", "about.kind"),
    optional("about.scheduled_ns", integer("tracereel.scheduled_ns", "about.scheduled_ns"))
), with_events("about.error_ns", exception("about.error_ns", "about.error_message")), layout.items(
    optional("story.has_failed", layout.items(',"status":', error_status "about.error_message")),
    optional("story.is_done", layout.items(',"status":', done_status))))

local fill_suspension = span("suspension", layout.items(
    first(integer("tracereel.node_id", "about.id")),
    optional_text("tracereel.wait", "range.wait"),
    mark("tracereel.open", "range.is_open")
), "", "")

local fill_node = span("node", layout.items(
    first(integer("tracereel.node_id", "about.id")),
    text("tracereel.status", "about.status")
), with_events("story.has_loop", { "each", "about.loop_events", "event", layout.items(
    event({ "if", "event.is_exit", { '"loop_exit"' }, { '"loop_iteration"' } }, "event.timestamp_ns",
        first(integer("tracereel.iteration", "event.iteration")))), "," }), layout.items(
    optional("story.has_failed", layout.items(',"status":', error_status "about.error")),
    optional("story.is_done", layout.items(',"status":', done_status))))

local fill_trace = span("trace", layout.items(
    first(text("tracereel.trace_id", "about.trace_id")),
    optional_text("tracereel.id", "about.id"),
    optional_text("tracereel.parent", "about.parent"),
    text("tracereel.status", "about.status"),
    optional_text("tracereel.held", "about.held"),
    optional_text("tracereel.metadata", "about.metadata"),
    integer("tracereel.records", "about.record_count"),
    mark("tracereel.open", "about.is_open"),
    mark("tracereel.start_unknown", "range.is_start_unknown")
), with_events("range.failure", exception("about.failure_ns", "about.failure_message")), layout.items(
    optional("story.has_failed", layout.items(',"status":', error_status "about.failure_message")),
    optional("story.is_done", layout.items(',"status":', done_status))))

-- What the spans of one trace have in common.
local Story = {}
Story.__index = Story

local function new_story(trace_stats, block)
    local trace = trace_stats.trace
    local hexadecimal, high, low = hexadecimal_halves(trace.id)
    return setmetatable({
        trace_id = high == 0 and low == 0 and id_of_nil or hexadecimal,
        seed = mix(mix(high + golden) ~ mix(low) ~ mix(trace.start_ns + 2 * golden)),
        is_tainted = trace.tainted,
        block = block,
        sizes = {}, -- of its spans, in bytes, each with the comma before it
    }, Story)
end

---Adds a span.
---@param fill function its layout
---@param seed integer of seed_of_node
---@param number integer of the node's attempt or suspension; 0: the node itself
---@param about table what its layout takes beside its range, with its instance
---@param status integer|nil status_ok or status_error
---@return integer its id
function Story:add(fill, seed, number, parent_id, name, range, about, status)
    local id = mix(seed + number * golden)
    id = id == 0 and 1 or id
    self.has_failed, self.is_done = status == status_error, status == status_ok
    self.sizes[#self.sizes + 1] = fill(self.block, self, id, parent_id, name, range, about)
    return id
end

local status_of_outcome = { done = status_ok, error = status_error }

local function add_node(story, parent_id, label, node)
    local node_id, seed = node.id, story.seed
    if node.instance then
        seed = seed ~ seed_of_instance(node.instance)
    end
    story.node_id, story.has_loop = node_id, #node.loop_events > 0
    local id = story:add(fill_node, seed_of_node(seed, kind_numbers.node, node_id), 0, parent_id, label, node, node,
        status_of_outcome[node.status])
    local attempt_seed = seed_of_node(seed, kind_numbers.attempt, node_id)
    for number, attempt in ipairs(node.attempts) do
        story:add(fill_attempt, attempt_seed, number, id, label .. " attempt " .. attempt.number, attempt, attempt,
            status_of_outcome[attempt.outcome])
    end
    local suspension_seed = node.suspensions[1] and seed_of_node(seed, kind_numbers.suspension, node_id)
    for number, suspension in ipairs(node.suspensions) do
        story:add(fill_suspension, suspension_seed, number, id, label .. " suspended", suspension, node)
    end
end

local status_of_trace = { complete = status_ok, failed = status_error }

-- As in the log; of an imported one the user's own part.
local function metadata_text(context, trace)
    if not context.is_imported() then
        return trace.metadata
    end
    local fields = context.metadata_of(trace)
    return fields and tracereel.json(fields) or nil
end

local function add_trace(story, context, trace_stats, name)
    local trace, problem = trace_stats.trace, trace_stats.failure
    return story:add(fill_trace, seed_of_node(story.seed, kind_numbers.trace, 0), 0, nil, name, trace_stats, {
        trace_id = trace.id,
        id = context.own_id(trace),
        parent = context.is_imported() and trace.parent or nil,
        status = context.status_of(trace),
        held = trace.held,
        metadata = metadata_text(context, trace),
        record_count = trace.record_count,
        is_open = trace.open,
        failure_ns = problem and problem.timestamp_ns,
        failure_message = problem and problem.message,
    }, status_of_trace[trace.status])
end

-- Some readers take no more of a line, the end of the line included.
local max_line_bytes = (1 << 20) - 1

-- Where the lines end, as numbers of spans: more than one line only where they do not fit into one. A span that is
-- larger is alone.
local function last_spans(sizes, frame_bytes)
    local ends, room = {}, max_line_bytes - frame_bytes - 1
    for index, size in ipairs(sizes) do
        if index > 1 and size > room then
            ends[#ends + 1] = index - 1
            room = max_line_bytes - frame_bytes - 1
        end
        room = room - size
    end
    ends[#ends + 1] = #sizes
    return ends
end

local fill_head = layout.new({ "pipeline", "log" }, '{"resourceSpans":[{"resource":{"attributes":[',
    first(text("service.name", "pipeline")), text("tracereel.log", "log"),
    ']},"scopeSpans":[{"scope":{"name":"tracereel","version":' .. tracereel.json(tracereel.version) .. '},"spans":[')

local tail = "]}]}]}"

-- Writes the spans that have been gathered.
function Otlp:write_lines(sizes, pipeline)
    local context = self.context
    self.flush_spans()
    local spans = table.concat(self.pieces)
    self.pieces = {}
    local frame_bytes = fill_head(context.block, pipeline, context.path) + #tail
    local position, span_number = 1, 1
    for line, last in ipairs(last_spans(sizes, frame_bytes)) do
        if line > 1 then
            fill_head(context.block, pipeline, context.path)
        end
        local first_position = position
        while span_number <= last do
            position, span_number = position + sizes[span_number], span_number + 1
        end
        context.write(spans:sub(first_position + 1, position - 1), tail, "\n")
    end
end

---@param trace_stats tracereel.export.stats
function Otlp:trace(trace_stats)
    local context = self.context
    local pipeline = context.pipeline_of(trace_stats.trace)
    local story = new_story(trace_stats, self.spans)
    local root_id = add_trace(story, context, trace_stats, pipeline)
    for _, node in ipairs(trace_stats.nodes) do
        add_node(story, root_id, context.node_label(node.id), node)
    end
    self:write_lines(story.sizes, pipeline)
end

function otlp.new(context)
    local self = setmetatable({ context = context, pieces = {} }, Otlp)
    local _, flush_spans, spans = layout.block(function(piece)
        self.pieces[#self.pieces + 1] = piece
    end)
    self.spans, self.flush_spans = spans, flush_spans
    return self
end

return otlp

-- OpenTelemetry traces as OTLP/JSON lines: one TracesData object for each trace, as the collector's file receiver reads
-- them. A span for the trace, in it one for each node, in that one for each attempt and each suspension.
local json_text = require "tracereel.export.json_text"
local tracereel = require "tracereel"
local random = require "tracereel.util.random"

local object, array, text, digits = json_text.object, json_text.array, json_text.text, json_text.digits

local otlp = { place = 3, note = "OTLP/JSON lines", needs_times = true }

local Otlp = {}
Otlp.__index = Otlp

local kind_internal = "1"
local status_ok, status_error = 1, 2
-- OTLP forbids a trace id of zeros; this one says "tracereel-nil-id" in ASCII.
local id_of_nil = "7472616365726565" .. "6c2d6e696c2d6964"

local mix, golden = random.mix, random.golden_ratio

-- The same span has the same id in every export. A start time is part of it, because a UUID can start twice in a log.
local function span_id(trace_seed, kind_number, node_id, number)
    local id = mix(mix(mix(trace_seed + kind_number * golden) + node_id * golden) + number * golden)
    return ("%016x"):format(id == 0 and 1 or id)
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

-- Keys are ours and need no escapes.
local function attribute(list, key, kind, value)
    list[#list + 1] = '{"key":"' .. key .. '","value":{"' .. kind .. '":' .. value .. "}}"
end

local function text_attribute(list, key, value)
    if value ~= nil then
        attribute(list, key, "stringValue", text(value))
    end
end

local function integer_attribute(list, key, value)
    attribute(list, key, "intValue", digits(value))
end

-- Marks are there only where they hold.
local function mark_attribute(list, key, value)
    if value then
        attribute(list, key, "boolValue", "true")
    end
end

local function status_text(code, message)
    return code and object("code", tostring(code), "message", message and text(message))
end

local function event_text(name, ns, attributes)
    return object("timeUnixNano", digits(ns), "name", text(name), "attributes", array(attributes))
end

local function error_event(problem)
    local attributes = {}
    text_attribute(attributes, "exception.message", problem.message)
    return event_text("exception", problem.timestamp_ns, attributes)
end

-- What the spans of one trace have in common.
local Story = {}
Story.__index = Story

local function new_story(trace_stats)
    local trace = trace_stats.trace
    local hexadecimal, high, low = hexadecimal_halves(trace.id)
    return setmetatable({
        trace_id = high == 0 and low == 0 and id_of_nil or hexadecimal,
        seed = mix(mix(high + golden) ~ mix(low) ~ mix(trace.start_ns + 2 * golden)),
        is_tainted = trace.tainted,
        spans = {},
    }, Story)
end

---Adds a span. `details` are its attributes, events and status, as JSON texts.
---@return string its id
function Story:add(kind, identity, parent_id, name, range, details)
    local id = span_id(self.seed ~ seed_of_instance(identity.instance), kind_numbers[kind], identity.node_id or 0,
        identity.number or 0)
    local attributes = details.attributes
    text_attribute(attributes, "tracereel.instance", identity.instance)
    text_attribute(attributes, "tracereel.span", kind)
    mark_attribute(attributes, "tracereel.tainted", self.is_tainted)
    self.spans[#self.spans + 1] = object(
        "traceId", text(self.trace_id),
        "spanId", text(id),
        "parentSpanId", parent_id and text(parent_id),
        "name", text(name),
        "kind", kind_internal,
        "startTimeUnixNano", digits(range.start_ns),
        "endTimeUnixNano", digits(range.end_ns),
        "attributes", array(attributes),
        "events", details.events and #details.events > 0 and array(details.events),
        "status", details.status)
    return id
end

local function add_attempt(story, parent_id, node_id, label, attempt, number)
    local attributes = {}
    integer_attribute(attributes, "tracereel.node_id", node_id)
    integer_attribute(attributes, "tracereel.attempt", attempt.number)
    text_attribute(attributes, "tracereel.outcome", attempt.outcome)
    if not attempt.is_open and not attempt.is_cut then
        integer_attribute(attributes, "tracereel.run_ns", attempt.duration_ns)
    end
    mark_attribute(attributes, "tracereel.open", attempt.is_open)
    mark_attribute(attributes, "tracereel.estimated", attempt.is_estimated)
    mark_attribute(attributes, "tracereel.start_unknown", attempt.is_cut)
    mark_attribute(attributes, "tracereel.clock_step", attempt.is_clock_step)
    text_attribute(attributes, "tracereel.resource", attempt.resource)
    text_attribute(attributes, "tracereel.kind", attempt.kind)
    if attempt.scheduled_ns then
        integer_attribute(attributes, "tracereel.scheduled_ns", attempt.scheduled_ns)
    end
    local is_error = attempt.outcome == "error"
    local problem = attempt.error
    story:add("attempt", { node_id = node_id, number = number, instance = attempt.instance }, parent_id,
        ("%s attempt %d"):format(label, attempt.number), attempt, {
            attributes = attributes,
            events = problem and { error_event(problem) },
            status = is_error and status_text(status_error, problem and problem.message)
                or attempt.outcome == "done" and status_text(status_ok),
        })
end

local function add_suspension(story, parent_id, node, label, number, suspension)
    local attributes = {}
    integer_attribute(attributes, "tracereel.node_id", node.id)
    text_attribute(attributes, "tracereel.wait", suspension.wait)
    mark_attribute(attributes, "tracereel.open", suspension.is_open)
    story:add("suspension", { node_id = node.id, number = number, instance = node.instance }, parent_id,
        label .. " suspended", suspension, { attributes = attributes })
end

local function loop_events(node)
    local events = {}
    for index, event in ipairs(node.loop_events) do
        local attributes = {}
        integer_attribute(attributes, "tracereel.iteration", event.iteration)
        events[index] = event_text(event.is_exit and "loop_exit" or "loop_iteration", event.timestamp_ns, attributes)
    end
    return events
end

local status_of_node = { done = status_ok, error = status_error }

local function add_node(story, parent_id, label, node)
    local attributes = {}
    integer_attribute(attributes, "tracereel.node_id", node.id)
    text_attribute(attributes, "tracereel.status", node.status)
    local code = status_of_node[node.status]
    local id = story:add("node", { node_id = node.id, instance = node.instance }, parent_id, label, node, {
        attributes = attributes,
        events = loop_events(node),
        status = status_text(code, code == status_error and node.error),
    })
    for number, attempt in ipairs(node.attempts) do
        add_attempt(story, id, node.id, label, attempt, number)
    end
    for number, suspension in ipairs(node.suspensions) do
        add_suspension(story, id, node, label, number, suspension)
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

local function add_trace(story, context, trace_stats)
    local trace, problem = trace_stats.trace, trace_stats.failure
    local name, attributes = context.pipeline_of(trace), {}
    text_attribute(attributes, "tracereel.trace_id", trace.id)
    text_attribute(attributes, "tracereel.id", context.own_id(trace))
    text_attribute(attributes, "tracereel.parent", context.is_imported() and trace.parent or nil)
    text_attribute(attributes, "tracereel.status", context.status_of(trace))
    text_attribute(attributes, "tracereel.held", trace.held)
    text_attribute(attributes, "tracereel.metadata", metadata_text(context, trace))
    integer_attribute(attributes, "tracereel.records", trace.record_count)
    mark_attribute(attributes, "tracereel.open", trace.open)
    mark_attribute(attributes, "tracereel.start_unknown", not trace_stats.is_start_known)
    return story:add("trace", {}, nil, name, trace_stats, {
        attributes = attributes,
        events = problem and { error_event(problem) },
        status = status_text(status_of_trace[trace.status], problem and problem.message),
    })
end

-- Some readers take no more of a line, the end of the line included.
local max_line_bytes = (1 << 20) - 1

-- The spans of each line; more than one line only where they do not fit into one. A span that is larger is alone.
local function in_lines(spans, frame_bytes)
    local lines, room = {}, 0
    for _, span in ipairs(spans) do
        if #lines == 0 or #span + 1 > room then
            lines[#lines + 1] = {}
            room = max_line_bytes - frame_bytes - 1
        end
        table.insert(lines[#lines], span)
        room = room - #span - 1
    end
    return lines
end

---@param trace_stats tracereel.export.stats
function Otlp:trace(trace_stats)
    local context = self.context
    local pipeline = context.pipeline_of(trace_stats.trace)
    local story = new_story(trace_stats)
    local root_id = add_trace(story, context, trace_stats)
    for _, node in ipairs(trace_stats.nodes) do
        add_node(story, root_id, context.node_label(node.id), node)
    end
    local resource = {}
    text_attribute(resource, "service.name", pipeline)
    text_attribute(resource, "tracereel.log", context.path)
    local scope = object("name", '"tracereel"', "version", text(tracereel.version))
    local function line_of(spans)
        return object("resourceSpans", array { object(
            "resource", object("attributes", array(resource)),
            "scopeSpans", array { object("scope", scope, "spans", array(spans)) })
        })
    end
    for _, spans in ipairs(in_lines(story.spans, #line_of {})) do
        context.write(line_of(spans), "\n")
    end
end

function otlp.new(context)
    return setmetatable({ context = context }, Otlp)
end

return otlp

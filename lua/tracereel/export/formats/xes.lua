-- XES (IEEE 1849): a trace for each trace, with an event for each start and end of an attempt, each suspension and
-- resumption, and each record of a loop.
local layout = require "tracereel.export.layout"
local numbers = require "tracereel.export.numbers"
local tracereel = require "tracereel"

local xes = { place = 8, note = "IEEE XES event log", needs_times = true }

local Xes = {}
Xes.__index = Xes

local head = [[
<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1849-2016" xes.features="" xmlns="http://www.xes-standard.org/">
<extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
<extension name="Lifecycle" prefix="lifecycle" uri="http://www.xes-standard.org/lifecycle.xesext"/>
<extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>
<extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
<global scope="trace">
<string key="concept:name" value="unknown"/>
</global>
<global scope="event">
<string key="concept:name" value="unknown"/>
<string key="lifecycle:transition" value="unknown"/>
<date key="time:timestamp" value="1970-01-01T00:00:00Z"/>
</global>
<classifier name="Activity" keys="concept:name"/>
<string key="lifecycle:model" value="standard"/>
]]

local function attribute(kind, key, item)
    return layout.items("<" .. kind .. ' key="' .. key .. '" value="', item, '"/>\n')
end

-- These are there only where there is a value.
local function text(key, path)
    return { "if", path, attribute("string", key, { "xml", path }) }
end

local function time(key, path)
    return { "if", path, attribute("date", key, { "time", path }) }
end

local function integer(key, path)
    return { "if", path, attribute("int", key, { "plain", path }) }
end

-- Marks are there only where they hold.
local function mark(key, path)
    return { "if", path, attribute("boolean", key, "true") }
end

-- An event with a transition of the standard lifecycle.
local function event(transition, ...)
    return layout.new({ "event" }, "<event>\n", attribute("string", "concept:name", { "xml", "event.name" }),
        text("concept:instance", "event.instance"), attribute("string", "lifecycle:transition", transition),
        attribute("date", "time:timestamp", { "time", "event.ns" }), layout.items(...), "</event>\n")
end

local is_clock_step = mark("tracereel.clock_step", "event.is_clock_step")

local fill_schedule = event "schedule"
local fill_start = event("start", text("org:resource", "event.resource"), integer("tracereel.attempt", "event.attempt"),
    mark("tracereel.estimated", "event.is_estimated"))
local fill_complete = event("complete", is_clock_step)
local fill_abort = event("ate_abort", text("tracereel.outcome", "event.outcome"),
    text("tracereel.error", "event.error"), text("tracereel.kind", "event.kind"), is_clock_step)
local fill_suspend = event("suspend", text("tracereel.wait", "event.wait"))
local fill_resume = event "resume"
local fill_loop = event("unknown", integer("tracereel.iteration", "event.iteration"),
    mark("tracereel.loop_exit", "event.is_exit"))

local fill_trace = layout.new({ "about" }, "<trace>\n",
    attribute("string", "concept:name", { "xml", "about.name" }),
    attribute("string", "tracereel.pipeline", { "xml", "about.pipeline" }),
    attribute("string", "tracereel.status", { "xml", "about.status" }),
    time("tracereel.start", "about.start_ns"),
    time("tracereel.end", "about.end_ns"),
    text("tracereel.error", "about.error"),
    text("tracereel.parent", "about.parent"),
    mark("tracereel.tainted", "about.is_tainted"),
    text("tracereel.metadata", "about.metadata"))

-- The user's own keys are texts of theirs.
local fill_member = layout.new({ "kind", "key", "value" }, "<", { "plain", "kind" }, ' key="', { "xml", "key" },
    '" value="', { "xml", "value" }, '"/>\n')

-- The kind of a value of a user's metadata, and the value as a text; nil where XES has none for it.
local function kind_of_member(value)
    if type(value) == "string" then
        return "string", value
    elseif type(value) == "boolean" then
        return "boolean", tostring(value)
    elseif math.type(value) == "integer" then
        return "int", ("%d"):format(value)
    elseif math.type(value) == "float" then
        return "float", ("%.17g"):format(value)
    end
end

-- Within one instant: what ends, then loops, then what begins. An attempt that takes no time ends where it begins,
-- unless it waits meanwhile.
local phase = { resumed = 1, ended = 2, looped = 3, scheduled = 4, started = 5, suspended = 6, resumed_at_once = 7,
    ended_at_once = 8 }

-- The events of one trace, to be put into order.
local Story = {}
Story.__index = Story

---@param event table with ns, name, instance and what its layout takes
function Story:add(order, fill, event_of_node)
    event_of_node.order, event_of_node.fill = order, fill
    self[#self + 1] = event_of_node
end

local function add_end(story, label, attempt, order)
    if attempt.outcome == "done" then
        story:add(order, fill_complete, { ns = attempt.end_ns, name = label, instance = attempt.instance,
            is_clock_step = attempt.is_clock_step })
    else
        story:add(order, fill_abort, { ns = attempt.end_ns, name = label, instance = attempt.instance,
            outcome = attempt.outcome, error = attempt.error_message, kind = attempt.kind,
            is_clock_step = attempt.is_clock_step })
    end
end

local function add_attempt(story, label, attempt, waits_at)
    local instance = attempt.instance
    if attempt.scheduled_ns then
        story:add(phase.scheduled, fill_schedule, { ns = attempt.scheduled_ns, name = label, instance = instance })
    end
    if not attempt.is_cut then
        story:add(phase.started, fill_start, { ns = attempt.start_ns, name = label, instance = instance,
            resource = attempt.resource, attempt = attempt.number, is_estimated = attempt.is_estimated })
    end
    if not attempt.is_open then
        local is_instant = attempt.end_ns == attempt.start_ns and not attempt.is_cut
        add_end(story, label, attempt, not is_instant and phase.ended or waits_at[attempt.end_ns]
            and phase.ended_at_once or phase.started)
    end
end

local function add_node(story, label, node)
    local waits_at, instance = {}, node.instance
    for _, suspension in ipairs(node.suspensions) do
        local start_ns, end_ns = suspension.start_ns, suspension.end_ns
        waits_at[start_ns] = true
        story:add(phase.suspended, fill_suspend, { ns = start_ns, name = label, instance = instance,
            wait = suspension.wait })
        if not suspension.is_open then
            story:add(start_ns == end_ns and phase.resumed_at_once or phase.resumed, fill_resume,
                { ns = end_ns, name = label, instance = instance })
        end
    end
    for _, attempt in ipairs(node.attempts) do
        add_attempt(story, label, attempt, waits_at)
    end
    for _, of_loop in ipairs(node.loop_events) do
        story:add(phase.looped, fill_loop, { ns = of_loop.timestamp_ns, name = label, instance = instance,
            iteration = of_loop.iteration, is_exit = of_loop.is_exit })
    end
end

-- No element has a key twice.
local function is_ours(key)
    return type(key) ~= "string" or key == "concept:name" or key:find("^tracereel%.") ~= nil
end

-- The user's own fields: the metadata where it is a JSON object, each value under its key.
local function write_members(block, fields)
    for key, value in tracereel.sorted(fields) do
        local kind, value_text = kind_of_member(value)
        if kind and not is_ours(key) then
            fill_member(block, kind, key, value_text)
        end
    end
end

---@param trace_stats tracereel.export.stats
function Xes:trace(trace_stats)
    local context, trace, problem = self.context, trace_stats.trace, trace_stats.failure
    local story = setmetatable({}, Story)
    for _, node in ipairs(trace_stats.nodes) do
        add_node(story, context.node_label(node.id), node)
    end
    numbers.sort_by(story, "ns", "order")
    local fields, whole = context.metadata_of(trace)
    fill_trace(context.block, {
        name = context.own_id(trace) or trace.id,
        pipeline = context.pipeline_of(trace),
        status = trace.held and "held" or context.status_of(trace),
        start_ns = trace_stats.is_start_known and trace.start_ns or nil,
        end_ns = not trace.open and trace.last_ns or nil,
        error = problem and problem.message,
        parent = context.is_imported() and trace.parent or nil,
        is_tainted = trace.tainted,
        metadata = whole,
    })
    write_members(context.block, fields or {})
    for _, each in ipairs(story) do
        each.fill(context.block, each)
    end
    context.write("</trace>\n")
end

function Xes:finish()
    self.context.write("</log>\n")
end

function xes.new(context)
    context.write(head)
    return setmetatable({ context = context }, Xes)
end

return xes

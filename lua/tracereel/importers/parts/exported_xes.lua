-- What `tracereel export --format xes` writes: events with more than other tools say of them.
local exported = require "parts.exported"

local exported_xes = {}

local function take(values, key)
    local value = values[key]
    values[key] = nil
    return value
end

local Story = {}
Story.__index = Story

local function queue_of(queues, key)
    queues[key] = queues[key] or {}
    return queues[key]
end

local steps = {}

function steps.start(story, event, key)
    local values = event.values
    local attempt = {
        node = event.node, instance = event.instance, start_ns = event.at, outcome = "open",
        estimated = take(values, "tracereel.estimated"), resource = take(values, "org:resource"),
        scheduled = table.remove(queue_of(story.scheduled, key), 1), place = event.line,
        number = take(values, "tracereel.attempt"),
    }
    attempt.metadata = next(values) and values or nil
    table.insert(story.attempts, attempt)
    table.insert(queue_of(story.running, key), attempt)
end

local function finish(outcome)
    return function(story, event, key)
        local values = event.values
        local attempt = table.remove(queue_of(story.running, key), 1)
        if not attempt then
            attempt = { node = event.node, instance = event.instance, place = event.line }
            story.out:bent("attempts whose start is not known: they take no time", event.line)
            table.insert(story.attempts, attempt)
        end
        attempt.end_ns = event.at
        attempt.outcome = outcome or take(values, "tracereel.outcome") or "error"
        attempt.message, attempt.kind = take(values, "tracereel.error"), take(values, "tracereel.kind")
    end
end

steps.complete = finish "done"
steps.ate_abort = finish()

function steps.schedule(story, event, key)
    table.insert(queue_of(story.scheduled, key), event.at)
end

function steps.suspend(story, event, key)
    local wait = { node = event.node, instance = event.instance, start_ns = event.at,
        kind = take(event.values, "tracereel.wait") or "trace" }
    table.insert(story.waits, wait)
    table.insert(queue_of(story.waiting, key), wait)
end

function steps.resume(story, event, key)
    local wait = table.remove(queue_of(story.waiting, key), 1)
    if wait then
        wait.end_ns = event.at
    else
        story.out:dropped("resumptions of nodes that are not suspended", event.line)
    end
end

function steps.unknown(story, event)
    local iteration = take(event.values, "tracereel.iteration")
    table.insert(story.loops, { node = event.node, instance = event.instance, at = event.at,
        iteration = iteration,
        is_exit = take(event.values, "tracereel.loop_exit") })
end

local function event_of(reader, raw)
    local values = raw.values
    local instance = take(values, "concept:instance")
    return {
        node = tostring(take(values, "concept:name")), instance = instance ~= nil and tostring(instance) or nil,
        at = reader:time(take(values, "time:timestamp"), raw.line), values = values, line = raw.line,
    }
end

---@param reader table of the importer
---@param found { values: table, events: table[], line: string }
function exported_xes.write(reader, found)
    local values, out = found.values, reader.out
    local function time(key)
        local value = take(values, key)
        return value and reader:time(value, found.line)
    end
    local story = setmetatable({ out = out, attempts = {}, waits = {}, loops = {}, running = {}, waiting = {},
        scheduled = {} }, Story)
    story.at, story.closed_at = time "tracereel.start", time "tracereel.end"
    story.outcome = exported.outcome(take(values, "tracereel.status"))
    story.error = take(values, "tracereel.error")
    values["tracereel.tainted"] = nil
    for _, raw in ipairs(found.events) do
        local step = steps[take(raw.values, "lifecycle:transition")]
        if step then
            local event = event_of(reader, raw)
            step(story, event, event.node .. "\0" .. (event.instance or ""))
        else
            out:dropped("events that tracereel does not write", raw.line)
        end
    end
    local name = exported.name(out, take(values, "tracereel.pipeline"))
    local id = tostring(take(values, "concept:name"))
    local parent = take(values, "tracereel.parent")
    parent = type(parent) == "string" and parent or nil
    local trace = out:trace { id = id, parent = parent, name = name, at = story.at,
        metadata = next(values) and values or nil }
    exported.write(out, trace, story)
end

return exported_xes

-- What `tracereel export --format otlp` writes: a span for each trace, node, attempt and suspension.
local exported = require "parts.exported"
local spans = require "parts.spans"

local exported_otlp = {}

local Stories = {}
Stories.__index = Stories

-- The lines of a trace come one after the other, or nearly so where a collector has passed them on.
local max_open_stories = 64

---@param out tracereel.import.out
function exported_otlp.new(out)
    return setmetatable({ out = out, open = {}, order = {} }, Stories)
end

local function exception_of(span)
    for _, event in ipairs(span.events) do
        if event.name == "exception" then
            return event
        end
    end
    return nil
end

local function message_of(span)
    local event = exception_of(span)
    return event and event.attributes["exception.message"]
end

-- What a span says of when it was: a mark stands in place of what is not known.
local function range_of(span)
    local attributes = span.attributes
    local start_ns = not attributes["tracereel.start_unknown"] and span.start_ns or nil
    local end_ns = not attributes["tracereel.open"] and (span.end_ns or span.start_ns) or nil
    return start_ns, end_ns
end

local function node_of(story, span)
    local node = story.nodes[span.parent_id or ""]
    return node or "node_" .. tostring(span.attributes["tracereel.node_id"])
end

local function attempt_of(story, span)
    local attributes = span.attributes
    local start_ns, end_ns = range_of(span)
    return {
        node = node_of(story, span), instance = attributes["tracereel.instance"], start_ns = start_ns, end_ns = end_ns,
        outcome = attributes["tracereel.outcome"], estimated = attributes["tracereel.estimated"],
        number = attributes["tracereel.attempt"], resource = attributes["tracereel.resource"],
        scheduled = attributes["tracereel.scheduled_ns"], kind = attributes["tracereel.kind"],
        message = message_of(span), place = span.place,
    }
end

local function wait_of(story, span)
    local start_ns, end_ns = range_of(span)
    return { node = node_of(story, span), instance = span.attributes["tracereel.instance"], start_ns = start_ns,
        end_ns = end_ns, kind = span.attributes["tracereel.wait"] or "trace" }
end

local function add_loops(story, span)
    for _, event in ipairs(span.events) do
        local iteration = event.attributes["tracereel.iteration"]
        if iteration then
            table.insert(story.loops, { node = span.name, instance = span.attributes["tracereel.instance"],
                at = event.at or span.start_ns, iteration = iteration, is_exit = event.name == "loop_exit" })
        end
    end
end

-- The user's metadata: the fields of a JSON object, or a text as it was.
local function metadata_of(text)
    local fields = type(text) == "string" and tracereel.json_decode(text)
    if type(fields) ~= "table" then
        return text ~= nil and { ["tracereel.metadata"] = tostring(text) } or nil
    end
    local metadata = {}
    for key, value in tracereel.sorted(fields) do
        metadata[key] = type(value) == "table" and tracereel.json(value) or value
    end
    return next(metadata) ~= nil and metadata or nil
end

local function write(self, story)
    local root = story.root
    local out, attributes = self.out, root and root.attributes or {}
    if not root then
        out:bent("traces of which the span of the trace itself is missing", story.spans[1].place)
    end
    local write_to = { attempts = {}, waits = {}, loops = {} }
    for _, span in ipairs(story.spans) do
        if span.attributes["tracereel.span"] == "node" then
            story.nodes[span.span_id or ""] = span.name
            add_loops(write_to, span)
        end
    end
    for _, span in ipairs(story.spans) do
        local kind = span.attributes["tracereel.span"]
        if kind == "attempt" then
            table.insert(write_to.attempts, attempt_of(story, span))
        elseif kind == "suspension" then
            local wait = wait_of(story, span)
            if wait.start_ns then
                table.insert(write_to.waits, wait)
            else
                out:dropped("suspensions whose start is not known", span.place)
            end
        end
    end
    if root then
        write_to.at, write_to.closed_at = range_of(root)
        write_to.outcome = exported.outcome(attributes["tracereel.status"])
        write_to.error = message_of(root)
        -- Its span is as long as all that happened: a failure says when it ended.
        local failure = exception_of(root)
        write_to.closed_at = write_to.outcome and (failure and failure.at or write_to.closed_at) or nil
    end
    local name = exported.name(out, root and root.name)
    local parent = attributes["tracereel.parent"]
    local trace = out:trace { id = tostring(attributes["tracereel.id"] or attributes["tracereel.trace_id"] or story.id),
        parent = type(parent) == "string" and parent or nil, name = name, at = write_to.at,
        metadata = metadata_of(attributes["tracereel.metadata"]) }
    exported.write(out, trace, write_to)
end

function Stories:flush_first()
    local story = table.remove(self.order, 1)
    if self.open[story.id] == story then
        self.open[story.id] = nil
    end
    write(self, story)
end

function Stories:add(span)
    span.span_id, span.parent_id = spans.id(span.span_id), spans.id(span.parent_id)
    local story = self.open[span.trace_id]
    local is_root = span.attributes["tracereel.span"] == "trace"
    if not story or is_root and story.root then
        -- The same id again is another life of it.
        story = { id = span.trace_id, spans = {}, nodes = {} }
        self.open[span.trace_id] = story
        self.order[#self.order + 1] = story
    end
    story.spans[#story.spans + 1] = span
    if is_root then
        story.root = span
    end
end

function Stories:next_document()
    while #self.order > max_open_stories do
        self:flush_first()
    end
end

function Stories:finish()
    while #self.order > 0 do
        self:flush_first()
    end
end

return exported_otlp

-- OpenTelemetry's spans as OTLP/JSON, and Jaeger's. A trace is a trace; its root span is what it did as a whole, every
-- other span a run of the node that has its name.
local exported_otlp = require "parts.exported_otlp"
local spans = require "parts.spans"

local function detect(head)
    return head:find('"resourceSpans"', 1, true) ~= nil or head:find('"batches"', 1, true) ~= nil
        or head:find('"traceID"', 1, true) ~= nil and head:find('"operationName"', 1, true) ~= nil
end

local Reader = {}
Reader.__index = Reader

-- What all inputs have in common: a trace may go on in the next.
local reader

local function metadata_of(self, span, with_service)
    local metadata = self.args.attributes and span.attributes or {}
    if with_service and span.service then
        metadata["service.name"] = span.service
    end
    return metadata
end

local function write_root(self, known, span)
    known.trace = self.out:trace { id = span.trace_id, name = span.name, at = span.start_ns,
        metadata = metadata_of(self, span, true) }
    if span.end_ns then
        known.trace:close(span.is_error and "failed" or "complete", { at = span.end_ns,
            error = span.is_error and spans.problem(span) or nil })
    end
    known.has_root = true
end

-- Where a span stands: what waits keeps it, what is read just now is where the input is.
local function place_of(self, span)
    return span.place or self.input:where()
end

-- Filled anew for each span, which is cheaper than a new one.
local step = { parallel = true }

local function write_node(self, known, span)
    local trace, start_ns, end_ns = known.trace, span.start_ns, span.end_ns
    if end_ns and end_ns < start_ns then
        self.out:bent("spans that end before they start: they take no time", place_of(self, span))
        end_ns = start_ns
    end
    step.at, step.metadata = start_ns, metadata_of(self, span)
    step.resource = span.service
    step.duration = end_ns and end_ns - start_ns
    step.kind = end_ns and span.is_error and "error" or nil
    step.error = step.kind and spans.problem(span)
    if end_ns then
        trace:attempt(span.name, step)
    else
        trace:start(span.name, step)
    end
end

local function write_pending(self, known)
    for _, span in ipairs(known.pending or {}) do
        write_node(self, known, span)
    end
    known.pending = nil
end

-- Spans wait until the root of their trace is there, whose name is the trace's.
function Reader:add(span)
    local known = self.traces[span.trace_id]
    if not known then
        known = { trace = nil, has_root = nil }
        self.traces[span.trace_id] = known
        self.order[#self.order + 1] = known
    end
    if not span.parent_id and not known.has_root then
        write_root(self, known, span)
        write_pending(self, known)
    elseif known.trace then
        write_node(self, known, span)
    else
        span.place = self.input:where()
        known.pending = known.pending or {}
        table.insert(known.pending, span)
        known.id = span.trace_id
    end
end

function Reader:visit(span)
    local is_exported = span.attributes["tracereel.span"]
    if span.link_count > 0 then
        self.out:dropped("links to other spans", self.input:where())
    end
    for index = 1, is_exported and 0 or #span.events do
        if not spans.is_exception(span.events[index]) then
            self.out:dropped("events of spans other than exceptions", self.input:where())
        end
    end
    if not span.trace_id or not span.start_ns then
        self.out:dropped("spans without a trace or a start", self.input:where())
    elseif is_exported then
        span.place = self.input:where()
        self.exported:add(span)
    else
        self:add(span)
    end
end

-- At the end: traces of which no root has come.
function Reader:finish()
    for _, known in ipairs(self.order) do
        if not known.trace then
            self.out:bent("traces without a root span: they end with their last span", known.pending[1].place)
            known.trace = self.out:trace { id = known.id }
            write_pending(self, known)
            known.trace:close "complete"
        end
    end
    self.order = {}
    self.exported:finish()
end

local function import(input, out, args)
    if not reader then
        reader = setmetatable({ out = out, args = args, traces = {}, order = {}, exported = exported_otlp.new(out) },
            Reader)
    end
    reader.input = input
    local function visit(span)
        reader:visit(span)
    end
    local function skip()
        out:dropped("what is not an object where a span or a list of spans should be", input:where())
    end
    for document in input:json_documents() do
        local problem = spans.each(document, visit, skip)
        if problem and type(document) == "table" and (document.resourceMetrics or document.resourceLogs) then
            out:dropped("documents of metrics or logs", input:where())
        elseif problem then
            input:fail("no spans: %s", problem)
        end
        reader.exported:next_document()
    end
end

return {
    api = 1,
    summary = "OpenTelemetry's spans (OTLP/JSON) and Jaeger's, and what export --format otlp writes.",
    extensions = { "json", "jsonl" },
    detect = detect,
    args = {
        attributes = { type = "boolean", default = true, help = "Keep the attributes of spans as metadata." },
    },
    import = import,
    finish = function()
        if reader then
            reader:finish()
        end
    end,
}

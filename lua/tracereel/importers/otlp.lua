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

local function trace_of_root(self, span)
    local trace = self.out:trace { id = span.trace_id, name = span.name, at = span.start_ns,
        metadata = metadata_of(self, span, true) }
    if span.end_ns then
        trace:close(span.is_error and "failed" or "complete", { at = span.end_ns,
            error = span.is_error and spans.problem(span) or nil })
    end
    return trace
end

-- Where a span stands: what waits keeps it, what is read just now is where the input is.
local function place_of(self, span)
    return span.place or self.input:where()
end

-- Filled anew for each span, which is cheaper than a new one.
local step = { parallel = true }

local function write_node(self, span)
    local trace = self.out:trace { id = span.trace_id }
    local start_ns, end_ns = span.start_ns, span.end_ns
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

-- Spans wait until the root of their trace is there, whose name is the trace's. Returns whether this one does.
function Reader:add(span)
    local id = span.trace_id
    if self.spans:has_root(id) then
        write_node(self, span)
    elseif span.parent_id then
        span.place = self.input:where()
        self.spans:wait(id, span)
        return true
    else
        trace_of_root(self, span)
        self.spans:begin(id)
    end
    return false
end

-- Returns whether the span is kept.
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
        return true
    else
        return self:add(span)
    end
    return false
end

-- At the end: traces of which no root has come.
function Reader:finish()
    for id, place in self.spans:rootless() do
        self.out:bent("traces without a root span: they end with their last span", place)
        local trace = self.out:trace { id = id }
        self.spans:begin(id)
        trace:close "complete"
    end
    self.exported:finish()
end

local function new_reader(out, args)
    local self = setmetatable({ out = out, args = args, exported = exported_otlp.new(out) }, Reader)
    -- Plain spans need no more than this; what export writes is for `exported`, document by document.
    self.spans = out:spans { resource = "service.name", attributes = args.attributes, apart = { "tracereel.span" },
        write = function(span)
            write_node(self, span)
        end }
    return self
end

local function read_document(document, visit, skip)
    local problem = spans.each(document, visit, skip)
    if problem and type(document) == "table" and (document.resourceMetrics or document.resourceLogs) then
        reader.out:dropped("documents of metrics or logs", reader.input:where())
    elseif problem then
        reader.input:fail("no spans: %s", problem)
    end
    reader.exported:next_document()
end

local function import(input, out, args)
    reader = reader or new_reader(out, args)
    reader.input = input
    local function visit(span)
        return reader:visit(span)
    end
    local function skip()
        out:dropped("what is not an object where a span or a list of spans should be", input:where())
    end
    for value, service in reader.spans:others(input:json_documents()) do
        if service ~= nil then
            visit(spans.of_otlp(value, service))
        else
            read_document(value, visit, skip)
        end
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

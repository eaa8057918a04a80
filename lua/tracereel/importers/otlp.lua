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

local function write_node(self, trace, span)
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

-- The trace is there: what has waited for it is written.
local function add_trace(self, id, trace)
    self.traces[id] = trace
    for _, span in ipairs(self.pending[id] or {}) do
        write_node(self, trace, span)
    end
    self.pending[id] = nil
end

local function keep(self, span)
    local id = span.trace_id
    span.place = self.input:where()
    if not self.pending[id] then
        self.pending[id] = {}
        self.order[#self.order + 1] = id
    end
    table.insert(self.pending[id], span)
end

-- Spans wait until the root of their trace is there, whose name is the trace's. Returns whether this one does.
function Reader:add(span)
    local trace = self.traces[span.trace_id]
    if trace then
        write_node(self, trace, span)
    elseif span.parent_id then
        keep(self, span)
        return true
    else
        add_trace(self, span.trace_id, trace_of_root(self, span))
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
    for _, id in ipairs(self.order) do
        local pending = self.pending[id]
        if pending then
            self.out:bent("traces without a root span: they end with their last span", pending[1].place)
            local trace = self.out:trace { id = id }
            add_trace(self, id, trace)
            trace:close "complete"
        end
    end
    self.exported:finish()
end

local function import(input, out, args)
    if not reader then
        -- Traces whose root has come, by id; of the others the spans, and which of them came first.
        reader = setmetatable({ out = out, args = args, traces = {}, pending = {}, order = {},
            exported = exported_otlp.new(out) }, Reader)
    end
    reader.input = input
    local function visit(span)
        return reader:visit(span)
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

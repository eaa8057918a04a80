-- Spans as OTLP/JSON and Jaeger have them, in one form: trace_id, span_id and parent_id as they are written (nil for a
-- root), name, start_ns, end_ns (nil while it is open), service (a text), attributes, events, is_error, message.
local base64 = require "parts.base64"

local spans = {}

-- Each of these is asked for several times a span.
local ipairs, type, tointeger = ipairs, type, math.tointeger

-- What is not there. Nothing is ever put into it.
local nothing = {}

-- Calls `visit` with the objects of a list, and before that `skip`, where it is given, for what is none of either.
local function each_object(list, visit, skip)
    if type(list) ~= "table" then
        if list ~= nil and skip then
            skip()
        end
        return
    end
    for index = 1, skip and #list or 0 do
        if type(list[index]) ~= "table" then
            skip()
        end
    end
    for index = 1, #list do
        if type(list[index]) == "table" then
            visit(list[index])
        end
    end
end

local zeros_of_trace, zeros_of_span = ("0"):rep(32), ("0"):rep(16)

-- Whether an id is none: `zeros` is as long as one is to be.
local function is_no_id(value, zeros)
    return type(value) ~= "string" or value == zeros or #value ~= #zeros and value:find("^0*$") ~= nil
end

-- An id: hexadecimal digits as OTLP/JSON says, or base64 as protobuf's own JSON has bytes. nil where it is empty.
local function id_of(value, zeros)
    if is_no_id(value, zeros) then
        return nil
    elseif #value ~= #zeros and (#value == 24 or #value == 12) and value:find("=$") then
        local digits = base64.hexadecimal(value)
        return digits and digits:sub(1, #zeros) or value
    end
    return value:lower()
end

-- Spans of one trace often follow each other.
local last_value, last_id

-- 32 digits are a UUID, written as one.
local function trace_id_of(value)
    if value == last_value then
        return last_id
    end
    local id = id_of(value, zeros_of_trace)
    if id and #id == 32 and not id:find("%X") then
        id = id:gsub("^(%x%x%x%x%x%x%x%x)(%x%x%x%x)(%x%x%x%x)(%x%x%x%x)", "%1-%2-%3-%4-")
    end
    last_value, last_id = value, id
    return id
end

-- AnyValue, as text, number or boolean.
local function plain(value)
    if type(value) ~= "table" then
        return value
    end
    local text, integer = value.stringValue, value.intValue
    if text ~= nil then
        return text
    elseif integer ~= nil then
        return tointeger(integer) or integer
    elseif value.boolValue ~= nil then
        return value.boolValue
    elseif value.doubleValue ~= nil then
        return tonumber(value.doubleValue) or value.doubleValue
    elseif value.bytesValue ~= nil then
        return value.bytesValue
    end
    local nested = value.arrayValue or value.kvlistValue
    return type(nested) == "table" and tracereel.json(nested.values or {}) or nil
end

local function attributes_of(list)
    local attributes = {}
    if type(list) == "table" then
        for index = 1, #list do
            local one = list[index]
            local key = type(one) == "table" and one.key
            if type(key) == "string" then
                attributes[key] = plain(one.value)
            end
        end
    end
    return attributes
end

-- A time of nanoseconds, as a number or a text of digits; 0 and nothing are none.
local function nanoseconds(value)
    local ns = tointeger(value)
    return ns and ns > 0 and ns or nil
end

local function events_of(list)
    if list == nil then
        return nothing
    end
    local events = {}
    each_object(list, function(one)
        events[#events + 1] = { name = type(one.name) == "string" and one.name or "",
            at = nanoseconds(one.timeUnixNano), attributes = attributes_of(one.attributes) }
    end)
    return events
end

local function is_error_code(code)
    return code == 2 or code == "STATUS_CODE_ERROR" or code == "2"
end

-- Names that spans have had: a name is looked at once.
local is_name = {}

local function name_of(value)
    if type(value) ~= "string" or value == "" then
        return "unnamed"
    end
    is_name[value] = true
    return value
end

-- Says all of a span anew.
local function fill_from_otlp(span, raw, service)
    local name, links, parent_id, status = raw.name, raw.links, raw.parentSpanId, raw.status
    status = status ~= nil and type(status) == "table" and status or nothing
    local message = status.message
    span.trace_id = trace_id_of(raw.traceId)
    span.span_id = raw.spanId
    span.parent_id = parent_id ~= nil and not is_no_id(parent_id, zeros_of_span) and parent_id or nil
    span.name = is_name[name] and name or name_of(name)
    span.start_ns = nanoseconds(raw.startTimeUnixNano)
    span.end_ns = nanoseconds(raw.endTimeUnixNano)
    span.service = service
    span.attributes = attributes_of(raw.attributes)
    span.events = events_of(raw.events)
    span.link_count = links ~= nil and type(links) == "table" and #links or 0
    span.is_error = is_error_code(status.code)
    span.message = message ~= nil and type(message) == "string" and message ~= "" and message or nil
end

local function each_otlp(list, visit, skip)
    local span = {}
    each_object(list, function(resource_spans)
        local resource = type(resource_spans.resource) == "table" and resource_spans.resource or nothing
        local service = attributes_of(resource.attributes)["service.name"]
        service = service ~= nil and tostring(service) or nil
        each_object(resource_spans.scopeSpans or resource_spans.instrumentationLibrarySpans, function(scope)
            each_object(scope.spans, function(raw)
                fill_from_otlp(span, raw, service)
                if visit(span) then
                    span = {}
                end
            end, skip)
        end, skip)
    end, skip)
end

-- Jaeger's tags: { key, type, value }.
local function tags_of(list)
    local tags = {}
    each_object(list, function(tag)
        if type(tag.key) == "string" and type(tag.value) ~= "table" then
            tags[tag.key] = tag.value
        end
    end)
    return tags
end

-- Half of what there is room for, so that a time and a duration add up.
local max_us = 4000000000000000

-- Microseconds in ns; nil for what is no whole number of them, or no time since 1970.
local function of_microseconds(value)
    local us = math.tointeger(value)
    return us and us >= 0 and us < max_us and us * 1000 or nil
end

-- A span that ends before it starts does so in the log as well, where that is told.
local function end_of(start_ns, duration)
    local us = math.tointeger(duration)
    return start_ns and us and us > -max_us and us < max_us and math.max(start_ns + us * 1000, 0) or nil
end

local function logs_of(list)
    local events = {}
    each_object(list, function(log)
        local fields = tags_of(log.fields)
        if fields.event == "error" or fields["error.object"] or fields["error.kind"] then
            fields["exception.message"] = fields["exception.message"] or fields.message or fields["error.object"]
        end
        events[#events + 1] = { name = tostring(fields.event or ""), at = of_microseconds(log.timestamp) or 0,
            attributes = fields }
    end)
    return events
end

-- The span of the same trace that is its parent. What only follows another has that other's parent in common with it.
local function jaeger_parent(raw)
    local parent, link_count = id_of(raw.parentSpanID, zeros_of_span), 0
    each_object(raw.references, function(reference)
        local is_here = reference.traceID == nil or reference.traceID == raw.traceID
        if is_here and not parent then
            parent = reference.spanID
        else
            link_count = link_count + 1
        end
    end)
    return parent, link_count
end

local function of_jaeger(raw, processes)
    local process = raw.process or processes[raw.processID or ""]
    process = type(process) == "table" and process or {}
    local tags = tags_of(raw.tags)
    local parent, link_count = jaeger_parent(raw)
    local start_ns = of_microseconds(raw.startTime)
    local status = tags["otel.status_code"]
    return {
        trace_id = trace_id_of(raw.traceID),
        span_id = raw.spanID,
        parent_id = parent,
        name = type(raw.operationName) == "string" and raw.operationName ~= "" and raw.operationName or "unnamed",
        start_ns = start_ns,
        end_ns = end_of(start_ns, raw.duration),
        service = process.serviceName ~= nil and tostring(process.serviceName) or nil,
        attributes = tags,
        events = logs_of(raw.logs),
        link_count = link_count,
        is_error = tags.error == true or tags.error == "true" or status == "ERROR",
        message = tags["otel.status_description"] or tags["error.message"],
    }
end

local function each_jaeger(trace, visit, skip)
    local processes = type(trace.processes) == "table" and trace.processes or {}
    each_object(trace.spans, function(raw)
        visit(of_jaeger(raw, processes))
    end, skip)
end

---Calls `visit` with each span of a document of either kind. Unless it returns true, the span is another one then.
---@param document any
---@param visit fun(span: table): boolean
---@param skip fun() called for each place where there should be an object, and is none
---@return string|nil problem why it is none
function spans.each(document, visit, skip)
    if type(document) ~= "table" then
        return "an object expected"
    end
    local list = document.resourceSpans or document.batches
    if type(list) == "table" then
        each_otlp(list, visit, skip)
    elseif type(document.spans) == "table" and (document.traceID or document.processes) then
        each_jaeger(document, visit, skip)
    elseif document.traceID and document.operationName then
        visit(of_jaeger(document, {}))
    elseif type(document._source) == "table" then
        return spans.each(document._source, visit, skip)
    elseif type(document.result or document.data or document.hits) == "table" then
        return spans.each(document.result or document.data or document.hits, visit, skip)
    elseif document[1] ~= nil then
        for _, one in ipairs(document) do
            local problem = spans.each(one, visit, skip)
            if problem then
                return problem
            end
        end
    elseif next(document) ~= nil then
        return "neither resourceSpans (OTLP) nor spans with a traceID (Jaeger)"
    end
    return nil
end

---One span of OTLP/JSON.
---@param raw table
---@param service string|false|nil
---@return table
function spans.of_otlp(raw, service)
    local span = {}
    fill_from_otlp(span, raw, service or nil)
    return span
end

---A span's id as hexadecimal digits in small letters, whichever way it is written.
---@param value any
---@return string|nil
function spans.id(value)
    return id_of(value, zeros_of_span)
end

---@param event table of a span
function spans.is_exception(event)
    return event.name == "exception" or event.attributes["exception.message"] ~= nil
end

---The message of what went wrong in a span.
---@return string|nil
function spans.problem(span)
    for _, event in ipairs(span.events) do
        if spans.is_exception(event) then
            local attributes = event.attributes
            local message = attributes["exception.message"] or attributes["exception.type"]
            return message ~= nil and tostring(message) or nil
        end
    end
    return span.message ~= nil and tostring(span.message) or nil
end

return spans

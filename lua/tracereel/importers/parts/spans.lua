-- Spans as OTLP/JSON and Jaeger have them, in one form: trace_id, span_id, parent_id (nil for a root), name, start_ns,
-- end_ns (nil while it is open), service, attributes, events, is_error, message.
local base64 = require "parts.base64"

local spans = {}

-- What is not there. Nothing is ever put into it.
local nothing = {}

local function are_objects(list)
    for _, one in ipairs(list) do
        if type(one) ~= "table" then
            return false
        end
    end
    return true
end

-- The objects of a list, not to be changed: for what is none of either `skip` is called, where it is given.
local function objects(list, skip)
    if type(list) ~= "table" then
        if list ~= nil and skip then
            skip()
        end
        return nothing
    elseif are_objects(list) then
        return list
    end
    local found = {}
    for _, one in ipairs(list) do
        if type(one) == "table" then
            found[#found + 1] = one
        elseif skip then
            skip()
        end
    end
    return found
end

-- An id: hexadecimal digits as OTLP/JSON says, or base64 as protobuf's own JSON has bytes. nil where it is empty.
local function id_of(value, digit_count)
    if type(value) ~= "string" or value == "" or value:find("^0+$") then
        return nil
    elseif #value ~= digit_count and (#value == 24 or #value == 12) and value:find("=$") then
        local digits = base64.hexadecimal(value)
        return digits and digits:sub(1, digit_count) or value
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
    local id = id_of(value, 32)
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
    local integer = value.intValue
    if value.stringValue ~= nil then
        return value.stringValue
    elseif integer ~= nil then
        return math.tointeger(tonumber(integer)) or integer
    elseif value.boolValue ~= nil then
        return value.boolValue
    elseif value.doubleValue ~= nil then
        return tonumber(value.doubleValue) or value.doubleValue
    elseif value.bytesValue ~= nil then
        return value.bytesValue
    end
    local nested = value.arrayValue or value.kvlistValue
    return nested and tracereel.json(nested.values or {}) or nil
end

local function attributes_of(list)
    local attributes = {}
    for _, one in ipairs(objects(list)) do
        if type(one.key) == "string" then
            attributes[one.key] = plain(one.value)
        end
    end
    return attributes
end

-- A time of nanoseconds, as a number or a text of digits; 0 and nothing are none.
local function nanoseconds(value)
    local ns = math.tointeger(value)
    return ns and ns > 0 and ns or nil
end

local function events_of(list)
    if list == nil then
        return nothing
    end
    local events = {}
    for index, one in ipairs(objects(list)) do
        events[index] = { name = type(one.name) == "string" and one.name or "", at = nanoseconds(one.timeUnixNano),
            attributes = attributes_of(one.attributes) }
    end
    return events
end

local function is_error_code(code)
    return code == 2 or code == "STATUS_CODE_ERROR" or code == "2"
end

local function of_otlp(raw, service)
    local status = type(raw.status) == "table" and raw.status or nothing
    return {
        trace_id = trace_id_of(raw.traceId),
        span_id = id_of(raw.spanId, 16),
        parent_id = id_of(raw.parentSpanId, 16),
        name = type(raw.name) == "string" and raw.name ~= "" and raw.name or "unnamed",
        start_ns = nanoseconds(raw.startTimeUnixNano),
        end_ns = nanoseconds(raw.endTimeUnixNano),
        service = service,
        attributes = attributes_of(raw.attributes),
        events = events_of(raw.events),
        link_count = type(raw.links) == "table" and #raw.links or 0,
        is_error = is_error_code(status.code),
        message = type(status.message) == "string" and status.message ~= "" and status.message or nil,
    }
end

local function each_otlp(list, visit, skip)
    for _, resource_spans in ipairs(objects(list, skip)) do
        local resource = type(resource_spans.resource) == "table" and resource_spans.resource or {}
        local service = attributes_of(resource.attributes)["service.name"]
        local scopes = resource_spans.scopeSpans or resource_spans.instrumentationLibrarySpans
        for _, scope in ipairs(objects(scopes, skip)) do
            for _, raw in ipairs(objects(scope.spans, skip)) do
                visit(of_otlp(raw, service))
            end
        end
    end
end

-- Jaeger's tags: { key, type, value }.
local function tags_of(list)
    local tags = {}
    for _, tag in ipairs(objects(list)) do
        if type(tag.key) == "string" and type(tag.value) ~= "table" then
            tags[tag.key] = tag.value
        end
    end
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
    for index, log in ipairs(objects(list)) do
        local fields = tags_of(log.fields)
        if fields.event == "error" or fields["error.object"] or fields["error.kind"] then
            fields["exception.message"] = fields["exception.message"] or fields.message or fields["error.object"]
        end
        events[index] = { name = tostring(fields.event or ""), at = of_microseconds(log.timestamp) or 0,
            attributes = fields }
    end
    return events
end

-- The span of the same trace that is its parent. What only follows another has that other's parent in common with it.
local function jaeger_parent(raw)
    local parent, link_count = id_of(raw.parentSpanID, 16), 0
    for _, reference in ipairs(objects(raw.references)) do
        local is_here = reference.traceID == nil or reference.traceID == raw.traceID
        if is_here and not parent then
            parent = reference.spanID
        else
            link_count = link_count + 1
        end
    end
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
        service = process.serviceName,
        attributes = tags,
        events = logs_of(raw.logs),
        link_count = link_count,
        is_error = tags.error == true or tags.error == "true" or status == "ERROR",
        message = tags["otel.status_description"] or tags["error.message"],
    }
end

local function each_jaeger(trace, visit, skip)
    local processes = type(trace.processes) == "table" and trace.processes or {}
    for _, raw in ipairs(objects(trace.spans, skip)) do
        visit(of_jaeger(raw, processes))
    end
end

---Calls `visit` with each span of a document of either kind.
---@param document any
---@param visit fun(span: table)
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

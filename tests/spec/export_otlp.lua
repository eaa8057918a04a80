-- A reader of OTLP/JSON that refuses what does not follow opentelemetry/proto/{trace,common,resource}/v1 and the rules
-- of its JSON encoding: field names in lowerCamelCase, ids in hexadecimal, 64-bit integers as texts, enums as numbers.
local exact_json = require "tests.spec.exact_json"

local function check_text(value, where)
    assert(type(value) == "string" and value:sub(1, 1) ~= "#", where .. ": not a text")
end

local function check_fixed64(value, where)
    assert(type(value) == "string" and value:match("^%d+$"), where .. ": 64-bit numbers are texts of digits")
end

local function check_enum(largest)
    return function(value, where)
        local number = type(value) == "string" and tonumber(value:match("^#(%d+)$"))
        assert(number and number <= largest, where .. ": not a number of the enum")
    end
end

local function check_id(digits)
    return function(value, where)
        assert(type(value) == "string" and #value == digits and value:match("^%x+$"), where .. ": not such an id")
        assert(value:match("[^0]"), where .. ": an id of zeros is invalid")
    end
end

local check_message

local function list_of(fields)
    return function(value, where)
        assert(type(value) == "table", where .. ": not an array")
        for index, item in ipairs(value) do
            check_message(item, fields, ("%s[%d]"):format(where, index))
        end
    end
end

local function message_of(fields)
    return function(value, where)
        check_message(value, fields, where)
    end
end

function check_message(value, fields, where)
    assert(type(value) == "table", where .. ": not an object")
    for key, item in pairs(value) do
        assert(fields[key], ("%s: the message has no field %s"):format(where, key))
        fields[key](item, where .. "." .. key)
    end
end

local function check_boolean(value, where)
    assert(type(value) == "boolean", where .. ": not true or false")
end

local function check_int64(value, where)
    assert(type(value) == "string" and value:match("^%-?%d+$"), where .. ": intValue is a text of digits")
    assert(math.tointeger(tonumber(value)), where .. ": beyond 64 signed bits")
end

local function check_attributes(value, where)
    local seen = {}
    for index, pair in ipairs(value) do
        local place = ("%s[%d]"):format(where, index)
        check_text(pair.key, place)
        assert(not seen[pair.key], place .. ": the key comes twice: " .. pair.key)
        seen[pair.key] = true
        assert(type(pair.value) == "table" and next(pair.value) and not next(pair.value, (next(pair.value))),
            place .. ": a value has one field")
        check_message(pair.value, { stringValue = check_text, boolValue = check_boolean, intValue = check_int64 },
            place)
    end
end

local status_fields = { message = check_text, code = check_enum(2) }
local event_fields = { timeUnixNano = check_fixed64, name = check_text, attributes = check_attributes }
local span_fields = {
    traceId = check_id(32), spanId = check_id(16), parentSpanId = check_id(16), name = check_text,
    kind = check_enum(5), startTimeUnixNano = check_fixed64, endTimeUnixNano = check_fixed64,
    attributes = check_attributes, events = list_of(event_fields), status = message_of(status_fields),
}
local scope_spans_fields = {
    scope = message_of { name = check_text, version = check_text },
    spans = list_of(span_fields),
}
local resource_spans_fields = {
    resource = message_of { attributes = check_attributes },
    scopeSpans = list_of(scope_spans_fields),
}

local function attributes_of(list)
    local values = {}
    for _, pair in ipairs(list) do
        local _, value = next(pair.value)
        values[pair.key] = value
    end
    return values
end

local required = { "traceId", "spanId", "name", "kind", "startTimeUnixNano", "endTimeUnixNano" }

-- Texts of 20 digits sort as their numbers, also above 2^63.
local function sortable(digits)
    return ("0"):rep(20 - #digits) .. digits
end

local function check_links(spans)
    local by_id = {}
    for _, span in ipairs(spans) do
        for _, key in ipairs(required) do
            assert(span[key], "a span without " .. key)
        end
        assert(span.name ~= "", "a span without a name")
        assert(not by_id[span.spanId], "a span's id comes twice")
        by_id[span.spanId] = span
        assert(sortable(span.startTimeUnixNano) <= sortable(span.endTimeUnixNano), "a span ends before it starts")
    end
    for _, span in ipairs(spans) do
        local parent = by_id[span.parentSpanId or ""]
        assert((parent == nil) == (span.parentSpanId == nil), "a span's parent is not there")
        if parent then
            assert(parent.traceId == span.traceId, "a span's parent is of another trace")
            assert(sortable(parent.startTimeUnixNano) <= sortable(span.startTimeUnixNano)
                and sortable(span.endTimeUnixNano) <= sortable(parent.endTimeUnixNano), "a span leaves its parent")
            span.parent = parent
        end
    end
end

-- A trace whose spans do not fit into one line goes on in the next.
local function check_traces(requests)
    local spans = {}
    for index, request in ipairs(requests) do
        table.move(request.spans, 1, #request.spans, #spans + 1, spans)
        local following = requests[index + 1]
        if not following or following.spans[1].traceId ~= spans[1].traceId or not following.spans[1].parentSpanId then
            check_links(spans)
            spans = {}
        end
    end
end

---Each line's resource and spans; a span has its `values` (attributes by key) and its `parent`.
return function(text)
    local requests = {}
    for line in text:gmatch("([^\n]*)\n") do
        local request = exact_json(line)
        check_message(request, { resourceSpans = list_of(resource_spans_fields) }, "TracesData")
        for _, resource_spans in ipairs(request.resourceSpans) do
            local resource = attributes_of(resource_spans.resource.attributes)
            assert(resource["service.name"], "a resource without service.name")
            for _, scope_spans in ipairs(resource_spans.scopeSpans) do
                for _, span in ipairs(scope_spans.spans) do
                    span.values = attributes_of(span.attributes)
                end
                requests[#requests + 1] = { resource = resource, spans = scope_spans.spans }
            end
        end
    end
    check_traces(requests)
    return requests
end

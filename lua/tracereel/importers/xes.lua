-- XES (IEEE 1849): the event logs of process mining. An event is a transition of an activity; starts and ends are
-- paired.
local activities = require "parts.activities"
local exported_xes = require "parts.exported_xes"
local times = require "parts.times"

local function detect(head)
    return head:find("<log[%s>]") ~= nil and (head:find("xes", 1, true) ~= nil or head:find("<trace[%s>]") ~= nil)
end

local attribute_types = {
    string = true, date = true, int = true, float = true, boolean = true, id = true, list = true, container = true,
}

local function value_of(kind, text)
    if kind == "int" then
        return math.tointeger(text) or text
    elseif kind == "float" then
        return tonumber(text) or text
    elseif kind == "boolean" then
        return text == "true"
    end
    return text
end

-- A reader of the elements of one file: calls `on_trace` with each trace, which is { values, events, line }. Of an
-- attribute inside another the key is "outer/inner".
local function handlers_of(reader, on_trace)
    local trace, event
    local path, depth = {}, 0
    local handlers = {}

    local function note(kind, attributes)
        local owner = event or trace
        local key = attributes.key or ""
        depth = depth + 1
        path[depth] = depth > 1 and path[depth - 1] .. "/" .. key or key
        if not owner or attributes.value == nil then
            return
        end
        local name, number = path[depth], 1
        while owner.values[name] ~= nil do
            number = number + 1
            name = path[depth] .. " " .. number
        end
        owner.values[name] = value_of(kind, attributes.value)
    end

    function handlers.start(name, attributes)
        name = name:match("[^:]+$")
        if attribute_types[name] then
            note(name, attributes)
        elseif name == "event" and event or name == "trace" and (event or trace) then
            reader.input:fail("<%s> inside of <%s>", name, event and "event" or "trace")
        elseif name == "event" then
            event = { values = {}, line = reader.input:where() }
        elseif name == "trace" then
            trace = { values = {}, events = {}, line = reader.input:where() }
        end
    end

    function handlers.finish(name)
        name = name:match("[^:]+$")
        if attribute_types[name] then
            depth = depth - 1
        elseif name == "event" then
            if trace then
                table.insert(trace.events, event)
            else
                reader.out:dropped("events outside of traces", event.line)
            end
            event = nil
        elseif name == "trace" then
            on_trace(trace)
            trace = nil
        end
    end

    return handlers
end

-- Takes a value out: what is left is metadata.
local function take(values, key)
    local value = values[key]
    values[key] = nil
    return value
end

local function text(value)
    return value ~= nil and tostring(value) or nil
end

local Reader = {}
Reader.__index = Reader

-- Nil, and counted, where a log has no time for it.
function Reader:time(value, place)
    local written = tostring(value)
    if times.is_before_1970(written) then
        self.out:dropped("times before 1970", place)
        return nil
    end
    if not self.read_time then
        self.read_time, self.zone = times.reader(self.input, self.out, written, place, self.args)
    end
    return self.read_time(written, self.zone)
end

-- An id of its own for each trace: two of one name are not one.
function Reader:new_trace(found)
    self.trace_count = self.trace_count + 1
    local name = text(take(found.values, self.args.case))
    local id = name or ("%s %d"):format(self.input.name:match("[^/]+$"), self.trace_count)
    local number = 1
    while self.out:has_trace(id) do
        number = number + 1
        id = ("%s (%d)"):format(name, number)
    end
    if number > 1 then
        self.out:bent("traces with the name of another: their ids have a number", found.line)
    end
    return self.out:trace { id = id, metadata = next(found.values) and found.values or nil }
end

-- What an event says of its activity; nil where it has no name or no time.
function Reader:event_of(event)
    local values = event.values
    local activity, at = text(take(values, self.args.activity)), take(values, "time:timestamp")
    if not activity or activity == "" then
        self.out:dropped("events without a name", event.line)
        return nil
    elseif not at then
        self.out:dropped("events without a time", event.line)
        return nil
    end
    local start = take(values, "start_timestamp")
    local at_ns = self:time(at, event.line)
    return at_ns and {
        activity = activity,
        at = at_ns,
        start_ns = start and self:time(start, event.line),
        transition = text(take(values, "lifecycle:transition")),
        instance = text(take(values, "concept:instance")),
        resource = text(take(values, "org:resource")),
        metadata = next(values) and values or nil,
        line = event.line,
    }
end

-- An event with both times, as pm4py writes them.
local function write_interval(self, trace, event)
    local start_ns, end_ns = event.start_ns, event.at
    if end_ns < start_ns then
        self.out:bent("activities that end before they start: they take no time", event.line)
        end_ns = start_ns
    end
    trace:attempt(event.activity, { at = start_ns, duration = end_ns - start_ns, instance = event.instance,
        resource = event.resource, metadata = event.metadata, parallel = true })
end

function Reader:write_trace(found)
    if found.values["tracereel.status"] then
        return exported_xes.write(self, found)
    end
    local trace = self:new_trace(found)
    self.book:note(trace)
    local events = {}
    for _, raw in ipairs(found.events) do
        events[#events + 1] = self:event_of(raw)
    end
    activities.sort(events)
    for _, event in ipairs(events) do
        if event.start_ns then
            write_interval(self, trace, event)
        else
            self.book:event(trace, event)
        end
    end
    self.book:forget_traces()
end

-- What all inputs have in common: whether an activity has starts anywhere, and the name of the flow.
local book
local flow_is_named = false

local function import(input, out, args)
    book = book or activities.new(out, function(event)
        return event.line
    end)
    local reader = setmetatable({ input = input, out = out, args = args, trace_count = 0, book = book }, Reader)
    input:xml(handlers_of(reader, function(found)
        reader:write_trace(found)
    end))
    if reader.trace_count > 0 and not flow_is_named then
        out:flow { name = input.name:match("([^/]+)%.xes") or "events" }
        flow_is_named = true
    end
end

return {
    api = 1,
    summary = "Event logs of process mining in XES (IEEE 1849), and what export --format xes writes.",
    extensions = { "xes" },
    detect = detect,
    args = {
        case = { type = "string", default = "concept:name", help = "The attribute of a trace that is its id." },
        activity = { type = "string", default = "concept:name",
            help = "The attribute of an event that is its activity." },
        zone = { type = "string", help = "The zone of times that name none, such as +01:00. Default: UTC." },
    },
    import = import,
    finish = function()
        if book then
            book:finish()
        end
    end,
}

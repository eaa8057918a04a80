-- Chrome trace events: slices of threads and asynchronous ones are runs of nodes, a process (or what is asked for) is a
-- trace.
local activities = require "parts.activities"
local event_times = require "parts.event_times"

local function detect(head)
    return head:find('"traceEvents"', 1, true) ~= nil
        or head:find("^%s*%[") ~= nil and head:find('"ph"%s*:') ~= nil and head:find('"ts"%s*:') ~= nil
end

-- What no attempt comes of, by the event's phase: what says something of a trace's steps is dropped, what measures or
-- describes something else is left out on purpose.
local dropped_kinds = {
    i = "instants", I = "instants", R = "instants", n = "instants", s = "flow events", t = "flow events",
    f = "flow events", T = "steps of asynchronous events", p = "steps of asynchronous events",
}
local left_out_kinds = {
    C = "counters", N = "objects", O = "objects", D = "objects", v = "memory dumps", V = "memory dumps",
    P = "samples", c = "clock syncs",
}

local Reader = {}
Reader.__index = Reader

local function label(value)
    return value ~= nil and type(value) ~= "table" and tostring(value) or nil
end

local function example(self, index)
    return ("%s: event %d"):format(self.input.name, index)
end

function Reader:drop(kind, index)
    self.out:dropped(kind, example(self, index))
end

function Reader:begin(event, index, start_ns, end_ns)
    local slice = { event = event, start_ns = start_ns, end_ns = end_ns, index = index }
    self.slices[#self.slices + 1] = slice
    return slice
end

local function stack_of(self, key)
    local stack = self.stacks[key]
    if not stack then
        stack = {}
        self.stacks[key] = stack
    end
    return stack
end

local function thread_key(event)
    return ("thread %s %s"):format(label(event.pid), label(event.tid))
end

-- Asynchronous events belong together by their category and id; an id2.local is one of its process.
local function async_key(event)
    local id2 = type(event.id2) == "table" and event.id2 or {}
    local id = label(event.id) or label(id2.global) or ("%s %s"):format(label(event.pid), label(id2["local"]))
    return ("async %s %s %s"):format(label(event.cat), label(event.scope), id)
end

local function open_slice(self, key, event, index, at)
    table.insert(stack_of(self, key), self:begin(event, index, at))
end

-- Ends the slice that began last, of that name where one is asked for.
local function close_slice(self, key, event, index, at, name)
    local stack = stack_of(self, key)
    for position = #stack, 1, -1 do
        local slice = stack[position]
        if not name or slice.event.name == name then
            table.remove(stack, position)
            slice.end_ns, slice.end_args = at, event.args
            return
        end
    end
    self:drop("ends without a begin", index)
end

local phases = {}

function phases.X(self, event, index, at)
    local duration_ns = event_times.nanoseconds(event.dur)
    if not duration_ns or duration_ns < 0 then
        return self:drop("complete events without a duration", index)
    end
    self:begin(event, index, at, at + duration_ns)
end

function phases.B(self, event, index, at)
    open_slice(self, thread_key(event), event, index, at)
end

function phases.E(self, event, index, at)
    close_slice(self, thread_key(event), event, index, at)
end

function phases.b(self, event, index, at)
    open_slice(self, async_key(event), event, index, at)
end

function phases.e(self, event, index, at)
    close_slice(self, async_key(event), event, index, at, event.name)
end

function phases.S(self, event, index, at)
    open_slice(self, async_key(event) .. " " .. (label(event.name) or ""), event, index, at)
end

function phases.F(self, event, index, at)
    close_slice(self, async_key(event) .. " " .. (label(event.name) or ""), event, index, at)
end

-- Names of processes and threads.
function phases.M(self, event)
    local name = type(event.args) == "table" and label(event.args.name)
    if name and event.name == "process_name" then
        self.process_names[label(event.pid) or ""] = name
    elseif name and event.name == "thread_name" then
        self.thread_names[thread_key(event)] = name
    end
end

function Reader:read(events)
    -- Slices of a thread nest in the order of their times, in which the file need not be.
    local order = {}
    for index, event in ipairs(events) do
        local at = type(event) == "table" and event_times.nanoseconds(event.ts) or nil
        local phase = type(event) == "table" and event.ph
        if phase == "M" then
            phases.M(self, event)
        elseif phases[phase] and not at then
            self:drop("events without a time", index)
        elseif phases[phase] then
            order[#order + 1] = { event = event, at = at, index = index }
        elseif left_out_kinds[phase] then
            self.out:left_out(left_out_kinds[phase], example(self, index))
        else
            self:drop(dropped_kinds[phase] or "events of other kinds", index)
        end
    end
    activities.sort(order)
    for _, one in ipairs(order) do
        phases[one.event.ph](self, one.event, one.index, one.at)
    end
end

local function metadata_of(self, slice)
    if not self.args.attributes then
        return nil
    end
    local metadata = {}
    for _, args in ipairs { slice.event.args or {}, slice.end_args or {} } do
        for key, value in tracereel.sorted(type(args) == "table" and args or {}) do
            if type(value) ~= "table" and value ~= tracereel.null then
                metadata[tostring(key)] = value
            end
        end
    end
    metadata.cat = metadata.cat or label(slice.event.cat)
    return next(metadata) ~= nil and metadata or nil
end

-- Which trace a slice is of, and what that is called.
local function trace_id_of(self, event)
    local by = self.args.trace
    local process = label(event.pid) or "0"
    local process_name = self.process_names[process]
    local of_process = process_name and process_name .. " " .. process or "pid " .. process
    if by == "all" then
        return self.input.name:match("[^/]+$"), nil
    elseif by == "tid" then
        local thread_name = self.thread_names[thread_key(event)]
        local thread = (thread_name and thread_name .. " " or "tid ") .. (label(event.tid) or "0")
        return of_process .. ", " .. thread, thread_name or process_name
    elseif by == "pid" then
        return of_process, process_name
    end
    local value = type(event.args) == "table" and label(event.args[by])
    return value or nil, nil
end

function Reader:trace_of(slice)
    local id, name = trace_id_of(self, slice.event)
    if not id then
        self:drop("slices without the argument that names their trace", slice.index)
        return nil
    end
    local trace = self.traces[id]
    if not trace then
        -- A pid of another file is another process; the value of an argument means the same everywhere.
        local is_other = self.args.trace ~= "all" and not self.is_by_argument and self.out:has_trace(id)
        local own_id = is_other and ("%s (%s)"):format(id, self.input.name:match("[^/]+$")) or id
        trace = self.out:trace { id = own_id, name = name, outcome = "complete" }
        self.traces[id] = trace
    end
    return trace
end

local function write_slice(self, trace, slice)
    local event, end_ns = slice.event, slice.end_ns
    local name = label(event.name) or label(event.cat)
    local node = name and name ~= "" and name or "unnamed"
    local tid = label(event.tid)
    local thread = self.thread_names[thread_key(event)] or tid and "tid " .. tid or nil
    local step = { at = slice.start_ns + self.shift_ns, resource = thread, metadata = metadata_of(self, slice),
        parallel = true }
    if end_ns then
        step.duration = end_ns - slice.start_ns
        trace:attempt(node, step)
    else
        trace:start(node, step)
    end
end

function Reader:write()
    table.sort(self.slices, function(a, b)
        if a.start_ns ~= b.start_ns then
            return a.start_ns < b.start_ns
        elseif a.end_ns ~= b.end_ns then
            return (a.end_ns or math.maxinteger) > (b.end_ns or math.maxinteger)
        end
        return a.index < b.index
    end)
    for _, slice in ipairs(self.slices) do
        local trace = self:trace_of(slice)
        if trace then
            write_slice(self, trace, slice)
        end
    end
end

local function import(input, out, args)
    local events, origin_ns = event_times.read(input)
    local reader = setmetatable({ input = input, out = out, args = args, slices = {}, stacks = {}, process_names = {},
        thread_names = {}, traces = {}, shift_ns = origin_ns }, Reader)
    reader.is_by_argument = args.trace ~= "pid" and args.trace ~= "tid" and args.trace ~= "all"
    reader:read(events)
    local first_ns = 0
    for _, slice in ipairs(reader.slices) do
        first_ns = math.min(first_ns, slice.start_ns + origin_ns)
    end
    if first_ns < 0 then
        out:bent("files with times before zero: all of their times are moved", ("%s: by %d ns"):format(input.name,
            -first_ns))
        reader.shift_ns = origin_ns - first_ns
    end
    reader:write()
end

return {
    api = 1,
    summary = "Chrome trace events (JSON), as Chrome, Perfetto and many profilers write them.",
    extensions = { "json" },
    detect = detect,
    args = {
        trace = { type = "string", default = "pid",
            help = "What is a trace: each pid, each tid, all of a file, or what has one value of this argument." },
        attributes = { type = "boolean", default = true, help = "Keep the arguments of events as metadata." },
    },
    import = import,
}

-- What an importer writes to: traces, what happens in them, and the order of the nodes.
local core = require "tracereel.core"
local failure = require "tracereel.util.failure"
local order = require "tracereel.import.order"
local tables = require "tracereel.util.tables"
local tracereel = require "tracereel"
local units = require "tracereel.util.units"

local Out, Trace = {}, {}
Out.__index, Trace.__index = Out, Trace
Out.__metatable, Trace.__metatable = false, false

local out = {}

local private = setmetatable({}, { __mode = "k" })

local function fields(list)
    return tables.set(list)
end

local trace_fields = fields { "id", "name", "parent", "parent_node", "parent_instance", "metadata", "at" }
local fields_of = {
    start = fields { "at", "instance", "after", "resource", "scheduled", "attempt", "metadata" },
    done = fields { "at", "instance", "metadata" },
    error = fields { "at", "instance", "kind", "message", "metadata" },
    attempt = fields { "at", "duration", "instance", "after", "resource", "scheduled", "attempt", "error", "kind",
        "metadata" },
    wait = fields { "at", "kind", "instance", "metadata" },
    resume = fields { "at", "instance" },
    iteration = fields { "at", "iteration", "instance" },
    exit = fields { "at", "iteration", "instance" },
    close = fields { "at", "error" },
}
local integer_fields = fields { "at", "duration", "scheduled", "attempt", "iteration" }
local text_fields = fields { "id", "name", "instance", "resource", "kind", "message", "error", "parent_instance",
    "parent_node" }

-- Raises with the script's line.
local function check_fields(what, given, known, level)
    if type(given) ~= "table" then
        error(("%s: a table expected, got %s"):format(what, failure.got(given)), level + 1)
    end
    for key, value in units.sorted(given) do
        if not known[key] then
            error(("%s: unknown key %s; known are %s"):format(what, failure.name(key), units.names(known)), level + 1)
        elseif integer_fields[key] and (math.type(value) ~= "integer" or value < 0) then
            error(("%s: %s: a whole number expected (a time is what input.time gives), got %s"):format(what, key,
                failure.got(value)), level + 1)
        elseif text_fields[key] and type(value) ~= "string" and math.type(value) ~= "integer" then
            error(("%s: %s: a text expected, got %s"):format(what, key, failure.got(value)), level + 1)
        end
    end
end

local function clean(text)
    return (tostring(text):gsub("%c", " "))
end

local function mention(self, name)
    local node = self.nodes[name]
    if not node then
        node = { name = name, number = self.node_count, after = {} }
        self.nodes[name] = node
        self.node_count = self.node_count + 1
    end
    return node
end

local function node_named(self, what, name, level)
    if type(name) ~= "string" and math.type(name) ~= "integer" then
        error(("%s: the node's name expected, got %s"):format(what, failure.got(name)), level + 1)
    end
    return mention(self, clean(name))
end

local function add_after(self, what, node, after, level)
    if after == nil then
        return
    elseif type(after) ~= "table" then
        error(("%s: after: a list of names expected, got %s"):format(what, failure.got(after)), level + 1)
    end
    for _, name in ipairs(after) do
        local before = node_named(self, what, name, level + 1)
        if before ~= node then
            node.after[before.name] = true
        end
    end
end

-- An object's members in the order of the list, without what is nil; nil where there is none.
local function object(members)
    local parts = {}
    for _, member in ipairs(members) do
        if member[2] ~= nil then
            parts[#parts + 1] = tracereel.json(member[1]) .. ":" .. member[2]
        end
    end
    return parts[1] and "{" .. table.concat(parts, ",") .. "}" or nil
end

local function text_json(value)
    return value ~= nil and tracereel.json(clean(value)) or nil
end

local function metadata_json(what, metadata, level)
    if metadata == nil then
        return nil
    elseif type(metadata) ~= "table" then
        error(("%s: metadata: a table expected, got %s"):format(what, failure.got(metadata)), level + 1)
    end
    local members = {}
    for key, value in units.sorted(metadata) do
        local kind = type(value)
        if kind ~= "string" and kind ~= "number" and kind ~= "boolean" then
            error(("%s: metadata.%s: a text, a number or a boolean expected, got %s"):format(what, failure.name(key),
                failure.got(value)), level + 1)
        end
        members[#members + 1] = { tostring(key), tracereel.json(value) }
    end
    return object(members)
end

local function parent_of(what, parent, level)
    if parent == nil then
        return nil
    elseif private[parent] and private[parent].id then
        return private[parent].id
    elseif type(parent) ~= "string" then
        error(("%s: parent: a trace, or the text that is its id, expected, got %s"):format(what,
            failure.got(parent)), level + 1)
    end
    return core.trace_id_of(parent)
end

---Is there a trace of that id already?
function Out:has_trace(id)
    return private[self].traces[tostring(id)] ~= nil
end

---A trace: the same for the same id.
function Out:trace(given)
    local self_data = private[self]
    check_fields("trace", given, trace_fields, 2)
    if given.id == nil then
        error("trace: `id`, the text that names it, is missing", 2)
    end
    local text = tostring(given.id)
    local known = self_data.traces[text]
    if known then
        return known
    end
    local id = core.trace_id_of(text)
    local data = { out = self_data, id = id, number = #self_data.trace_list, at = given.at, ends = {} }
    local parent = parent_of("trace", given.parent, 2)
    data.parent = parent
    data.metadata = object {
        { "id", id ~= text and text_json(text) or nil },
        { "name", text_json(given.name) },
        { "parent", parent and tracereel.json(parent) },
        { "parent_node", given.parent_node and tostring(mention(self_data, clean(given.parent_node)).number) },
        { "parent_instance", text_json(given.parent_instance) },
        { "metadata", metadata_json("trace", given.metadata, 2) },
    }
    local trace = setmetatable({ id = id }, Trace)
    private[trace] = data
    self_data.traces[text] = trace
    table.insert(self_data.trace_list, data)
    return trace
end

---Says the order of nodes, their types and pools.
function Out:flow(given)
    local self_data = private[self]
    check_fields("flow", given, fields { "name", "nodes", "pools" }, 2)
    self_data.flow_name = given.name and clean(given.name) or self_data.flow_name
    for name, one in units.sorted(given.nodes or {}) do
        local node = node_named(self_data, "flow", name, 2)
        check_fields("flow: " .. node.name, one, fields { "after", "type" }, 2)
        node.type = one.type or node.type
        add_after(self_data, "flow", node, one.after, 2)
    end
    for name, one in units.sorted(given.pools or {}) do
        check_fields("flow: pool " .. name, one, fields { "nodes", "capacity" }, 2)
        local numbers = {}
        for index, node_name in ipairs(one.nodes or {}) do
            numbers[index] = node_named(self_data, "flow", node_name, 2).number
        end
        table.sort(numbers)
        self_data.pools[clean(name)] = { nodes = numbers, capacity = one.capacity }
    end
end

---Which engine's rules the source follows: "xerv", or another.
function Out:origin(given)
    check_fields("origin", given, fields { "rule" }, 2)
    private[self].rule = given.rule or private[self].rule
end

---Something of the input is left out.
function Out:dropped(kind, example)
    private[self].report:add_dropped(clean(kind), example and clean(example))
end

---Something of the input is changed to fit.
function Out:bent(kind, example)
    private[self].report:add_bent(clean(kind), example and clean(example))
end

local function add(data, type_name, at, event)
    local self_data = data.out
    self_data.calls = self_data.calls + 1
    event.type, event.at, event.call, event.trace = type_name, at, self_data.calls, data
    table.insert(self_data.events, event)
    data.first = math.min(data.first or at, at)
    data.last = math.max(data.last or at, at)
end

local function need_at(what, given, level)
    return given.at or error(what .. ": `at`, its time, is missing", level + 1)
end

local function instance_of(given)
    return given.instance ~= nil and clean(given.instance) or nil
end

local function add_start(data, what, node, given, at, level)
    add_after(data.out, what, node, given.after, level + 1)
    add(data, "node_start", at, {
        node = node.name,
        instance = instance_of(given),
        metadata = object {
            { "instance", text_json(given.instance) },
            { "scheduled_ns", given.scheduled and tostring(given.scheduled) },
            { "attempt", given.attempt and tostring(given.attempt) },
            { "resource", text_json(given.resource) },
            { "metadata", metadata_json(what, given.metadata, level + 1) },
        },
    })
end

local function add_end(data, what, node, given, at, level)
    local is_error = given.is_error
    add(data, is_error and "node_error" or "node_done", at, {
        node = node.name,
        instance = instance_of(given),
        message = is_error and given.message or nil,
        metadata = object {
            { "instance", text_json(given.instance) },
            { "kind", is_error and text_json(given.kind) or nil },
            { "metadata", metadata_json(what, given.metadata, level + 1) },
        },
    })
    data.ends[node.name] = math.max(data.ends[node.name] or at, at)
end

function Trace:start(name, given)
    local data = private[self]
    local node = node_named(data.out, "start", name, 2)
    check_fields("start", given, fields_of.start, 2)
    add_start(data, "start", node, given, need_at("start", given, 2), 2)
end

function Trace:done(name, given)
    local data = private[self]
    local node = node_named(data.out, "done", name, 2)
    check_fields("done", given, fields_of.done, 2)
    add_end(data, "done", node, given, need_at("done", given, 2), 2)
end

function Trace:error(name, given)
    local data = private[self]
    local node = node_named(data.out, "error", name, 2)
    check_fields("error", given, fields_of.error, 2)
    local at = need_at("error", given, 2)
    add_end(data, "error", node, { is_error = true, instance = given.instance, kind = given.kind,
        message = given.message, metadata = given.metadata }, at, 2)
end

function Trace:attempt(name, given)
    local data = private[self]
    local node = node_named(data.out, "attempt", name, 2)
    check_fields("attempt", given, fields_of.attempt, 2)
    local at = given.at
    if not at then
        for _, before in ipairs(given.after or {}) do
            at = math.max(at or 0, data.ends[clean(before)] or 0)
        end
        at = at and at > 0 and at or data.at or error("attempt: `at` is missing, and nothing that it comes after has "
            .. "ended in this trace", 2)
    end
    if not given.duration then
        error("attempt: `duration` (in nanoseconds) is missing", 2)
    end
    add_start(data, "attempt", node, given, at, 2)
    add_end(data, "attempt", node, { is_error = given.error ~= nil or given.kind ~= nil, instance = given.instance,
        kind = given.kind, message = given.error }, at + given.duration, 2)
end

function Trace:wait(name, given)
    local data = private[self]
    local node = node_named(data.out, "wait", name, 2)
    check_fields("wait", given, fields_of.wait, 2)
    data.waits = data.waits or {}
    data.waits[node.name .. "\0" .. (instance_of(given) or "")] = given.kind or "signal"
    add(data, "trace_suspended", need_at("wait", given, 2), {
        node = node.name,
        instance = instance_of(given),
        metadata = object {
            { "wait", text_json(given.kind or "signal") },
            { "instance", text_json(given.instance) },
            { "metadata", metadata_json("wait", given.metadata, 2) },
        },
    })
end

function Trace:resume(name, given)
    local data = private[self]
    local node = node_named(data.out, "resume", name, 2)
    check_fields("resume", given, fields_of.resume, 2)
    local at = need_at("resume", given, 2)
    local kind = data.waits and data.waits[node.name .. "\0" .. (instance_of(given) or "")] or "signal"
    add(data, "trace_resumed", at, {
        node = node.name,
        instance = instance_of(given),
        metadata = object { { "wait", text_json(kind) }, { "instance", text_json(given.instance) } },
    })
    data.ends[node.name] = math.max(data.ends[node.name] or at, at)
end

local function add_loop(self, what, type_name, name, given)
    local data = private[self]
    local node = node_named(data.out, what, name, 3)
    check_fields(what, given, fields_of[what], 3)
    add(data, type_name, need_at(what, given, 3), {
        node = node.name,
        instance = instance_of(given),
        iteration = given.iteration,
        metadata = object { { "instance", text_json(given.instance) } },
    })
end

function Trace:iteration(name, given)
    add_loop(self, "iteration", "loop_iteration", name, given)
end

function Trace:exit(name, given)
    add_loop(self, "exit", "loop_exit", name, given)
end

local type_of_outcome = {
    complete = "trace_complete", continued = "trace_complete",
    failed = "trace_failed", cancelled = "trace_failed", timed_out = "trace_failed", terminated = "trace_failed",
}

function Trace:close(outcome, given)
    local data = private[self]
    given = given or {}
    local type_name = type_of_outcome[outcome]
    if not type_name then
        error(("close: unknown outcome %s; known are %s"):format(failure.got(outcome), units.names(type_of_outcome)),
            2)
    end
    check_fields("close", given, fields_of.close, 2)
    if data.close then
        data.out.report:add_dropped("second ends of a trace", "trace " .. data.id)
        return
    end
    data.close = {
        type = type_name,
        at = given.at,
        message = given.error,
        metadata = outcome ~= "complete" and outcome ~= "failed" and object { { "outcome", text_json(outcome) } }
            or nil,
    }
end

---@param report table what is left out and bent
function out.new(report)
    local self = setmetatable({}, Out)
    private[self] = { traces = {}, trace_list = {}, nodes = {}, node_count = 0, events = {}, calls = 0, pools = {},
        report = report }
    return self
end

local function depth_of(data, by_id)
    local depth, parent, seen = 0, by_id[data.parent], { [data] = true }
    while parent and not seen[parent] do
        seen[parent] = true
        depth, parent = depth + 1, by_id[parent.parent]
    end
    return depth
end

-- The first and last record of a trace.
local function add_frame(data, report)
    local first = data.first or data.close and data.close.at
    if not data.at and not first then
        report:add_dropped("traces in which nothing happens", "trace " .. data.id)
        return false
    elseif data.at and first and first < data.at then
        report:add_bent("traces that began after their first event: they begin with it", "trace " .. data.id)
        data.at = first
    end
    data.at = data.at or first
    add(data, "trace_start", data.at, { metadata = data.metadata })
    local close = data.close
    if close then
        local last = math.max(data.last, data.at)
        if close.at and close.at < last then
            report:add_bent("traces that ended before their last event: they end with it", "trace " .. data.id)
            close.at = last
        end
        add(data, close.type, close.at or last, { message = close.message, metadata = close.metadata })
    end
    return true
end

---Writes what the importer said as a log.
---@param writer tracereel.writer
---@return table stats
function out.write(self, writer)
    local data = private[self]
    local by_id, traces, records = {}, 0, 0
    for _, trace in ipairs(data.trace_list) do
        by_id[trace.id] = trace
    end
    for _, trace in ipairs(data.trace_list) do
        trace.depth = depth_of(trace, by_id)
        traces = traces + (add_frame(trace, data.report) and 1 or 0)
    end
    order.write(data.events, data.nodes, function(event)
        records = records + 1
        writer:append(tracereel.record[event.type] {
            trace_id = event.trace.id,
            node_id = event.node and data.nodes[event.node].number or nil,
            timestamp_ns = event.at,
            iteration = event.iteration,
            error_message = event.message,
            metadata = event.metadata,
        })
    end)
    return { traces = traces, records = records, nodes = data.node_count }
end

---What it said of the nodes, by their numbers; and what it said of pools, and of the source's rule.
---@return { name: string, nodes: table, pools: table, rule: string }
function out.flow_of(self)
    local data = private[self]
    local nodes = {}
    for _, node in pairs(data.nodes) do
        local after = {}
        for name in pairs(node.after) do
            after[#after + 1] = data.nodes[name].number
        end
        table.sort(after)
        nodes[node.number] = { name = node.name, type = node.type, after = after }
    end
    return { name = data.flow_name, nodes = nodes, pools = data.pools, rule = data.rule }
end

return out

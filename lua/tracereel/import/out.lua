-- What an importer writes to. The traces and what happens in them are a draft's (src/import/draft.h), which sorts it;
-- here are the order of the nodes, the pools and the report.
local columns = require "tracereel.import.columns"
local core = require "tracereel.core"
local cycles = require "tracereel.flow.cycles"
local failure = require "tracereel.util.failure"
local import_report = require "tracereel.import.report"
local tables = require "tracereel.util.tables"
local units = require "tracereel.util.units"

local out = {}

local flow_fields = tables.set { "name", "nodes", "pools" }
local node_fields = tables.set { "after", "type" }
local pool_fields = tables.set { "nodes", "capacity" }
local origin_fields = tables.set { "rule" }
local spans_fields = tables.set { "resource", "attributes", "apart", "write" }

local function clean(text)
    return (text:gsub("%c", " "))
end

-- Raises with the line of the importer, which has called what has called this.
local function check_fields(what, given, known)
    if type(given) ~= "table" then
        error(("%s: a table expected, got %s"):format(what, failure.got(given)), 0)
    end
    for key in units.sorted(given) do
        if not known[key] then
            error(("%s: unknown key %s; known are %s"):format(what, failure.name(key), units.names(known)), 0)
        end
    end
end

local function check_type(what, value, wanted)
    if value ~= nil and type(value) ~= wanted then
        error(("%s: a %s expected, got %s"):format(what, wanted, failure.got(value)), 0)
    end
    return value
end

local Import = {}
Import.__index = Import

-- Adds what `after` of a node says.
local function add_after(self, number, after)
    for _, name in ipairs(check_type("flow: after", after, "table") or {}) do
        local before = self.draft:node("flow", name)
        if before ~= number then
            self.draft:add_edge(number, before)
        end
    end
end

local function add_pool(self, name, pool)
    check_fields("flow: pool " .. failure.name(name), pool, pool_fields)
    local capacity = math.tointeger(pool.capacity)
    local nodes = check_type("flow: pools: nodes", pool.nodes, "table") or {}
    if type(name) ~= "string" or not capacity or capacity < 1 or #nodes == 0 then
        error("flow: pools: { NAME = { nodes = { NAMES }, capacity = N } } expected", 0)
    end
    local numbers = {}
    for index, node in ipairs(nodes) do
        numbers[index] = self.draft:node("flow", node)
    end
    table.sort(numbers)
    self.pools[clean(name)] = { nodes = numbers, capacity = capacity }
end

local function add_flow(self, given)
    check_fields("flow", given, flow_fields)
    self.flow_name = check_type("flow: name", given.name, "string") or self.flow_name
    for name, node in units.sorted(check_type("flow: nodes", given.nodes, "table") or {}) do
        check_fields("flow: node " .. failure.name(name), node, node_fields)
        local number = self.draft:node("flow", name)
        self.types[number] = check_type("flow: type", node.type, "string") or self.types[number]
        add_after(self, number, node.after)
    end
    for name, pool in units.sorted(check_type("flow: pools", given.pools, "table") or {}) do
        add_pool(self, name, pool)
    end
end

local function set_origin(self, given)
    check_fields("origin", given, origin_fields)
    self.rule = check_type("origin: rule", given.rule, "string") or self.rule
end

-- The object that takes spans.
local function open_spans(self, given)
    check_fields("spans", given, spans_fields)
    local resource = check_type("spans: resource", given.resource, "string")
    local attributes = check_type("spans: attributes", given.attributes, "boolean")
    local apart = check_type("spans: apart", given.apart, "table") or {}
    for _, text in ipairs(apart) do
        check_type("spans: apart: the texts", text, "string")
    end
    if type(given.write) ~= "function" then
        error("spans: write: a function(span) expected, got " .. failure.got(given.write), 0)
    end
    return self.draft:spans(resource, attributes ~= false, apart, given.write, function()
        return self.where and self.where() or nil
    end)
end

local function kind_and_example(what, kind, example)
    if type(kind) ~= "string" then
        error(("%s: a kind, such as \"heartbeats\", expected, got %s"):format(what, failure.got(kind)), 0)
    end
    return clean(kind), example ~= nil and clean(tostring(example)) or nil
end

-- The object that importers have. Its functions take it as their first argument, and need not look at it.
local function importer_object(self)
    local methods = {}
    methods.trace, methods.has_trace = self.draft:functions()
    methods.attempts = core.framed(function(_, rows, given)
        -- So that what it raises names the importer's line, and not this one.
        local roles = columns.of(core.import_row_names(rows), given)
        local is_fine, result = pcall(self.draft.attempts, self.draft, rows, roles)
        return is_fine and result or error(result, 0)
    end)
    methods.spans = core.framed(function(_, given)
        return open_spans(self, given)
    end)
    methods.flow = core.framed(function(_, given)
        add_flow(self, given)
    end)
    methods.origin = core.framed(function(_, given)
        set_origin(self, given)
    end)
    methods.dropped = core.framed(function(_, kind, example)
        self.report:add_dropped(kind_and_example("dropped", kind, example))
    end)
    methods.bent = core.framed(function(_, kind, example)
        self.report:add_bent(kind_and_example("bent", kind, example))
    end)
    methods.left_out = core.framed(function(_, kind, example)
        self.report:add_left_out(kind_and_example("left_out", kind, example))
    end)
    return setmetatable({}, {
        __index = function(_, name)
            return methods[name] or error(("out has no field '%s'; it has %s"):format(failure.name(name),
                units.names(methods)), 2)
        end,
        __newindex = function()
            error("out cannot be changed", 2)
        end,
        __metatable = false,
    })
end

---@param memory_bytes integer|nil of events that are kept in memory while they are sorted
function out.new(memory_bytes)
    local self = setmetatable({ report = import_report.new(), pools = {}, types = {} }, Import)
    local function report(kind, is_dropped)
        local add = is_dropped and self.report.add_dropped or self.report.add_bent
        add(self.report, kind, self.where and self.where() or nil)
    end
    self.draft = core.import_draft(report, memory_bytes)
    self.out = importer_object(self)
    return self
end

---What messages call the place that is being read.
---@param where fun(): string
function Import:set_place(where)
    self.where = where
end

---Is told now and then how many events there are.
---@param step fun(events: integer)
function Import:watch(step)
    self.draft:watch(step)
end

---How many events there are.
function Import:events()
    return self.draft:events()
end

local function add_late_bends(self, nodes)
    for _, bend in ipairs(self.draft:bends()) do
        -- Those that were known at once have been reported with their place.
        if not self.report:has(bend.kind) then
            local node = bend.node and nodes[bend.node + 1]
            local example = ("%strace %s%s"):format(node and node.name .. " of " or "", bend.trace_id,
                bend.at_ns and " at " .. units.time(bend.at_ns) or "")
            local add = bend.is_dropped and self.report.add_dropped or self.report.add_bent
            add(self.report, bend.kind, example, bend.count)
        end
    end
end

-- A flow in which nodes wait for each other is refused where it is read: what closes the circle is left out.
local function cut_circles(self, nodes)
    local numbers = {}
    for index, node in ipairs(nodes) do
        numbers[index] = index - 1
        table.sort(node.after)
    end
    local kept, left_out = cycles.cut(numbers, function(number)
        return nodes[number + 1].after
    end)
    for index, node in ipairs(nodes) do
        node.after = kept[index - 1]
    end
    for _, step in ipairs(left_out) do
        self.report:add_bent("orders that go in a circle: what closes it is left out of the flow",
            ("%s after %s"):format(nodes[step[1] + 1].name, nodes[step[2] + 1].name))
    end
end

---Writes the log. Nothing can be added any more.
---@param directory string
---@param step fun(records: integer, max_records: integer) is called now and then
---@return { traces: integer, records: integer, nodes: table[] }
function Import:write(directory, step)
    local nodes = self.draft:nodes()
    local stats = self.draft:write(directory, step)
    add_late_bends(self, nodes)
    self.draft:close()
    for index, node in ipairs(nodes) do
        node.type = self.types[index - 1]
    end
    cut_circles(self, nodes)
    stats.nodes = nodes
    return stats
end

---What the importer has said of the flow: { name, nodes, pools, rule }.
---@param nodes table[] as `write` gave them
function Import:flow(nodes)
    local by_number = {}
    for index, node in ipairs(nodes) do
        by_number[index - 1] = node
    end
    return { name = self.flow_name and clean(self.flow_name), nodes = by_number, pools = self.pools, rule = self.rule }
end

---Gives up what was said.
function Import:close()
    self.draft:close()
end

return out

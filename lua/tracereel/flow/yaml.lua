-- The engine's own flow files: names, types, ports and edges, but no numbers. A file is read as the engine reads it:
-- what it ignores is ignored, what it refuses is refused, with the line.
local cycles = require "tracereel.flow.cycles"
local document = require "tracereel.flow.document"
local failure = require "tracereel.util.failure"

local yaml = {}

-- The engine's own limits.
local max_nodes, max_edges, max_triggers = 1000, 5000, 100
-- A port's name is shorter than that, in bytes.
local port_limit_bytes = 20

---What a YAML file says of a flow.
---@class tracereel.flow_definition
---@field path string
---@field name string
---@field trigger_count integer
---@field members tracereel.flow_member[] triggers, then nodes, in the order of the file; only what is enabled
---@field index_of table<string, integer> by name: where it is in `members`
---@field edges tracereel.flow_arrow[]

---@class tracereel.flow_member
---@field name string
---@field type string
---@field line integer

---@class tracereel.flow_arrow
---@field from integer index of a member
---@field port string that it leaves `from` by
---@field to integer index of a member
---@field loop_back boolean

local top_level = {
    name = "text", version = "text", description = "text", metadata = "any", triggers = "list", nodes = "map",
    edges = "list", settings = "any",
}
local edge_keys = { from = "text", to = "text", condition = "text", loop_back = "text", description = "text" }
local booleans = { ["true"] = true, True = true, TRUE = true, ["false"] = false, False = false, FALSE = false }
local words = { text = "a text", list = "a list", map = "a mapping" }

local Reader = {}
Reader.__index = Reader

function Reader:refuse(line, message, ...)
    failure.raise("usage", "flow %s:%d: %s", self.definition.path, line, message:format(...))
end

function Reader:expect(part, kind, what)
    if part.kind ~= kind then
        self:refuse(part.line, "%s must be %s, is %s", what, words[kind],
            part.is_null and "nothing" or words[part.kind])
    end
    return part
end

-- The keys of a mapping: each is known, and of its kind.
function Reader:check_keys(map, known, what)
    local names = {}
    for name in pairs(known) do
        names[#names + 1] = name
    end
    table.sort(names)
    for _, key in ipairs(map.keys) do
        local kind, value = known[key.text], map.values[key.text]
        if not kind then
            self:refuse(key.line, '%s has an unknown key "%s"; known are %s', what, key.text, table.concat(names, ", "))
        elseif kind ~= "any" and not value.is_null then
            self:expect(value, kind, ('%s: "%s"'):format(what, key.text))
        end
    end
end

-- A text that must be there and not be empty.
function Reader:text(map, key, what)
    local value = map.values[key]
    if not value or value.is_null then
        self:refuse(map.line, '%s has no "%s"', what, key)
    end
    self:expect(value, "text", ('%s: "%s"'):format(what, key))
    if value.text == "" then
        self:refuse(value.line, '%s: "%s" is empty', what, key)
    end
    return value.text, value.line
end

function Reader:boolean(map, key, default, what)
    local value = map.values[key]
    if not value then
        return default
    elseif value.kind ~= "text" or booleans[value.text] == nil then
        self:refuse(value.line, '%s: "%s" must be true or false', what, key)
    end
    return booleans[value.text]
end

function Reader:add_member(name, type_name, line, is_enabled, what)
    local definition = self.definition
    if self.lines[name] then
        self:refuse(line, '%s: "%s" is the name of another one, in line %d', what, name, self.lines[name])
    end
    self.lines[name] = line
    if is_enabled then
        table.insert(definition.members, { name = name, type = type_name, line = line })
        definition.index_of[name] = #definition.members
    else
        self.disabled[name] = true
    end
end

function Reader:read_triggers(list)
    if #list.items > max_triggers then
        self:refuse(list.line, "%d triggers; the engine takes at most %d", #list.items, max_triggers)
    end
    for index, item in ipairs(list.items) do
        local what = ("triggers[%d]"):format(index)
        self:expect(item, "map", what)
        local name, line = self:text(item, "id", what)
        local type_name = self:text(item, "type", what)
        self:add_member(name, "trigger::" .. type_name, line, self:boolean(item, "enabled", true, what), what)
    end
    self.definition.trigger_count = #self.definition.members
end

function Reader:read_nodes(map)
    if #map.keys > max_nodes then
        self:refuse(map.line, "%d nodes; the engine takes at most %d", #map.keys, max_nodes)
    end
    for _, key in ipairs(map.keys) do
        local what = ('node "%s"'):format(key.text)
        local node = self:expect(map.values[key.text], "map", what)
        if key.text == "" then
            self:refuse(key.line, "a node has an empty name")
        end
        local type_name = self:text(node, "type", what)
        self:add_member(key.text, type_name, key.line, self:boolean(node, "enabled", true, what), what)
    end
end

-- "node.port" or "node", as the engine takes them apart.
local function node_and_port(text)
    local node, port = text:match("^(.*)%.([^.]+)$")
    if port and #port < port_limit_bytes and not port:find("[^%w_\x80-\xff]") then
        return node, port
    end
    return text, nil
end

function Reader:end_of(edge, key, what)
    local text, line = self:text(edge, key, what)
    local name, port = node_and_port(text)
    local index = self.definition.index_of[name]
    if not index then
        local of_port = port and (' (port "%s")'):format(port) or ""
        self:refuse(line, '%s: "%s" names "%s"%s, %s', what, key, name, of_port, self.disabled[name]
            and "which is not enabled: the engine refuses such a flow" or "which is neither a node nor a trigger")
    end
    return index, port
end

function Reader:read_edges(list)
    if #list.items > max_edges then
        self:refuse(list.line, "%d edges; the engine takes at most %d", #list.items, max_edges)
    end
    local edges, loops = self.definition.edges, {}
    for index, item in ipairs(list.items) do
        local what = ("edges[%d]"):format(index)
        self:check_keys(self:expect(item, "map", what), edge_keys, what)
        local from, port = self:end_of(item, "from", what)
        local to = self:end_of(item, "to", what)
        edges[index] = { from = from, port = port or "out", to = to }
        if self:boolean(item, "loop_back", false, what) then
            loops[from] = loops[from] or {}
            loops[from][to] = true
        end
    end
    -- One that closes a loop makes all between the same two such.
    for _, edge in ipairs(edges) do
        edge.loop_back = loops[edge.from] ~= nil and loops[edge.from][edge.to] == true
    end
end

local function refuse_cycle(definition)
    local before_of, members = {}, {}
    for index in ipairs(definition.members) do
        before_of[index], members[index] = {}, index
    end
    for _, edge in ipairs(definition.edges) do
        if not edge.loop_back then
            table.insert(before_of[edge.to], edge.from)
        end
    end
    local cycle = cycles.find(members, function(index)
        return before_of[index]
    end)
    if cycle then
        for place, index in ipairs(cycle) do
            cycle[place] = definition.members[index].name
        end
        failure.raise("usage", "flow %s: nodes wait for each other in a circle: %s; the engine refuses that, unless an "
            .. "edge of it has loop_back: true", definition.path, table.concat(cycle, " after "))
    end
end

-- A part of the file that may be missing, or empty.
local function section(top, key)
    local part = top.values[key]
    return part and not part.is_null and part or { kind = top_level[key], line = top.line, items = {}, keys = {} }
end

---@param path string for messages
---@param text string
---@return tracereel.flow_definition
function yaml.read(path, text)
    local definition = { path = path, trigger_count = 0, members = {}, index_of = {}, edges = {} }
    local reader = setmetatable({ definition = definition, lines = {}, disabled = {} }, Reader)
    local top = reader:expect(document.read(path, text), "map", "a flow")
    reader:check_keys(top, top_level, "the flow")
    definition.name = reader:text(top, "name", "the flow")
    reader:read_triggers(section(top, "triggers"))
    reader:read_nodes(section(top, "nodes"))
    reader:read_edges(section(top, "edges"))
    if #definition.members == 0 then
        reader:refuse(top.line, "the flow has neither triggers nor nodes that are enabled")
    end
    refuse_cycle(definition)
    return definition
end

-- One node's edges, as tracereel.flow.check takes them.
local function add_edge(list, before, port)
    for _, entry in ipairs(list) do
        if entry[1] == before and entry.port == port then
            return
        end
    end
    list[#list + 1] = { before, port = port }
end

---The flow with these numbers, to be checked.
---@param definition tracereel.flow_definition
---@param number_of integer[] by index of a member
---@return table
function yaml.numbered(definition, number_of)
    local nodes = {}
    for index, member in ipairs(definition.members) do
        nodes[number_of[index]] = { name = member.name, type = member.type, after = {}, loop_back = {} }
    end
    for _, edge in ipairs(definition.edges) do
        local node = nodes[number_of[edge.to]]
        add_edge(edge.loop_back and node.loop_back or node.after, number_of[edge.from], edge.port)
    end
    return { name = definition.name, nodes = nodes }
end

return yaml

-- The order of a pipeline's nodes: what a flow file says, checked; and a flow as the text of a file.
local failure = require "tracereel.util.failure"
local output = require "tracereel.cli.output"
local check = require "tracereel.flow.check"
local flow_text = require "tracereel.flow.text"
local source_text = require "tracereel.flow.source_text"

local flow = {}

-- 100,000 nodes take a tenth of it. The engine's own files have another limit, which is the engine's.
local max_file_bytes, max_yaml_bytes = 64 << 20, 1 << 20
-- A table as large as a file can hold is made in a tenth of them.
local max_instructions = 100000000

local wait_type = "std::wait"
local routing_types = { ["std::switch"] = true, ["std::loop"] = true }
-- A node that does not route answers on these.
local plain_ports = { out = true, error = true }
local trigger_type_form = "^trigger::"

---Checks every key of a flow.
---@param value any
---@return tracereel.flow|nil checked a new one, in which every node has `after`, `ports` and `loop_back`
---@return string|nil problem names the node and what is wrong with it
function flow.check(value)
    return check(value)
end

-- Calls a flow's chunk, which a loop in it must not keep for ever.
local function run_chunk(chunk)
    debug.sethook(function()
        error("it does not come to an end", 0)
    end, "", max_instructions)
    local ran, value = pcall(chunk)
    debug.sethook()
    if not ran and failure.is_memory(value) then
        error(failure.same(value), 0)
    end
    return ran, value
end

local function checked(path, value)
    local result, wrong = flow.check(value)
    if not result then
        failure.raise("usage", "flow %s: %s", path, wrong)
    end
    return result
end

---Is it a flow file of the engine's own, by its name? It has no numbers: see flow.for_logs.
---@param path string
---@return boolean
function flow.is_yaml(path)
    return path:lower():find("%.ya?ml$") ~= nil
end

---Reads a flow file: Lua text that returns a table, run without any library. Raises what is wrong with it.
---@param path string
---@return tracereel.flow
function flow.load(path)
    if flow.is_yaml(path) then
        failure.raise("usage", "flow %s: a flow in YAML has no numbers; `tracereel flow --yaml %s LOG` finds those of "
            .. "a log, and writes them to a file for --flow", path, path)
    end
    local chunk, problem = load(source_text.read(path, max_file_bytes), "@" .. path, "t", {})
    if not chunk then
        -- A syntax error begins with the file's name and line, other problems do not.
        local has_place = problem:find(path, 1, true)
        failure.raise("usage", "flow %s", has_place and problem or path .. ": " .. problem)
    end
    local ran, value = run_chunk(chunk)
    if not ran then
        failure.raise("usage", "flow %s: it must only return a table: %s", path, failure.text(value))
    end
    return checked(path, value)
end

---What a flow file in YAML says, without numbers. Raises what is wrong with it.
---@param path string
---@return tracereel.flow_definition
function flow.definition(path)
    return require "tracereel.flow.yaml".read(path, source_text.read(path, max_yaml_bytes))
end

-- Puts a question mark at the end of a name that may belong to another number.
local function mark_names(value, unclear)
    for _, group in ipairs(unclear) do
        for _, number in ipairs(group.numbers) do
            local node = value.nodes[number]
            node.name = (node.name or "") .. "?"
        end
    end
end

local function say_unclear(path, logs, unclear)
    for _, group in ipairs(unclear) do
        if group.is_seen then
            output.say("flow %s: %s does not tell which node has which number: %s; taken in the order of the file. "
                .. "`tracereel flow --yaml %s %s -o FILE.lua` writes what is known, for you to decide", path,
                table.concat(logs, ", "), group.text, path, table.concat(logs, " "))
        end
    end
end

---The flow that --flow names, for logs: one in YAML gets the numbers that its nodes have in them. Nodes that the logs
---do not distinguish have them in the order of the file, and a question mark at the end of their names.
---@param path string
---@param logs string[] their paths
---@param open_options? tracereel.open_options|fun(path: string): tracereel.open_options
---@return tracereel.flow
---@return tracereel.flow_unclear[] unclear which nodes the logs do not distinguish: none for a file in Lua
function flow.for_logs(path, logs, open_options)
    if not flow.is_yaml(path) then
        return flow.load(path), {}
    end
    local definition = flow.definition(path)
    for _, log in ipairs(logs) do
        if log == "-" then
            failure.raise("usage", "flow %s: the numbers of a flow in YAML are found by reading the log first, and a "
                .. "pipe can be read only once: save the log to a file", path)
        end
    end
    local from_yaml = require "tracereel.flow.from_yaml"
    local evidence = from_yaml.gather(#definition.members, logs, open_options)
    local value, unclear = from_yaml.number(definition, evidence, logs)
    local result = checked(path, value)
    mark_names(result, unclear)
    return result, unclear
end

---The same for a command: prints on standard error what is not certain.
---@return tracereel.flow
---@return tracereel.flow_unclear[]
function flow.for_command(path, logs, open_options)
    local value, unclear = flow.for_logs(path, logs, open_options)
    say_unclear(path, logs, unclear)
    return value, unclear
end

---Raises where the order of nodes is not certain: nodes that ran, that are not alike, and that no log distinguishes.
---@param path string
---@param unclear tracereel.flow_unclear[]
function flow.check_certain(path, unclear)
    for _, group in ipairs(unclear) do
        if group.is_seen and not group.are_alike then
            failure.raise("refused", "flow %s: a plan needs to know which node has which number, and that is not "
                .. "certain: %s; write a flow with `tracereel flow --yaml`, decide, and give that", path, group.text)
        end
    end
end

-- What is asked of a flow again and again: whether any node is a trigger, and whose edges leave by a port that says
-- that their node routes. A checked flow does not change.
local known_properties = setmetatable({}, { __mode = "k" })

local function properties(value)
    local known = known_properties[value]
    if known then
        return known
    end
    known = { has_trigger = false, leaves_by_port = {} }
    for _, node in pairs(value.nodes) do
        known.has_trigger = known.has_trigger or (node.type or ""):find(trigger_type_form) ~= nil
        for before, ports in pairs(node.ports or {}) do
            for _, port in ipairs(ports) do
                if not plain_ports[port] then
                    known.leaves_by_port[before] = true
                end
            end
        end
    end
    known_properties[value] = known
    return known
end

---Does the node wait for a person? Not so where the flow does not have it.
---@param value tracereel.flow a checked one
---@param id integer
---@return boolean
function flow.waits(value, id)
    local node = value.nodes[id]
    return node ~= nil and node.type == wait_type
end

---Does the node choose which of those that follow it run?
---@param value tracereel.flow a checked one
---@param id integer
---@return boolean
function flow.routes(value, id)
    local node = value.nodes[id]
    if not node or flow.waits(value, id) then
        return false
    end
    return routing_types[node.type] == true or properties(value).leaves_by_port[id] == true
end

---Does a trace begin with the node? In a flow without any trigger, what comes after nothing is an entry.
---@param value tracereel.flow a checked one
---@param id integer
---@return boolean
function flow.is_entry(value, id)
    local node = value.nodes[id]
    if not node then
        return false
    elseif properties(value).has_trigger then
        return (node.type or ""):find(trigger_type_form) ~= nil
    end
    return #(node.after or {}) == 0
end

---The text of a flow file.
---@param value tracereel.flow
---@param comments? table<integer, string> after a node's line
---@return string
flow.text = flow_text

return flow

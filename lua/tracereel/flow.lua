-- The order of a pipeline's nodes: what a flow file says, checked; and a flow as the text of a file.
local failure = require "tracereel.failure"
local files = require "tracereel.files"
local units = require "tracereel.units"
local check = require "tracereel.flow.check"

local flow = {}

local largest_file_bytes = 1 << 20
-- A table as large as a file can hold is made in a tenth of them.
local most_instructions = 10000000

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

local function read_text(path)
    local file, problem = files.open(path)
    local text, read_problem
    if file then
        text, read_problem = file:read(largest_file_bytes + 1)
        file:close()
    end
    if not file or read_problem then
        failure.raise("io", "flow %s", problem or path .. ": " .. read_problem)
    elseif text and #text > largest_file_bytes then
        failure.raise("usage", "flow %s: larger than %d bytes; is it a flow file?", path, largest_file_bytes)
    end
    return text or ""
end

-- Calls a flow's chunk, which a loop in it must not keep for ever.
local function run_chunk(chunk)
    debug.sethook(function()
        error("it does not come to an end", 0)
    end, "", most_instructions)
    local ran, value = pcall(chunk)
    debug.sethook()
    return ran, value
end

---Reads a flow file: Lua text that returns a table, run without any library. Raises what is wrong with it.
---@param path string
---@return tracereel.flow
function flow.load(path)
    local chunk, problem = load(read_text(path), "@" .. path, "t", {})
    if not chunk then
        -- A syntax error begins with the file's name and line, other problems do not.
        local has_place = problem:find(path, 1, true)
        failure.raise("usage", "flow %s", has_place and problem or path .. ": " .. problem)
    end
    local ran, value = run_chunk(chunk)
    if not ran then
        failure.raise("usage", "flow %s: it must only return a table: %s", path, tostring(value))
    end
    local checked, wrong = flow.check(value)
    if not checked then
        failure.raise("usage", "flow %s: %s", path, wrong)
    end
    return checked
end

-- What is asked of a flow again and again: whether any node is a trigger, and whose edges leave by a port that says
-- that their node routes. A checked flow does not change.
local facts_of = setmetatable({}, { __mode = "k" })

local function facts(value)
    local known = facts_of[value]
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
    facts_of[value] = known
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
    return routing_types[node.type] == true or facts(value).leaves_by_port[id] == true
end

---Does a trace begin with the node? In a flow without any trigger, what comes after nothing is an entry.
---@param value tracereel.flow a checked one
---@param id integer
---@return boolean
function flow.is_entry(value, id)
    local node = value.nodes[id]
    if not node then
        return false
    elseif facts(value).has_trigger then
        return (node.type or ""):find(trigger_type_form) ~= nil
    end
    return #(node.after or {}) == 0
end

local function edges_text(list, ports)
    local parts = {}
    for _, before in ipairs(list or {}) do
        for _, port in ipairs((ports or {})[before] or { "out" }) do
            parts[#parts + 1] = port == "out" and ("%d"):format(before)
                or ("{ %d, port = %q }"):format(before, port)
        end
    end
    local text = table.concat(parts, ", ")
    return text:find("{", 1, true) and "{ " .. text .. " }" or "{" .. text .. "}"
end

local function node_text(id, node)
    local parts = {}
    for _, key in ipairs { "name", "type" } do
        if node[key] then
            parts[#parts + 1] = ("%s = %q"):format(key, node[key])
        end
    end
    parts[#parts + 1] = "after = " .. edges_text(node.after, node.ports)
    if #(node.loop_back or {}) > 0 then
        parts[#parts + 1] = "loop_back = " .. edges_text(node.loop_back, node.ports)
    end
    return ("        [%d] = { %s },"):format(id, table.concat(parts, ", "))
end

---The text of a flow file.
---@param value tracereel.flow
---@param comments? table<integer, string> after a node's line
---@return string
function flow.text(value, comments)
    local lines = { "return {", ("    name = %q,"):format(value.name or ""), "    nodes = {" }
    for id, node in units.sorted(value.nodes) do
        local comment = comments and comments[id]
        lines[#lines + 1] = node_text(id, node) .. (comment and " -- " .. comment or "")
    end
    lines[#lines + 1] = "    },"
    lines[#lines + 1] = "}"
    return table.concat(lines, "\n") .. "\n"
end

return flow

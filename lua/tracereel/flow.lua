-- The order of a pipeline's nodes: what a flow file says, checked; and a flow as the text of a file.
local failure = require "tracereel.failure"
local files = require "tracereel.files"
local units = require "tracereel.units"

local flow = {}

local largest_file_bytes = 1 << 20
-- A table as large as a file can hold is made in a tenth of them.
local most_instructions = 10000000
local largest_node = 0xFFFFFFFF

local known_keys = { name = "string", nodes = "table" }
local known_node_keys = { name = "string", after = "table" }

-- Raises a text, caught in flow.check.
local function refuse(message, ...)
    error({ problem = message:format(...) }, 0)
end

local function check_keys(value, known, where)
    for key, item in pairs(value) do
        local expected = known[key]
        if not expected then
            refuse('%s: unknown key "%s"; known are %s', where, tostring(key), units.names(known))
        elseif type(item) ~= expected then
            refuse('%s: "%s" must be a %s, is a %s', where, key, expected, type(item))
        end
    end
end

local function is_node_id(value)
    return math.type(value) == "integer" and value >= 0 and value <= largest_node
end

local function check_after(nodes, id, after)
    local seen, count = {}, 0
    for _ in pairs(after) do
        count = count + 1
    end
    if count ~= #after then
        refuse('node %d: "after" must be a list like {2, 7}', id)
    end
    for _, before in ipairs(after) do
        if not is_node_id(before) or not nodes[before] then
            refuse('node %d: it comes after %s, which is not in "nodes"', id, tostring(before))
        elseif seen[before] then
            refuse('node %d: %d stands twice in "after"', id, before)
        end
        seen[before] = true
    end
end

-- A cycle's nodes in order, its first one repeated at the end; nil where there is none. Nodes are looked at in the
-- order of their ids, so that the same file always gives the same message.
local function find_cycle(nodes)
    local state, path = {}, {}
    local function visit(id)
        path[#path + 1] = id
        state[id] = "open"
        for _, before in ipairs(nodes[id].after or {}) do
            if state[before] == "open" then
                path[#path + 1] = before
                return before
            elseif not state[before] then
                local start = visit(before)
                if start then
                    return start
                end
            end
        end
        state[id] = "done"
        path[#path] = nil
    end
    for id in units.sorted(nodes) do
        local start = not state[id] and visit(id)
        if start then
            local first = 1
            while path[first] ~= start do
                first = first + 1
            end
            return table.move(path, first, #path, 1, {})
        end
    end
end

local function check_all(value)
    if type(value) ~= "table" then
        refuse("a flow is a table like { name = ..., nodes = { [3] = { name = ..., after = {2, 7} } } }, not a %s",
            type(value))
    end
    check_keys(value, known_keys, "the flow")
    if not value.nodes or not next(value.nodes) then
        refuse('the flow has no "nodes"')
    end
    for id, node in pairs(value.nodes) do
        if not is_node_id(id) then
            refuse('"nodes": %s is not a node number', tostring(id))
        elseif type(node) ~= "table" then
            refuse("node %d must be a table like { name = ..., after = {...} }, is a %s", id, type(node))
        end
        check_keys(node, known_node_keys, ("node %d"):format(id))
    end
    for id, node in units.sorted(value.nodes) do
        check_after(value.nodes, id, node.after or {})
    end
    local cycle = find_cycle(value.nodes)
    if cycle then
        refuse("nodes wait for each other in a circle: %s", table.concat(cycle, " after "))
    end
end

---Checks every key of a flow.
---@param value any
---@return tracereel.flow|nil
---@return string|nil problem names the node and what is wrong with it
function flow.check(value)
    local checked, problem = pcall(check_all, value)
    if checked then
        return value
    elseif type(problem) == "table" and problem.problem then
        return nil, problem.problem
    end
    return nil, tostring(problem)
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

local function node_text(id, node)
    local parts = {}
    if node.name then
        parts[#parts + 1] = ("name = %q"):format(node.name)
    end
    parts[#parts + 1] = ("after = {%s}"):format(table.concat(node.after or {}, ", "))
    return ("        [%d] = { %s },"):format(id, table.concat(parts, ", "))
end

---The text of a flow file.
---@param value tracereel.flow
---@param comments? table<integer, string> behind a node's line
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

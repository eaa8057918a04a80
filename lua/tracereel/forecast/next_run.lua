-- What the engine's scheduler starts, given which nodes are done: in waves, with a flow. An assumption is built in:
-- nothing fails, and nodes that run beside each other run in step. Cost: linear in the edges that are looked at.
local flow = require "tracereel.flow"
local units = require "tracereel.util.units"

local next_run = {}

local default_port = "out"
-- What a routing node's branches hang on are the other ones.
local plain_ports = { [default_port] = true, error = true }
-- A node of these types never answers on "out" when it runs: a switch has "true" and "false", a loop "continue" and
-- "exit". One that was done before counts as having answered on "out" all the same.
local never_out = { ["std::switch"] = true, ["std::loop"] = true }

local graph_of_flow = setmetatable({}, { __mode = "k" })

local function has_port(ports, wanted)
    if not ports then
        return wanted == default_port
    end
    for _, port in ipairs(ports) do
        if port == wanted then
            return true
        end
    end
    return false
end

local function branch_port(ports)
    for _, port in ipairs(ports or {}) do
        if not plain_ports[port] then
            return port
        end
    end
end

local function add_edges(graph, id, node, is_back)
    for _, before in ipairs(is_back and node.loop_back or node.after or {}) do
        local ports = (node.ports or {})[before]
        local carries_out = has_port(ports, default_port)
        table.insert(graph.edges_from[before], {
            to = id,
            is_back = is_back,
            carries_out = carries_out,
            -- What also hangs on "out" is not lost with a branch.
            branch = not carries_out and branch_port(ports) or nil,
        })
        if carries_out then
            table.insert(graph.inputs_of[id], before)
        end
    end
end

local function new_graph(value)
    local graph = { flow = value, edges_from = {}, inputs_of = {}, before_count = {}, entries = {}, routing = {} }
    for id in pairs(value.nodes) do
        graph.edges_from[id], graph.inputs_of[id] = {}, {}
    end
    for id, node in units.sorted(value.nodes) do
        graph.before_count[id] = #(node.after or {})
        graph.knows_ports = graph.knows_ports or node.type ~= nil or next(node.ports or {}) ~= nil
        if flow.is_entry(value, id) then
            graph.entries[#graph.entries + 1] = id
        end
        if flow.routes(value, id) then
            graph.routing[#graph.routing + 1] = id
        end
        add_edges(graph, id, node, false)
        add_edges(graph, id, node, true)
    end
    return graph
end

---A flow as the scheduler needs it; made once for each flow.
---@param value tracereel.flow a checked one
---@return table graph `knows_ports`: the flow says which nodes wait and which route
function next_run.graph(value)
    local graph = graph_of_flow[value]
    if not graph then
        graph = new_graph(value)
        graph_of_flow[value] = graph
    end
    return graph
end

local function is_ready(run, id)
    if run.done[id] then
        return false
    elseif run.is_entry[id] then
        return true
    end
    return run.left[id] == 0 and run.has_input[id] == true
end

-- Tells the nodes after one that it is done. They become candidates of the next wave.
local function pass_on(run, id, answers_out)
    for _, edge in ipairs(run.graph.edges_from[id] or {}) do
        local to = edge.to
        if not edge.is_back then
            run.left[to] = (run.left[to] or run.graph.before_count[to]) - 1
        else
            run.left[to] = run.left[to] or run.graph.before_count[to]
        end
        if edge.carries_out and answers_out then
            run.has_input[to] = true
        end
        if not run.done[to] then
            run.candidates[#run.candidates + 1] = to
        end
    end
end

-- The candidates that are ready, each once, in the order of their numbers.
local function next_wave(run)
    local wave, is_in = {}, {}
    for _, id in ipairs(run.candidates) do
        if not is_in[id] and is_ready(run, id) then
            is_in[id] = true
            wave[#wave + 1] = id
        end
    end
    run.candidates = {}
    table.sort(wave)
    return wave
end

local function new_run(graph, done)
    local run = { graph = graph, done = {}, left = {}, has_input = {}, candidates = {}, is_entry = {} }
    for _, id in ipairs(graph.entries) do
        run.is_entry[id] = true
        run.candidates[#run.candidates + 1] = id
    end
    for id in pairs(done) do
        run.done[id] = true
    end
    for id in pairs(done) do
        pass_on(run, id, true)
    end
    return run
end

---Runs on from the nodes that are done, each of which has answered on "out", until nothing is ready, or a wave has a
---node that waits: that one is the last.
---@param graph table
---@param done table<integer, any>
---@param waits fun(id: integer): boolean
---@return table result waves (lists of nodes that run, none empty), runs (their set), waits_at (list), routing (list of
--- those nodes that run and whose branches are not followed)
function next_run.of(graph, done, waits)
    local run = new_run(graph, done)
    local result = { waves = {}, runs = {}, waits_at = {}, routing = {} }
    repeat
        local wave, ran = next_wave(run), {}
        for _, id in ipairs(wave) do
            if waits(id) then
                table.insert(result.waits_at, id)
            else
                ran[#ran + 1] = id
                run.done[id], result.runs[id] = true, true
                if flow.routes(graph.flow, id) then
                    table.insert(result.routing, id)
                end
            end
        end
        if #ran > 0 then
            table.insert(result.waves, ran)
        end
        for _, id in ipairs(ran) do
            pass_on(run, id, not never_out[graph.flow.nodes[id].type])
        end
    until #wave == 0 or #result.waits_at > 0
    return result
end

---The done nodes whose outputs a node reads when it runs: those that ran before, and not in this run.
---@param graph table
---@param id integer
---@param done table<integer, any>
---@return integer[]
function next_run.old_inputs(graph, id, done)
    local found = {}
    -- A node that a trace begins with reads nothing: after a recovery its input is null.
    if flow.is_entry(graph.flow, id) then
        return found
    end
    for _, before in ipairs(graph.inputs_of[id] or {}) do
        if done[before] then
            found[#found + 1] = before
        end
    end
    table.sort(found)
    return found
end

-- Of a routing node's targets, by port: which have begun (or will run), and which have not.
local function branches_of(graph, id, has_begun)
    local any_begun, ports = false, {}
    for _, edge in ipairs(graph.edges_from[id]) do
        if edge.branch then
            local one = ports[edge.branch] or { begun = {}, lost = {} }
            ports[edge.branch] = one
            local begins = has_begun(edge.to)
            table.insert(begins and one.begun or one.lost, edge.to)
            any_begun = any_begun or begins
        end
    end
    return any_begun, ports
end

---What is lost with the ports of routing nodes that are done: the log does not say which port they answered on, and
---the engine takes "out".
---@param graph table
---@param done table<integer, any>
---@param has_begun fun(id: integer): boolean done, or about to run
---@return integer[] without_branch routing nodes none of whose branches has begun
---@return integer[] lost nodes beside others that have begun on the same port
---@return table<integer, integer[]> targets of each node of without_branch
function next_run.lost_branches(graph, done, has_begun)
    local without, lost, targets = {}, {}, {}
    for _, id in ipairs(graph.routing) do
        if done[id] then
            local any_begun, ports = branches_of(graph, id, has_begun)
            for _, one in pairs(ports) do
                if not any_begun then
                    targets[id] = table.move(one.lost, 1, #one.lost, #(targets[id] or {}) + 1, targets[id] or {})
                elseif #one.begun > 0 then
                    table.move(one.lost, 1, #one.lost, #lost + 1, lost)
                end
            end
            if targets[id] then
                without[#without + 1] = id
                table.sort(targets[id])
            end
        end
    end
    table.sort(lost)
    return without, lost, targets
end

return next_run

-- A workflow engine of a few lines, for logs of flows with known numbers: a node is ready when all that it comes after
-- is over and one of these has answered on the port of an edge; a node that waits suspends the trace and is over when
-- it is approved, without a node_done. Which ready node is over next is random.
local helper = require "tests.spec.helper"
local tracereel = require "tracereel"

local flow_logs = {}

local base_ns = 1764000000000000000

function flow_logs.trace_id(number)
    return ("00000000-0000-4000-8000-%012x"):format(number)
end

---A log that is written record by record; append(type, trace number, fields).
function flow_logs.writer(directory)
    directory = directory or helper.directory()
    local writer, clock = tracereel.writer(directory), 0
    local log = { directory = directory }

    function log.append(type_name, trace, fields)
        clock = clock + 1000
        local record = { trace_id = flow_logs.trace_id(trace), timestamp_ns = base_ns + clock }
        for key, value in pairs(fields or {}) do
            record[key] = value
        end
        return writer:append(tracereel.record[type_name](record))
    end

    function log.close()
        writer:close()
        return directory
    end

    return log
end

-- What runs of a trace, one node after the other: calls over(name) for each; it answers with false to stop.
local function play(flow, random, over)
    local answered, is_over, is_going_on = {}, {}, true
    while is_going_on do
        local ready = {}
        for _, name in ipairs(flow.names) do
            local is_ready, has_input = not is_over[name], flow.triggers[name] ~= nil
            for _, edge in ipairs(flow.edges) do
                if edge[3] == name then
                    is_ready = is_ready and is_over[edge[1]] ~= nil
                    has_input = has_input or answered[edge[1]] == edge[2]
                end
            end
            if is_ready and has_input then
                ready[#ready + 1] = name
            end
        end
        local name = ready[random(#ready > 0 and #ready or 1)]
        if not name then
            return true
        end
        is_going_on = over(name)
        local ports = flow.ports and flow.ports[name] or { "out" }
        is_over[name], answered[name] = true, ports[random(#ports)]
    end
    return false
end

---Writes the traces of a flow { names, triggers = set, edges = { { from, port, to } }, waits = set, ports = { [name] =
---list that it answers on } }, with these numbers, into a log. `cut`: after how many nodes a trace stops, by trace.
function flow_logs.run(log, flow, number_of, traces, random, cut)
    for _, trace in ipairs(traces) do
        local left = cut and cut[trace] or math.huge
        log.append("trace_start", trace)
        local is_complete = play(flow, random, function(name)
            if left <= 0 then
                return false
            end
            left = left - 1
            if flow.waits and flow.waits[name] then
                log.append("trace_suspended", trace, { node_id = number_of[name] })
                log.append("trace_resumed", trace)
            else
                log.append("node_done", trace, { node_id = number_of[name] })
            end
            return true
        end)
        if is_complete then
            log.append("trace_complete", trace)
        end
    end
end

---The flow as a file of the engine's, in which it looks up the types.
function flow_logs.yaml(flow, path)
    local lines = { "name: made", "triggers:" }
    for _, name in ipairs(flow.names) do
        if flow.triggers[name] then
            lines[#lines + 1] = ("  - {id: %s, type: manual}"):format(name)
        end
    end
    lines[#lines + 1] = "nodes:"
    for _, name in ipairs(flow.names) do
        if not flow.triggers[name] then
            lines[#lines + 1] = ('  %s: {type: "%s"}'):format(name, flow.waits and flow.waits[name] and "std::wait"
                or "test::work")
        end
    end
    lines[#lines + 1] = "edges:"
    for _, edge in ipairs(flow.edges) do
        lines[#lines + 1] = ("  - {from: %s.%s, to: %s}"):format(edge[1], edge[2], edge[3])
    end
    return helper.write(path, table.concat(lines, "\n") .. "\n")
end

return flow_logs

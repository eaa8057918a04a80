-- Which nodes a ranking tries: each costs a simulation of the whole log, and a log can have a hundred thousand of them.
local all_traces = require "tracereel.timing.all_traces"
local tracereel = require "tracereel"
local units = require "tracereel.util.units"

local busiest = {}

-- Nanoseconds that each node ran, by id.
local function run_times(path)
    local timing, times = tracereel.timing(nil, 0), {}
    all_traces.add(timing, path)
    for _, node in ipairs(timing:report().nodes) do
        times[node.id] = units.magnitude(node.run_ns)
    end
    return times
end

---The nodes that ran longest in a log, all attempts together; of equal ones those with the lower ids.
---@param nodes integer[] ascending
---@param path string
---@param max_nodes integer 0: no bound
---@return integer[] ascending
function busiest.of(nodes, path, max_nodes)
    if max_nodes == 0 or #nodes <= max_nodes then
        return nodes
    end
    local times, kept = run_times(path), table.move(nodes, 1, #nodes, 1, {})
    table.sort(kept, function(a, b)
        local left, right = times[a] or 0, times[b] or 0
        return left > right or left == right and a < b
    end)
    kept = table.move(kept, 1, max_nodes, 1, {})
    table.sort(kept)
    return kept
end

return busiest

-- Which rows of a timing report are shown, and in which order: --node, --sort, --top.
local columns = require "tracereel.timing.columns"

local rows = {}

-- What nodes can be sorted by: unsigned integers, largest first; "id" in ascending order.
rows.keys = {}
for _, column in ipairs(columns.list) do
    if column.sort then
        rows.keys[column.sort] = function(node)
            local value = columns.value(column, node)
            return column.kind == "node" and ~value or value
        end
    end
end

local function choose(nodes, is_meant, key, most)
    local chosen = {}
    for _, node in ipairs(nodes) do
        if not is_meant or is_meant[node.id] then
            chosen[#chosen + 1] = node
        end
    end
    table.sort(chosen, function(a, b)
        local of_a, of_b = key(a), key(b)
        if of_a ~= of_b then
            return math.ult(of_b, of_a)
        end
        return a.id < b.id
    end)
    for index = #chosen, (most or #chosen) + 1, -1 do
        chosen[index] = nil
    end
    return chosen
end

---Keeps, in the report and in each of its groups, the rows that are asked for.
---@param report tracereel.timing_report
---@param wanted { nodes: integer[]|nil, sort: string|nil, top: integer|nil }
function rows.choose(report, wanted)
    local is_meant
    if wanted.nodes then
        is_meant = {}
        for _, id in ipairs(wanted.nodes) do
            is_meant[id] = true
        end
    end
    local key = rows.keys[wanted.sort or "total"]
    report.nodes = choose(report.nodes, is_meant, key, wanted.top)
    for _, group in ipairs(report.groups) do
        group.nodes = choose(group.nodes, is_meant, key, wanted.top)
    end
end

return rows

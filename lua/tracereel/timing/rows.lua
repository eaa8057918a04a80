-- Which rows of a timing report are shown, and in which order: --node, --sort, --top.
local columns = require "tracereel.timing.columns"
local tables = require "tracereel.util.tables"

local rows = {}

-- How many nodes or traces, and how many groups, can be asked for.
rows.max_rows, rows.max_groups = 1000, 100000

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

---Keeps, in the report and in each of its groups, the rows that are asked for.
---@param report tracereel.timing_report of gather.lua
---@param wanted { nodes: integer[]|nil, sort: string|nil, top: integer|nil }
function rows.choose(report, wanted)
    local is_meant = wanted.nodes and tables.set(wanted.nodes)
    local key = rows.keys[wanted.sort or "total"]
    local function key_of(node)
        return (not is_meant or is_meant[node.id]) and key(node) or nil
    end
    report.nodes = report.nodes:sorted(key_of, wanted.top)
    if report.grouping then
        report.groups:choose_nodes(key_of, wanted.top)
    end
end

return rows

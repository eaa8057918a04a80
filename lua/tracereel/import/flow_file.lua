-- `tracereel.flow.lua`, which stands beside an imported log's segments: names, order, pools and origin, as data.
local units = require "tracereel.util.units"

local flow_file = { name = "tracereel.flow.lua" }

local function quoted(text)
    return (("%q"):format(text):gsub("\\\n", "\\n"))
end

local function numbers(list)
    return "{" .. table.concat(list, ", ") .. "}"
end

local function node_line(id, node)
    local parts = { "name = " .. quoted(node.name) }
    if node.type then
        parts[#parts + 1] = "type = " .. quoted(node.type)
    end
    parts[#parts + 1] = "after = " .. numbers(node.after)
    return ("        [%d] = { %s },"):format(id, table.concat(parts, ", "))
end

local function add_origin(lines, origin)
    lines[#lines + 1] = "    origin = {"
    for _, key in ipairs { "format", "rule", "tool" } do
        lines[#lines + 1] = ("        %s = %s,"):format(key, quoted(origin[key]))
    end
    local inputs = {}
    for index, name in ipairs(origin.inputs) do
        inputs[index] = quoted(name)
    end
    lines[#lines + 1] = ("        inputs = { %s },"):format(table.concat(inputs, ", "))
    lines[#lines + 1] = "    },"
end

---@param flow { name: string, nodes: table, pools: table }
---@param origin { format: string, rule: string, tool: string, inputs: string[] }
---@return string
function flow_file.text(flow, origin)
    local lines = { "return {", "    name = " .. quoted(flow.name) .. ",", "    nodes = {" }
    for id, node in units.sorted(flow.nodes) do
        lines[#lines + 1] = node_line(id, node)
    end
    lines[#lines + 1] = "    },"
    if next(flow.pools) then
        lines[#lines + 1] = "    pools = {"
        for name, pool in units.sorted(flow.pools) do
            lines[#lines + 1] = ("        [%s] = { nodes = %s, capacity = %d },"):format(quoted(name),
                numbers(pool.nodes), pool.capacity)
        end
        lines[#lines + 1] = "    },"
    end
    add_origin(lines, origin)
    lines[#lines + 1] = "}"
    return table.concat(lines, "\n") .. "\n"
end

return flow_file

-- A flow as the text of a file, which Lua runs and which is read as data, too.
local units = require "tracereel.util.units"

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

-- Texts in quotes, as a list.
local function texts(list)
    local parts = {}
    for index, one in ipairs(list) do
        parts[index] = ("%q"):format(one)
    end
    return "{ " .. table.concat(parts, ", ") .. " }"
end

local function pools_text(pools)
    local lines = { "    pools = {" }
    for name, pool in units.sorted(pools) do
        lines[#lines + 1] = ("        [%q] = { nodes = {%s}%s },"):format(name, table.concat(pool.nodes, ", "),
            pool.capacity and (", capacity = %d"):format(pool.capacity) or "")
    end
    lines[#lines + 1] = "    },"
    return table.concat(lines, "\n")
end

local function origin_text(origin)
    local parts = {}
    for _, key in ipairs { "format", "rule", "tool" } do
        parts[#parts + 1] = origin[key] and ("%s = %q"):format(key, origin[key])
    end
    parts[#parts + 1] = origin.inputs and "inputs = " .. texts(origin.inputs)
    return "    origin = { " .. table.concat(parts, ", ") .. " },"
end

---The text of a flow file.
---@param value tracereel.flow
---@param comments? table<integer, string> after a node's line
---@return string
return function(value, comments)
    local lines = { "return {", ("    name = %q,"):format(value.name or ""), "    nodes = {" }
    for id, node in units.sorted(value.nodes) do
        local comment = comments and comments[id]
        lines[#lines + 1] = node_text(id, node) .. (comment and " -- " .. comment or "")
    end
    lines[#lines + 1] = "    },"
    lines[#lines + 1] = value.pools and pools_text(value.pools)
    lines[#lines + 1] = value.origin and origin_text(value.origin)
    lines[#lines + 1] = "}"
    return table.concat(lines, "\n") .. "\n"
end

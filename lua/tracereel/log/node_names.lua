-- The names of the nodes of the log that is being shown: what its flow calls them. Every text for a person has its
-- nodes from here; where no name is known they are numbers.
local core = require "tracereel.core"
local text = require "tracereel.util.text"

local node_names = {}

-- By node number: the name, clean; by name: how many nodes have it.
local labels, counts = {}, {}
local with_numbers = false
-- Was the log imported?
local has_origin = false

-- By flow: its names as the engine's binding takes them.
local tables = setmetatable({}, { __mode = "k" })

---The names of a flow: by number the name, by name the number, or false where several nodes have it.
---@param flow tracereel.flow|nil
---@return table<integer|string, string|integer|false>|nil nil where it has none
function node_names.of_flow(flow)
    if not flow then
        return nil
    elseif tables[flow] == nil then
        local names = {}
        for id, node in pairs(flow.nodes) do
            if node.name and node.name ~= "" then
                names[id] = node.name
                names[node.name] = names[node.name] == nil and id
            end
        end
        tables[flow] = next(names) ~= nil and names or false
    end
    return tables[flow] or nil
end

---From here on texts have the names of this flow, and so have scripts, of every log that is opened.
---@param flow tracereel.flow|nil nil: no names are known
---@param numbers boolean|nil with the number after each name
---@param log tracereel.log|nil one that is open already
function node_names.use(flow, numbers, log)
    local names = node_names.of_flow(flow)
    core.name_nodes(names)
    if log then
        core.name_nodes(names, log)
    end
    labels, counts, with_numbers = {}, {}, numbers == true
    has_origin = flow ~= nil and flow.origin ~= nil
    for id, name in pairs(names or {}) do
        if type(id) == "number" then
            local clean = text.clean(name)
            labels[id], counts[clean] = clean, (counts[clean] or 0) + 1
        end
    end
end

---Was the log imported, so that its traces can have ids of their source?
function node_names.are_imported()
    return has_origin
end

---Are any names known?
function node_names.are_known()
    return next(labels) ~= nil
end

---The node's name, clean; nil where it has none.
---@param id integer
---@return string|nil
function node_names.name(id)
    return labels[id]
end

---The names, in the order of the nodes' numbers.
---@return string[]
function node_names.all()
    local ids, names = {}, {}
    for id in pairs(labels) do
        ids[#ids + 1] = id
    end
    table.sort(ids)
    for index, id in ipairs(ids) do
        names[index] = labels[id]
    end
    return names
end

---The numbers of the nodes with that name, in order.
---@param name string
---@return integer[]
function node_names.find(name)
    local ids, clean = {}, text.clean(name)
    for id, label in pairs(labels) do
        if label == clean then
            ids[#ids + 1] = id
        end
    end
    table.sort(ids)
    return ids
end

---"charge", or the number where the node has no name. The number follows the name where it was asked for, and where
---the name alone does not say which node it is.
---@param id integer
---@return string
function node_names.label(id)
    local name = labels[id]
    if not name then
        return ("%d"):format(id)
    elseif with_numbers or counts[name] > 1 or name:find("^%d+$") then
        return ("%s (%d)"):format(name, id)
    end
    return name
end

---The same in a cell of a table: a number where it has no name.
---@param id integer
---@return string|integer
function node_names.cell(id)
    return labels[id] and node_names.label(id) or id
end

---The same in a sentence: "charge", or "node 3".
---@param id integer
---@return string
function node_names.node(id)
    return labels[id] and node_names.label(id) or ("node %d"):format(id)
end

---Several nodes in a list: "charge, 5, notify".
---@param ids integer[]
---@return string
function node_names.list(ids)
    local parts = {}
    for index, id in ipairs(ids) do
        parts[index] = node_names.label(id)
    end
    return table.concat(parts, ", ")
end

---Labels for a column of a table: as wide as the longest needs, but no wider than `max_columns`. What is cut ends with
---the node's number, so that no two look the same.
---@param max_columns integer
---@return integer columns 0 where there are no names
---@return fun(id: integer): string
function node_names.column(max_columns)
    local columns = 0
    for id in pairs(labels) do
        columns = math.max(columns, text.width(node_names.label(id)))
    end
    columns = math.min(columns, max_columns)
    return columns, function(id)
        local label = node_names.label(id)
        if text.width(label) <= columns or columns == 0 then
            return label
        end
        return text.cut_marked(labels[id] or label, ("(%d)"):format(id), columns)
    end
end

return node_names

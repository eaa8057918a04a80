-- Names of nodes: what a thing is called in Temporal. Two kinds of things may have one name: an activity and a child
-- workflow. The kind that has it first keeps it as it is, the other one says what it is.
local names = {}

local Names = {}
Names.__index = Names

function names.new()
    return setmetatable({ kind_of = {}, kinds = {} }, Names)
end

---@param kind string "activity", "local activity", "child workflow" and so on: the type of the node in the flow
---@param name string
---@return string the node's name
function Names:node(kind, name)
    self.kind_of[name] = self.kind_of[name] or kind
    local node = self.kind_of[name] == kind and name or ("%s (%s)"):format(name, kind)
    self.kinds[node] = kind
    return node
end

---What out:flow takes: the types of all nodes. Nothing is said of their order.
---@return table<string, table>
function Names:flow_nodes()
    local nodes = {}
    for node, kind in pairs(self.kinds) do
        nodes[node] = { type = kind }
    end
    return nodes
end

return names

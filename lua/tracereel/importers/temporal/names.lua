-- Names of nodes: what a thing is called in Temporal. Two kinds of things may have one name: an activity and a child
-- workflow. The kind that has it first keeps it as it is, the other one says what it is.
local texts = require "parts.texts"

local names = {}

local Names = {}
Names.__index = Names

function names.new()
    return setmetatable({ kind_of = {}, kinds = {}, workflow_types = {} }, Names)
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

---A run is of a workflow of this type.
---@param workflow_type string|nil
function Names:add_workflow(workflow_type)
    if workflow_type then
        self.workflow_types[workflow_type] = true
    end
end

---What out:flow takes: the name of the workflow, where all runs are of one type, and the types of all nodes. Nothing is
---said of their order.
---@return { name: string|nil, nodes: table<string, table> }
function Names:flow()
    local nodes = {}
    for node, kind in pairs(self.kinds) do
        nodes[node] = { type = kind }
    end
    return { name = texts.only_key(self.workflow_types), nodes = nodes }
end

return names

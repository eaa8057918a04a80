-- A timing report's accumulator, made for an order of nodes.
local core = require "tracereel.core"
local check_flow = require "tracereel.flow.check"

local report = {}

---@param order table|nil as tracereel.timing takes it; nil: no node comes after another
---@param worst_count integer|nil
---@return tracereel.timing|nil
---@return string|nil problem
function report.new(order, worst_count)
    local checked, problem = check_flow(order == nil and { nodes = { [0] = {} } } or order)
    if not checked then
        return nil, problem
    end
    return core.timing(checked, worst_count)
end

return report

-- A timing report's accumulator, made for an order of nodes.
local core = require "tracereel.core"
local check_flow = require "tracereel.flow.check"

local report = {}

local default_worst_count, max_worst_count = 10, 1000

---@param order table|nil as tracereel.timing takes it; nil: no node comes after another
---@param worst_count integer|nil
---@return tracereel.timing|nil
---@return string|nil problem
function report.new(order, worst_count)
    local checked, problem = check_flow(order == nil and { nodes = { [0] = {} } } or order)
    if not checked then
        return nil, problem
    end
    worst_count = worst_count == nil and default_worst_count or worst_count
    if math.type(worst_count) ~= "integer" or worst_count < 0 or worst_count > max_worst_count then
        return nil, ("how many of the longest traces are kept, from 0 to %d, expected, got %s"):format(max_worst_count,
            core.got(worst_count))
    end
    return core.timing(checked, worst_count)
end

return report

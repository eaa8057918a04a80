-- A timing report's accumulator, made for an order of nodes.
local core = require "tracereel.core"
local failure = require "tracereel.util.failure"
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

---A timing of its fields.
---@param fields table
---@return tracereel.timing|nil
---@return string|nil problem why there can be no such timing
function report.restored(fields)
    local is_right, one = failure.pcall(core.timing_from, fields)
    if is_right then
        return one
    elseif type(one) ~= "string" then
        error(one, 0)
    end
    return nil, one
end

return report

-- The curve of an exploration as an SVG picture.
local curve = require "tracereel.render.curve"
local node_names = require "tracereel.log.node_names"
local record_types = require "tracereel.log.record_types"

local exploration_picture = {}

---@param result table of exploration.run, with a search
---@return string
function exploration_picture.svg(result)
    local points = {}
    for _, point in ipairs(result.search.points) do
        if point.tried > 0 then
            local node = record_types.node_of(point)
            points[#points + 1] = { x = point.record, y = point.failing / point.tried,
                name = ("record %d, %s%s"):format(point.record, point.type,
                    node and " of " .. node_names.node(node) or "") }
        end
    end
    return curve.document {
        title = "Futures of trace " .. result.trace.id .. " that fail",
        x_label = "record at which a fault happens",
        x_is_linear = true,
        y_label = "share of failing futures",
        y_kind = "share",
        series = { { name = table.concat(result.kinds, ", "), points = points, is_points = true } },
    }
end

return exploration_picture

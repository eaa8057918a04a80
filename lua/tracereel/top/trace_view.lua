-- One open trace in `tracereel top`: its nodes, one line for each.
local node_names = require "tracereel.log.node_names"
local text = require "tracereel.util.text"
local trace_labels = require "tracereel.render.trace_labels"
local trace_times = require "tracereel.log.trace_times"
local tracereel = require "tracereel"
local units = require "tracereel.util.units"
local views = require "tracereel.top.views"

local trace_view = {}

local columns = {
    { title = "NODE", show = function(node)
        return node_names.label(node.id)
    end },
    { title = "STATUS", show = function(node)
        return node.status
    end },
    { title = "ATTEMPTS", is_number = true, show = function(node)
        return ("%d"):format(#node.attempts)
    end },
    { title = "STARTED", show = function(node)
        return node.start_ns and tracereel.time(node.start_ns):match("T([%d:]+)") or "-"
    end },
    { title = "TOOK", is_number = true, show = function(node)
        return node.end_ns and units.rounded_duration(node.duration_ns) or "-"
    end },
    { title = "ERROR", show = function(node)
        return node.error and text.clean(node.error) or ""
    end },
}

---@param trace tracereel.trace an open one
---@param now_ns integer the log's latest timestamp
---@return string[] clean lines
function trace_view.lines(trace, now_ns)
    local started = trace_times.is_start_known(trace) and ("started %s, %s ago"):format(tracereel.time(trace.start_ns),
        units.span(trace.start_ns, now_ns)) or "started before the snapshot"
    local lines = {
        ("trace %s  %s"):format(trace.id, trace_labels.status(trace)),
        started, trace_labels.stands(trace, now_ns),
        trace.metadata and "metadata " .. text.clean(trace.metadata) or "no metadata", "",
    }
    local heading, nodes = views.lines(columns, trace.nodes)
    lines[#lines + 1] = heading
    return table.move(nodes, 1, #nodes, #lines + 1, lines)
end

return trace_view

-- What a group of a timing report, or of its comparison, is called.
local window_name = require "tracereel.render.window_name"

---Its value, outcome, or window; with the window that it is compared with where that is of another day. Not cleaned.
---@param group tracereel.timing_group|tracereel.group_comparison
---@param grouping tracereel.timing_grouping_summary
---@return string
return function(group, grouping)
    if not group.first_ns then
        return group.key == "" and '""' or group.key
    end
    local name = window_name(group.first_ns, grouping.window_ns)
    if not group.baseline_first_ns or group.baseline_first_ns == group.first_ns then
        return name
    end
    return ("%s, against %s"):format(name, window_name(group.baseline_first_ns, grouping.window_ns))
end

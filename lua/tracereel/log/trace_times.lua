-- When a trace ran, as its handle says it.
local trace_times = {}

---Is it known when the trace began? Of one that came from a snapshot only where a record says so. 0 is a time like any
---other where there is no snapshot: an imported log can begin there.
---@param trace { from_snapshot: boolean, start_ns: integer }
---@return boolean
function trace_times.is_start_known(trace)
    return not trace.from_snapshot or trace.start_ns ~= 0
end

return trace_times

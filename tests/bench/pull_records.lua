-- Benchmark: every record and its trace pulled from plain Lua. Usage: lua5.4 pull_records.lua LOG
local reel = require "tracereel"

local nodes, latest_ns, trace_records = 0, 0, 0
for rec, trace in reel.open(arg[1]):records() do
    nodes = nodes + rec.node_id
    latest_ns = rec.timestamp_ns
    if trace then
        trace_records = trace_records + trace.record_count
    end
end
print(nodes, latest_ns, trace_records)

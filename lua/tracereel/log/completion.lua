-- Which nodes of a trace have begun, and which were done, as far as the trace knows.
local core = require "tracereel.core"

local completion = {}

---Completed nodes, the one that was done first in front; the engine's last one is the last. Where it is not known when
---they were done (they came from a snapshot), they come first.
---@type fun(trace: tracereel.trace): integer[]
completion.order = core.completion_order

---The nodes that have run or waited since the latest trace_start, to their end or not: true by their ids.
---@type fun(trace: tracereel.trace): table<integer, boolean>
completion.begun = core.begun_nodes

return completion

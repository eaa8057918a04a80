---@meta
-- What adds up times. What it reports: timing_report.d.lua; definitions: docs/timing.md.

---The order of a pipeline's nodes, as a flow file gives it.
---@class tracereel.flow
---@field name? string of the pipeline
---@field nodes table<integer, tracereel.flow_node> by node id
---@field origin? tracereel.flow_origin
---@field pools? table<string, tracereel.flow_pool> by name

---Where a log came from, of one that was imported.
---@class tracereel.flow_origin
---@field format? string that it was imported from
---@field rule? string whose rule decides what happens after a crash: "xerv" is the engine's
---@field tool? string that imported it
---@field inputs? string[] their names

---Nodes that share workers, or people.
---@class tracereel.flow_pool
---@field nodes integer[]
---@field capacity? integer how many of them can run at once

---@class tracereel.flow_node
---@field name? string
---@field type? string as the engine names it: "std::wait" waits for a person, "std::switch" routes
---@field after? (integer|tracereel.flow_edge)[] nodes that must be done before this one is ready, without a cycle
---@field loop_back? (integer|tracereel.flow_edge)[] nodes from which a loop comes back to this one: no order follows

---An edge that leaves its node by another port than "out".
---@class tracereel.flow_edge
---@field [1] integer the node that it comes from
---@field port? string "true", "rejected", ...

---@class tracereel.stretch
---@field start_ns integer
---@field end_ns integer not before start_ns

---Adds up traces. Two timings with the same flow and worst_count merge, in any order, to the same report.
---@class tracereel.timing
local timing = {}

---Adds a trace as it is now: once for each trace, when it has closed (a handler of trace_complete and one of
---trace_failed), or at the end of the log while it is open (`log:traces()`).
---@param trace tracereel.trace
---@param children? tracereel.stretch[] what of its critical path is counted in traces that it has started, in the order of
---  their times, none beyond one attempt
function timing:add(trace, children) end

---Adds a trace that another one has started, and whose time is part of that one's: its nodes count, but it has no makespan
---of its own and is not in flight.
---@param trace tracereel.trace
---@param is_critical? boolean its nodes' critical path counts: it was on the path that decided its parent's time
---@param node_id? integer it counts as an attempt of this node of its parent, too, which has none
---@param part? tracereel.stretch of which part of its time the path counts; nil: of all
---@param children? tracereel.stretch[] as for add
function timing:add_child(trace, is_critical, node_id, part, children) end

---Adds what another holds to this one.
---@param other tracereel.timing
---@return tracereel.timing self
function timing:merge(other) end

---What was added up. A new table each time; nodes in the order of their ids.
---@return tracereel.timing_report
function timing:report() end

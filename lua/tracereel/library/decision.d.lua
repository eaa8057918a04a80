---@meta
-- What `recover` of a script returns: a decision about a trace. docs/recovery.md says when to use which.

---A decision about a trace. Immutable: each method returns a new decision.
---@class tracereel.decision
---@field kind "default"|"fail"|"complete"|"await"|"hold"|"release"|"resume_from"|"retry"|"restart"
---@field action string|nil of the `default` that recover is given: what the engine does, as trace:recovery() says it
---@field engine tracereel.engine|nil of the `default` that recover is given: what the engine really does, with the
--- --flow and --arenas of the command; worked out each time it is read
---@field mended tracereel.engine|nil the same as it will be once `repair --arenas` has been done
---@field node integer|nil
---@field nodes integer[]|nil
---@field reason string|nil
local decision = {}

---Count a node as done, with that output, or with none if it is not given. Not for fail and complete.
---@param node integer
---@param output? { offset?: integer, size?: integer, schema_hash?: integer }
---@return tracereel.decision
function decision:skip(node, output) end

---Forget that nodes were done. Not for fail and complete.
---@param nodes integer[]
---@return tracereel.decision
function decision:rerun(nodes) end

---Give a reason, for the plan and its readers.
---@param reason string
---@return tracereel.decision
function decision:because(reason) end

---What the engine will do with an open trace at its next start. Assumes that nothing fails, and that parallel nodes run
---in step. Unknown fields are nil: without a flow, which nodes run; without arenas, what they cannot read.
---@class tracereel.engine
---@field outcome "runs"|"waits"|"skipped" skipped: at every start, because the arena does not exist or is refused
---@field runs integer[]|nil nodes that run until the trace ends, waits, or comes to a routing node; that one included
---@field waits_at integer|nil the node where it then waits (the smallest number, if several do)
---@field asks_again boolean a person has answered there already, which the log does not keep
---@field without_inputs integer[]|nil those of `runs` that cannot read the outputs of their predecessors
---@field overwritten integer[] done nodes whose output was overwritten by a later one
---@field ends_without_branch integer[]|nil done routing nodes none of whose branches has begun, or ever will
---@field closes boolean|nil the trace is closed as complete
---@field arena "found"|"absent"|"empty"|"short"|"foreign"|"damaged"|"unreadable"|"unknown" what is where the trace's
--- arena is looked for; empty: the directory holds no arena; unknown: no directory is known. Not in JSON
---@field reason string all of this in words

---@meta
-- What `recover` of a script returns: what becomes of a trace. docs/recovery.md tells when to use which.

---What becomes of a trace. Immutable: each method returns another decision.
---@class tracereel.decision
---@field kind "default"|"fail"|"complete"|"await"|"hold"|"resume_from"|"retry"|"restart"
---@field action string|nil of the `default` that recover is given: what the engine does, as trace:recovery() says it
---@field node integer|nil
---@field nodes integer[]|nil
---@field reason string|nil
local decision = {}

---Count a node as done, with its output there; with no output where none is given. Not for fail and complete.
---@param node integer
---@param output? { offset?: integer, size?: integer, schema_hash?: integer }
---@return tracereel.decision
function decision:skip(node, output) end

---Forget that nodes were done. Not for fail and complete.
---@param nodes integer[]
---@return tracereel.decision
function decision:rerun(nodes) end

---Say why, for the plan and whoever reads it later.
---@param reason string
---@return tracereel.decision
function decision:because(reason) end

---@meta
-- Traces that records are applied to in memory.

---@class tracereel.state
local state = {}

---Puts a copy of an open trace into the state, in place of one with the same id. `data` is shared with the original.
---@param trace tracereel.trace of a log, or of another state
---@return tracereel.trace
function state:put(trace) end

---Applies a record, as if it were the log's next.
---@param rec tracereel.rec
---@return tracereel.trace|nil trace nil where the record is of no open trace, and for a checkpoint
---@return string[] violations
function state:apply(rec) end

---Something durable was lost here: every trace that is open now is tainted from now on.
function state:note_damage() end

---An open trace by its id.
---@param trace_id string
---@return tracereel.trace|nil
function state:trace(trace_id) end

---The open traces in order of their ids.
---@return tracereel.trace[]
function state:traces() end

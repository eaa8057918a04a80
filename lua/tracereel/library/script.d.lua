---@meta
-- A script that another Lua program has loaded.

---A script that was loaded by `tracereel.script`, for a test of it: docs/scripting.md.
---@class tracereel.script
---@field name string the file's, without ".lua"
---@field summary string
local script = {}

---Starts the script, replays the log through its handlers and finishes it, as `tracereel run` does.
---@param log tracereel.log
---@param filter? tracereel.filter on top of the script's own
---@return any result what its `finish` returned or, where it has `show`, what that made of it
function script:run(log, filter) end

---What its `recover` answers for a trace, after `run`; nil where it has none. Refused without `default` where the log
---says that its traces go on by another rule than the engine's.
---@param trace tracereel.trace
---@param default? tracereel.decision what the engine would do, where not given
---@return tracereel.decision|nil
function script:recover(trace, default) end

return script

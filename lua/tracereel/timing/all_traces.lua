-- The timing of all traces of a log, or of a part of it, without a choice of traces and without those that they start.
local base = require "tracereel.base"
local failure = require "tracereel.util.failure"
local logs = require "tracereel.cli.logs"

local all_traces = {}

---Adds the traces that begin in a part of a log, as they are where it ends. Raises where the user has interrupted.
---@param timing tracereel.timing
---@param path string
---@param part? { from: tracereel.position|nil, to: tracereel.position|nil } nil: all of it
---@param handlers? tracereel.handlers to be called beside
function all_traces.add(timing, path, part, handlers)
    local log = base.open(path, { measured = true, from = part and part.from, to = part and part.to })
    handlers = handlers or {}
    handlers.timing = timing
    log:replay(handlers)
    if logs.interrupted() then
        failure.raise("interrupted", "interrupted")
    end
    for _, trace in ipairs(log:traces()) do
        timing:add(trace)
    end
end

return all_traces

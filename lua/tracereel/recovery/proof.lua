-- Records replayed in memory, by the state machine that reads logs, before anything is written.
local tracereel = require "tracereel"
local view = require "tracereel.recovery.view"

local proof = {}

---Do the records lead the trace to the wanted view, field by field? Of a closed trace the first record must open it
---again.
---@param trace tracereel.trace
---@param records tracereel.rec[]
---@param wanted table
---@return table|nil view the one that they lead to, as the engine will see it; nil where it is not the wanted one
---@return string|nil difference
function proof.prove(trace, records, wanted)
    local state = tracereel.state()
    local result = trace.open and state:put(trace) or nil
    for index, rec in ipairs(records) do
        local applied = state:apply(rec)
        if not applied or result and applied ~= result then
            return nil, ("record %d (%s) is of no open trace"):format(index, rec.type)
        end
        result = applied
    end
    local reached = view.of(result or trace)
    local difference = view.difference(wanted, reached)
    return not difference and reached or nil, difference
end

return proof

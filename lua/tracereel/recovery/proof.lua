-- Records replayed in memory, by the state machine that reads logs, before anything is written.
local tracereel = require "tracereel"
local view = require "tracereel.recovery.view"

local proof = {}

---Do the records lead the trace to the wanted view, field by field?
---@param trace tracereel.trace open
---@param records tracereel.rec[]
---@param wanted table
---@return boolean|nil proven
---@return string|nil difference
function proof.prove(trace, records, wanted)
    local state = tracereel.state()
    local result = state:put(trace)
    for index, rec in ipairs(records) do
        local applied = state:apply(rec)
        if applied ~= result then
            return nil, ("record %d (%s) is of no open trace"):format(index, rec.type)
        end
    end
    local difference = view.difference(wanted, view.of(result))
    return not difference or nil, difference
end

return proof

-- Records that a plan has written: they tell what a person decided, not what the engine did.
local tracereel = require "tracereel"

---@param rec tracereel.rec
---@return boolean
return function(rec)
    local metadata = rec.metadata
    if not metadata or not metadata:find('"tracereel"', 1, true) then
        return false
    end
    local decoded = tracereel.json_decode(metadata)
    return type(decoded) == "table" and decoded.tracereel ~= nil
end

-- A trace that tracereel holds for a person: suspended with the reason under the key "held" of its metadata.
local base = require "tracereel.base"

local held = {
    -- Approving a suspension marks its node as done. No flow has this one, so that nothing is skipped.
    node = 0xFFFFFFFF,
}

---Why a suspension with this metadata is a hold; nil where it is none.
---@param text string|nil
---@return string|nil reason
function held.reason(text)
    if not text or not text:find('"held"', 1, true) then
        return nil
    end
    local decoded = base.json_decode(text)
    local reason = type(decoded) == "table" and decoded.held
    return type(reason) == "string" and reason or nil
end

return held

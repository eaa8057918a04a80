-- Gaps of a log, several at a time.
local gaps = {}

---Was something durable lost in any of them?
---@param list tracereel.gap[]
---@return boolean
function gaps.any_damage(list)
    for _, gap in ipairs(list) do
        if gap.damage then
            return true
        end
    end
    return false
end

return gaps

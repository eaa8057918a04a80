-- Who wrote a record that tracereel wrote, and for which plan.
local text = require "tracereel.util.text"
local tracereel = require "tracereel"

local provenance = {}

local verbs = { apply = "applied", undo = "undone" }

-- A person or an older version may have written it: it can be any value.
local function word(value)
    return type(value) == "string" and value ~= "" and text.clean(value) or nil
end

---"tracereel: plan 1f2e3d4c applied by root"; empty for any other record.
---@param rec tracereel.rec
---@return string
function provenance.words(rec)
    if not rec.by_tracereel then
        return ""
    end
    local decoded = tracereel.json_decode(rec.metadata)
    local told = type(decoded) == "table" and decoded.tracereel
    local plan = type(told) == "table" and word(told.plan)
    if not plan then
        return "tracereel"
    end
    local parts = { "tracereel: plan", plan:sub(1, 8), verbs[told.action] or "written" }
    local operator = word(told.operator)
    if operator then
        parts[#parts + 1] = "by " .. operator
    end
    return table.concat(parts, " ")
end

return provenance

-- What an import leaves out, and what it changes to fit, by kind: how often, and where first.
local Report = {}
Report.__index = Report

local report = {}

function report.new()
    return setmetatable({ dropped = {}, bent = {} }, Report)
end

local function add(kinds, kind, example)
    local one = kinds[kind]
    if not one then
        one = { kind = kind, count = 0, example = example }
        kinds[kind] = one
        kinds[#kinds + 1] = one
    end
    one.count = one.count + 1
end

---Something was left out.
---@param kind string what, in the plural: "heartbeats"
---@param example string|nil
function Report:add_dropped(kind, example)
    add(self.dropped, kind, example)
end

---Something was changed to fit.
function Report:add_bent(kind, example)
    add(self.bent, kind, example)
end

return report

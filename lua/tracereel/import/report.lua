-- What an import leaves out, and what it changes to fit, by kind: how often, and where first.
local Report = {}
Report.__index = Report

local report = {}

function report.new()
    -- By kind, beside the lists, so that these are lists and nothing else.
    return setmetatable({ dropped = {}, bent = {}, left_out = {}, dropped_by_kind = {}, bent_by_kind = {},
        left_out_by_kind = {} }, Report)
end

local function add(kinds, by_kind, kind, example, count)
    local one = by_kind[kind]
    if not one then
        one = { kind = kind, count = 0, example = example }
        by_kind[kind] = one
        kinds[#kinds + 1] = one
    end
    one.count = one.count + (count or 1)
end

---Something that a log could say is not in it.
---@param kind string what, in the plural: "rows without a time"
---@param example string|nil
---@param count integer|nil how often, 1 where not given
function Report:add_dropped(kind, example, count)
    add(self.dropped, self.dropped_by_kind, kind, example, count)
end

---Something was changed to fit.
function Report:add_bent(kind, example, count)
    add(self.bent, self.bent_by_kind, kind, example, count)
end

---Something that is no step of a trace, and that nobody looks for in a log, is not in it.
function Report:add_left_out(kind, example)
    add(self.left_out, self.left_out_by_kind, kind, example)
end

---Is there anything of that kind that was dropped or bent?
function Report:has(kind)
    return self.dropped_by_kind[kind] ~= nil or self.bent_by_kind[kind] ~= nil
end

---Is all in the log that it could say, as it was?
function Report:is_faithful()
    return #self.dropped + #self.bent == 0
end

return report

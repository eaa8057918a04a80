-- What plans have done to a trace, from what their records say of where they came from.
local provenance = {}

local fields = { "operator", "time", "tool" }

-- A text, or nothing: the log's metadata is anybody's.
local function text_of(value)
    return type(value) == "string" and value or nil
end

-- What one record says. One of a plan as it was decided names no action: it was applied all the same.
local function entry_of(value, last)
    local entry = { plan = text_of(value.plan), action = text_of(value.action) or "apply" }
    if not entry.plan and entry.action == "undo" then
        entry.plan = last and last.plan
    end
    for _, name in ipairs(fields) do
        entry[name] = text_of(value[name])
    end
    return entry
end

---@param text string values of the key "tracereel", a byte 0 after each
---@param decode fun(text: string): any
---@return tracereel.planned[]|nil oldest first; nil where no plan is named
function provenance.plans(text, decode)
    local list = {}
    for json in text:gmatch("([^\0]*)\0") do
        local value, last = decode(json), list[#list]
        local entry = type(value) == "table" and entry_of(value, last)
        if entry and entry.plan and last and last.plan == entry.plan and last.action == entry.action then
            -- Records of one plan can say less than others.
            for _, name in ipairs(fields) do
                last[name] = last[name] or entry[name]
            end
        elseif entry and entry.plan then
            list[#list + 1] = entry
        end
    end
    return #list > 0 and list or nil
end

return provenance

-- The events of a Chrome trace, whose times are microseconds with decimals: as the text has them, exact to the
-- nanosecond. A double keeps the nanoseconds of a time of today no longer.
local event_times = {}

-- Half of what there is room for, so that a time and a duration add up.
local max_us = 4000000000000000

---Microseconds as a number, or as a text of one, in ns; nil where it is none.
---@param value any
---@return integer|nil
function event_times.nanoseconds(value)
    if type(value) == "number" and not (value > -max_us and value < max_us) then
        return nil
    elseif math.type(value) == "integer" then
        return value * 1000
    elseif math.type(value) == "float" then
        return math.tointeger(math.floor(value * 1000 + 0.5))
    elseif type(value) ~= "string" then
        return nil
    end
    local sign, whole, fraction = value:match("^(%-?)(%d+)%.?(%d*)$")
    if not whole then
        local number = tonumber(value)
        return number and event_times.nanoseconds(number + 0.0) or nil
    end
    local whole_us = math.tointeger(tonumber(whole))
    if not whole_us or whole_us >= max_us then
        return nil
    end
    local ns = whole_us * 1000 + math.tointeger((fraction .. "000"):sub(1, 3))
    return sign == "-" and -ns or ns
end

-- Numbers with a point become texts, so that no digit is lost. In a text of JSON a quote has a backslash before it.
local function with_exact_times(text)
    for _, key in ipairs { "ts", "dur" } do
        text = text:gsub('("' .. key .. '"%s*:%s*)(%-?%d+%.%d+)(%s*[,}])', '%1"%2"%3')
    end
    return text
end

-- An array of events may end anywhere between two of them.
local function terminated(text)
    if text:find("^%s*%[") and not text:find("%]%s*$") then
        return text:gsub("[%s,]*$", "") .. "]"
    end
    return text
end

---@param input tracereel.import.input
---@return table events
---@return integer origin_ns what their times count from: 0, or what tracereel's own export says
function event_times.read(input)
    local document, problem = tracereel.json_decode(with_exact_times(terminated(input:text())))
    if problem then
        input:fail("not JSON: %s", problem)
    end
    local events = type(document) == "table" and (document.traceEvents or document) or nil
    if type(events) ~= "table" or events == document and document[1] == nil and next(document) ~= nil then
        input:fail("neither an array of events nor an object with traceEvents")
    end
    local other = type(document.otherData) == "table" and document.otherData or {}
    return events, math.tointeger(other.origin_ns) or 0
end

return event_times

-- Points in time as other programs write them, as nanoseconds since 1970.
local failure = require "tracereel.util.failure"
local units = require "tracereel.util.units"

local time = {}

local digits_of_unit = { s = 9, ms = 6, us = 3, ns = 0 }

local function of_number(value, unit)
    local digits = digits_of_unit[unit]
    local text = math.type(value) == "float" and ("%.9f"):format(value) or tostring(value)
    local whole, fraction = text:match("^(%d+)%.?(%d*)$")
    if not whole then
        return nil, ("%s is not a number of %s since 1970"):format(failure.got(value), unit)
    end
    local ns = math.tointeger(tonumber(whole .. (fraction .. ("0"):rep(digits)):sub(1, digits)))
    if not ns or ns < 0 then
        return nil, ("%s %s are beyond the year 2262"):format(text, unit)
    end
    return ns
end

---@param value string|number
---@param zone_or_unit string|nil
---@return integer|nil ns
---@return string|nil problem
function time.parse(value, zone_or_unit)
    if digits_of_unit[zone_or_unit] then
        return of_number(value, zone_or_unit)
    elseif type(value) ~= "string" then
        return nil, ("%s is not a time"):format(failure.got(value))
    end
    local form, zone = value:match("^%d%d%d%d%-%d%d%-%d%d[ Tt]%d%d:%d%d:?[%d.,]*()%s?([Zz+-]?[%d:]*)$")
    if not form then
        return nil, ("%s is not a time"):format(failure.got(value))
    elseif zone == "" then
        if not zone_or_unit then
            return nil, ("%s names no zone, and none was given"):format(failure.got(value))
        end
        zone = zone_or_unit == "UTC" and "Z" or zone_or_unit
    end
    local text = value:sub(1, form - 1):gsub(" ", "T"):gsub(",", ".") .. zone
    local ns = units.parse_time(text)
    return ns, not ns and ("%s is not a time"):format(failure.got(value)) or nil
end

return time

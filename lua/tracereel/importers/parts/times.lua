-- Times as tables of events have them, which input.time does not read as they are: dates with slashes or dots, days
-- without a time, numbers whose unit is seen from their size.
local times = {}

-- The unit of a number of about now: 10 digits are seconds until the year 2286.
local function unit_of(digits)
    local count = #digits
    return count <= 11 and "s" or count <= 14 and "ms" or count <= 17 and "us" or "ns"
end

local function clock_of(rest)
    local hour, minute, second, after = rest:match("^[ T:]+(%d%d?)[:.](%d%d):?([%d.,]*)(.*)$")
    if not hour then
        return rest == "" and "00:00:00" or nil, ""
    end
    local meridiem = after:match("^ ?([AaPp])[Mm]$")
    if meridiem then
        hour = hour % 12 + (meridiem:lower() == "p" and 12 or 0)
        after = ""
    end
    return ("%02d:%s:%s"):format(hour, minute, second ~= "" and second or "00"), after
end

-- "2016-02-01 11:23:52+01:00" of a date and time in another form; nil where it is none.
local function normal_form(value, order)
    local a, separator, b, c, rest = value:match("^(%d+)([-/.])(%d%d?)[-/.](%d+)(.*)$")
    if not a then
        return nil
    end
    local year, month, day = a, b, c
    if #a ~= 4 then
        order = order or separator ~= "/" and "dmy" or nil
        if not order then
            return nil, "the day or the month may stand first: say -a dates=dmy or -a dates=mdy"
        end
        year = c
        day, month = a, b
        if order == "mdy" then
            day, month = b, a
        end
    end
    local clock, zone = clock_of(rest)
    if not clock or #year ~= 4 then
        return nil
    end
    return ("%s-%02d-%02d %s%s"):format(year, month // 1, day // 1, clock, zone)
end

local function has_zone(value)
    return (value:find("[Zz]$") or value:find("[+-]%d%d:?%d?%d?$", 12)) ~= nil
end

---Is it a date of which a log, whose times begin with 1970, can say nothing? Such dates stand for unknown ones, or are
---slips of the pen.
---@param value string
---@return boolean
function times.is_before_1970(value)
    local year = value:match("^(%d%d%d%d)[-/.]") or value:match("^%d%d?[-/.]%d%d?[-/.](%d%d%d%d)")
    return year ~= nil and year < "1970"
end

-- The inputs of which it was said that their times name no zone.
local told = setmetatable({}, { __mode = "k" })

local function tell_no_zone(input, out, first, place)
    if not told[input] then
        told[input] = true
        out:bent("files whose times name no zone: they are read as UTC",
            ("%s: %s; -a zone=+01:00 names another"):format(place, first))
    end
end

---A function that reads the times of one column, and what it takes besides. What form they have is seen from the first;
---where it names no zone, and the options have none, that is reported.
---@param input tracereel.import.input
---@param out tracereel.import.out
---@param first string
---@param place string where it is
---@param options { zone: string|nil, dates: string|nil }
---@return fun(value: string, zone_or_unit: string): integer
---@return string zone_or_unit
function times.reader(input, out, first, place, options)
    local read = input.time
    if first:find("^%d+%.?%d*$") then
        return read, unit_of(first:match("^%d+"))
    end
    local zone = options.zone or "+00:00"
    local is_normal = first:find("^%d%d%d%d%-%d%d%-%d%d[ T]%d%d:%d%d:%d%d")
    local names_utc = first:find(" UTC$") or first:find(" GMT$")
    if not options.zone and not names_utc and not has_zone(first) then
        tell_no_zone(input, out, first, place)
    end
    if is_normal and not names_utc then
        return read, zone
    end
    return function(value)
        value = names_utc and value:gsub(" ?%u%u%u$", "Z") or value
        local normal, problem = normal_form(value, options.dates)
        if problem then
            input:fail("%s: %s", value, problem)
        end
        return read(normal or value, zone)
    end, zone
end

return times

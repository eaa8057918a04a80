-- Spans and points of time, sizes and positions: as numbers, and as people write them.
local archive_name = require "tracereel.util.archive_name"
local failure = require "tracereel.util.failure"
local traversal = require "tracereel.util.traversal"

local units = {}

local second_ns = 1000000000
local minute_ns = 60 * second_ns
local hour_ns = 60 * minute_ns
local day_ns = 24 * hour_ns

-- Below a minute: unit, its nanoseconds. Three digits are shown.
local small_units = { { "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", second_ns } }
-- From a minute on: a larger and a smaller unit, and how many of the smaller make the larger.
local large_units = {
    { limit_ns = hour_ns, "m", "s", minute_ns, second_ns },
    { limit_ns = day_ns, "h", "m", hour_ns, minute_ns },
    { limit_ns = math.maxinteger, "d", "h", day_ns, hour_ns },
}

local ns_of_unit = {
    ns = 1,
    us = 1000,
    ["µs"] = 1000,
    ms = 1000000,
    s = second_ns,
    m = minute_ns,
    h = hour_ns,
    d = day_ns,
}

-- Raised where the function was called that got something else.
local function whole_ns(value, caller)
    return math.tointeger(value) or error(("%s: nanoseconds must be a whole number, got %s"):format(caller,
        failure.got(value)), 3)
end

local function small_duration(ns)
    for index, unit in ipairs(small_units) do
        local value = ns / unit[2]
        local is_last = index == #small_units
        if unit[2] == 1 and ns < 1000 then
            return ("%d ns"):format(ns)
        elseif value < 9.995 then
            return ("%.2f %s"):format(value, unit[1])
        elseif value < 99.95 then
            return ("%.1f %s"):format(value, unit[1])
        elseif value < 999.5 or is_last then
            return ("%.0f %s"):format(value, unit[1])
        end
    end
end

-- From here on hours say nothing.
local days_alone_ns = 1000 * 86400 * second_ns

---A span of time for a person: "340 ns", "1.25 ms", "2h05m", "1234d".
---@param ns integer
---@return string
function units.duration(ns)
    ns = whole_ns(ns, "duration")
    if ns == math.mininteger then
        ns = ns + 1
    end
    if ns < 0 then
        return "-" .. units.duration(-ns)
    end
    if ns < minute_ns - second_ns // 20 then
        return small_duration(ns)
    elseif ns >= days_alone_ns then
        return ("%dd"):format((ns // second_ns + 43200) // 86400)
    end
    for _, unit in ipairs(large_units) do
        local rounded = ns // unit[4] + (ns % unit[4] >= unit[4] // 2 and 1 or 0)
        if rounded < unit.limit_ns // unit[4] or unit[1] == "d" then
            local per_large = unit[3] // unit[4]
            return ("%d%s%02d%s"):format(rounded // per_large, unit[1], rounded % per_large, unit[2])
        end
    end
end

---A span of a log, which is unsigned, as a number to calculate with: a float from 2^63 ns (292 years) on.
---@param ns integer
---@return number
function units.magnitude(ns)
    return ns < 0 and ns + 0x1p64 or ns
end

---A span that was calculated, for a person: rounded to nanoseconds.
---@param ns number
---@return string
function units.rounded_duration(ns)
    local whole = math.tointeger(math.floor(ns + 0.5))
    return whole and units.duration(whole) or ns < 0 and "<-292y" or ">292y"
end

---The time between two points, where the earlier may be later and both are unsigned.
---@param from_ns integer
---@param to_ns integer
---@return string
function units.span(from_ns, to_ns)
    if math.ult(to_ns, from_ns) then
        return "-" .. units.span(to_ns, from_ns)
    end
    local ns = to_ns - from_ns
    return ns < 0 and "more than 292 years" or units.duration(ns)
end

-- The first of these that the rate reaches: what it has to reach a second, the unit's seconds, and how it is written.
local rate_forms = {
    { 999999.5, 1, "%.0e/s" }, { 9999.5, 1, "%.0f/s" }, { 0.1, 1, "%.4g/s" }, { 0.001, 1, "%.4f/s" },
    { 0.1 / 3600, 3600, "%.4g/h" }, { 0.1 / 86400, 86400, "%.4g/d" }, { 0, 86400, "%.0e/d" },
}

---How often something happens, in at most eight columns: "12.35/s"; what is seldom, in an hour or a day.
---@param per_second number
---@return string
function units.rate(per_second)
    for _, form in ipairs(rate_forms) do
        if per_second > 0 and per_second >= form[1] then
            return form[3]:format(per_second * form[2])
        end
    end
    return "0/s"
end

local no_unit = '"%s" is not a duration, it has no unit; write 250ms, 1.5s, or %sns (units ns us ms s m h d)'

---Nanoseconds of "250ms", "1.5s", "2h", "1h30m"; units ns us ms s m h d.
---@param text string
---@return integer|nil ns
---@return string|nil problem
function units.parse_duration(text)
    if type(text) ~= "string" then
        error(("parse_duration: a text expected, got a %s"):format(type(text)), 2)
    end
    local problem = ('"%s" is not a duration; write 250ms, 1.5s or 1h30m (units ns us ms s m h d)'):format(text)
    local total, position = 0, 1
    while position <= #text do
        local number, unit, next_position = text:match("^%s*(%d+%.?%d*)%s*([%aµ]+)()", position)
        local unit_ns = ns_of_unit[unit]
        if not unit_ns then
            return nil, text:find("^%d+$") and no_unit:format(text, text) or problem
        end
        local whole, fraction = number:match("^(%d+)%.?(%d*)$")
        local amount = math.tointeger(tonumber(whole))
        if not amount or amount > math.maxinteger // unit_ns then
            return nil, ('"%s" is longer than 292 years'):format(text)
        end
        local part = amount * unit_ns + math.floor((tonumber("0." .. fraction) or 0) * unit_ns + 0.5)
        if part < 0 or total > math.maxinteger - part then
            return nil, ('"%s" is longer than 292 years'):format(text)
        end
        total, position = total + part, next_position
    end
    if position == 1 then
        return nil, problem
    end
    return total
end

---Quotient and rest of an unsigned number.
---@param n integer
---@param divisor integer above 0
---@return integer quotient
---@return integer rest
function units.unsigned_divide(n, divisor)
    if n >= 0 then
        return n // divisor, n % divisor
    end
    local quotient = ((n >> 1) // divisor) << 1
    local rest = n - quotient * divisor
    if not math.ult(rest, divisor) then
        quotient, rest = quotient + 1, rest - divisor
    end
    return quotient, rest
end

-- Howard Hinnant's civil calendar: years begin in March, so that the leap day comes last.
local function date_of_days(days)
    local shifted = days + 719468
    local era = shifted // 146097
    local day_of_era = shifted % 146097
    local year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096) // 365
    local day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    local month_from_march = (5 * day_of_year + 2) // 153
    local day = day_of_year - (153 * month_from_march + 2) // 5 + 1
    local month = month_from_march < 10 and month_from_march + 3 or month_from_march - 9
    return year_of_era + era * 400 + (month <= 2 and 1 or 0), month, day
end

local function days_of_date(year, month, day)
    if month <= 2 then
        year = year - 1
    end
    local era = year // 400
    local year_of_era = year % 400
    local day_of_year = (153 * (month > 2 and month - 3 or month + 9) + 2) // 5 + day - 1
    return era * 146097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719468
end

---A point in time as RFC 3339 where local time is so many seconds ahead of UTC: "2025-11-24T18:00:00.005674000+02:00".
---@param ns integer unsigned
---@param offset_seconds integer whole minutes
---@return string
function units.time_at_offset(ns, offset_seconds)
    local seconds, fraction_ns = units.unsigned_divide(ns, second_ns)
    seconds = seconds + offset_seconds
    local year, month, day = date_of_days(seconds // 86400)
    local of_day = seconds % 86400
    local zone = "Z"
    if offset_seconds ~= 0 then
        local minutes = math.abs(offset_seconds) // 60
        zone = ("%s%02d:%02d"):format(offset_seconds < 0 and "-" or "+", minutes // 60, minutes % 60)
    end
    return ("%04d-%02d-%02dT%02d:%02d:%02d.%09d%s"):format(
        year, month, day, of_day // 3600, of_day // 60 % 60, of_day % 60, fraction_ns, zone)
end

---A point in time as RFC 3339 UTC with nanoseconds: "2025-11-24T16:00:00.005674000Z".
---@param ns integer unsigned
---@return string
function units.time(ns)
    return units.time_at_offset(whole_ns(ns, "time"), 0)
end

---How many seconds local time is ahead of UTC in a zone like "+01:00"; nil where it is none.
---@param zone string
---@return integer|nil
function units.zone_offset_seconds(zone)
    if zone == "" or zone:upper() == "Z" then
        return 0
    end
    local sign, hours, minutes = zone:match("^([+-])(%d%d):?(%d%d)$")
    if not sign or tonumber(hours) > 23 or tonumber(minutes) > 59 then
        return nil
    end
    return (math.tointeger(hours) * 3600 + math.tointeger(minutes) * 60) * (sign == "-" and -1 or 1)
end

local time_form = "^(%d%d%d%d)-(%d%d)-(%d%d)[Tt ](%d%d):(%d%d):?(%d?%d?)%.?(%d*)([Zz+-]?[%d:]*)$"

---Nanoseconds of an RFC 3339 time (UTC where it names no zone, midnight where it is a date), or of the digits of an
---integer.
---@param text string
---@return integer|nil ns unsigned
---@return string|nil problem
function units.parse_time(text)
    if text:match("^%d+$") then
        local ns = math.tointeger(tonumber(text))
        return ns, ns == nil and ("%s nanoseconds are beyond the year 2262"):format(text) or nil
    end
    local problem = ('"%s" is not a time; write one like 2025-11-24T16:00:00Z, or nanoseconds since 1970'):format(text)
    local full = text:match("^%d%d%d%d%-%d%d%-%d%d$") and text .. "T00:00:00Z" or text
    local year, month, day, hour, minute, second, fraction, zone = full:match(time_form)
    local offset = year and units.zone_offset_seconds(zone)
    if not offset then
        return nil, problem
    end
    year, month, day = math.tointeger(year), math.tointeger(month), math.tointeger(day)
    hour, minute, second = math.tointeger(hour), math.tointeger(minute), math.tointeger(second == "" and "0" or second)
    local days = month >= 1 and month <= 12 and day >= 1 and days_of_date(year, month, day)
    local is_real = days and select(3, date_of_days(days)) == day and hour < 24 and minute < 60 and second < 61
    if not is_real or year < 1970 or year > 2261 then
        return nil, problem
    end
    local ns = math.tointeger((fraction .. "000000000"):sub(1, 9))
    return (days * 86400 + hour * 3600 + minute * 60 + second - offset) * second_ns + ns
end

local bytes_of_suffix = {
    [""] = 1,
    b = 1,
    k = 1 << 10,
    kib = 1 << 10,
    m = 1 << 20,
    mib = 1 << 20,
    g = 1 << 30,
    gib = 1 << 30,
}

---Bytes of "512MiB", "1GiB", "4096".
---@param text string
---@return integer|nil bytes
---@return string|nil problem
function units.parse_size(text)
    local number, suffix = text:match("^(%d+%.?%d*)%s*(%a*)$")
    local factor = number and bytes_of_suffix[suffix:lower()]
    local bytes = factor and tonumber(number) * (factor + 0.0)
    if not bytes or bytes >= 2.0 ^ 62 then
        return nil, ('"%s" is not a size; write one like 512MiB or 1GiB'):format(text)
    end
    return math.floor(bytes)
end

---The position of "SEQUENCE:OFFSET". SEQUENCE is a segment's number, decimal or 0x hexadecimal, or its file name.
---@param text string
---@return tracereel.position|nil position
---@return string|nil problem
function units.parse_position(text)
    local sequence, offset = text:match("^([%w_.]+):(%w+)$")
    local from_name = sequence and archive_name.split(sequence):match("^wal_(%x+)%.log$")
    sequence = from_name and math.tointeger(tonumber(from_name, 16)) or math.tointeger(tonumber(sequence or ""))
    offset = math.tointeger(tonumber(offset or ""))
    if not sequence or not offset or offset < 0 then
        return nil, ('"%s" is not a position; write SEQUENCE:OFFSET, as in 1:3088 or wal_0000000000000001.log:3088')
            :format(text)
    end
    return { sequence = sequence, offset = offset }
end

---As `pairs`, but in the order of the keys: numbers first, then strings.
---@generic K, V
---@param t table<K, V>
---@return fun(): K, V
---@return table<K, V> t for the loop
function units.sorted(t)
    if type(t) ~= "table" then
        error("sorted: a table expected, got " .. failure.got(t), 2)
    end
    return traversal.pairs(t)
end

---The keys of a table in their order.
---@param t table
---@return any[]
function units.keys(t)
    local keys = {}
    for key in units.sorted(t) do
        keys[#keys + 1] = key
    end
    return keys
end

---The same for a message: "after, name".
---@param t table
---@return string
function units.names(t)
    local names = units.keys(t)
    for index, name in ipairs(names) do
        names[index] = tostring(name)
    end
    return table.concat(names, ", ")
end

return units

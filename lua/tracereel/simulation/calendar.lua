-- Working hours: "Mon-Fri 09:00-12:00, 13:00-17:00; Sat 10:00-14:00 +01:00" as the open windows of a week.
local units = require "tracereel.util.units"

local calendar = {}

local day_names = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" }
local number_of = {}
for number, name in ipairs(day_names) do
    number_of[name] = number - 1
end

local minute_ns <const> = 60 * 1000000000
local day_minutes <const> = 24 * 60
local week_minutes <const> = 7 * day_minutes

calendar.example = '"Mon-Fri 09:00-17:00 +01:00"'

-- The days of "Mon-Wed, Fri", 0 the Monday; of "" all of them; nil and what is none of them.
local function days_of(words)
    local is_open = {}
    if words:match("^%s*$") then
        words = "mon-sun"
    end
    for word in (words .. ","):gmatch("([^,]*),") do
        local from, to = word:lower():match("^%s*(%a+)%s*%-%s*(%a+)%s*$")
        from = from or word:lower():match("^%s*(%a+)%s*$")
        local first, last = number_of[from], number_of[to or from]
        if not first or not last then
            return nil, ('"%s" is no day: Mon, Tue, Wed, Thu, Fri, Sat, Sun, or from one to another: Mon-Fri'):format(
                word:match("^%s*(.-)%s*$"))
        end
        for day = first, last < first and last + 7 or last do
            is_open[day % 7] = true
        end
    end
    return is_open
end

local function minutes_of(hour, minute)
    local minutes = math.tointeger(hour) * 60 + math.tointeger(minute)
    return math.tointeger(minute) < 60 and minutes <= day_minutes and minutes or nil
end

-- Adds the hours of "22:00-06:00" on each of these days: those that end before they begin go over midnight.
local function add_hours(windows, is_open, word)
    local from_hour, from_minute, to_hour, to_minute = word:match("^%s*(%d%d?):(%d%d)%s*%-%s*(%d%d?):(%d%d)%s*$")
    local from = from_hour and minutes_of(from_hour, from_minute)
    local to = from_hour and minutes_of(to_hour, to_minute)
    word = word:match("^%s*(.-)%s*$")
    if not from or not to or from == day_minutes then
        return ('"%s" are no hours like 09:00-17:00'):format(word)
    elseif from == to then
        return ('"%s" is never open: for the whole day write 00:00-24:00'):format(word)
    end
    for day = 0, 6 do
        local begins = day * day_minutes + from
        local ends = day * day_minutes + to + (to < from and day_minutes or 0)
        if is_open[day] then
            windows[#windows + 1] = { begins, math.min(ends, week_minutes) }
        end
        if is_open[day] and ends > week_minutes then
            windows[#windows + 1] = { 0, ends - week_minutes }
        end
    end
end

local function merged(windows)
    table.sort(windows, function(a, b)
        return a[1] < b[1] or a[1] == b[1] and a[2] < b[2]
    end)
    local list = {}
    for _, window in ipairs(windows) do
        local last = list[#list]
        if last and window[1] <= last[2] then
            last[2] = math.max(last[2], window[2])
        else
            list[#list + 1] = { window[1], window[2] }
        end
    end
    for index, window in ipairs(list) do
        list[index] = { from_ns = window[1] * minute_ns, until_ns = window[2] * minute_ns }
    end
    return list
end

-- Adds the windows of "Mon-Fri 09:00-12:00, 13:00-17:00".
local function add_part(windows, part)
    local days, hours = part:match("^([^%d]*)(.*)$")
    local is_open, problem = days_of(days)
    if not is_open then
        return problem
    elseif hours == "" then
        return ('"%s" has no hours: %s 09:00-17:00'):format(part:match("^%s*(.-)%s*$"), days:match("^%s*(.-)%s*$"))
    end
    for word in (hours .. ","):gmatch("([^,]*),") do
        problem = problem or add_hours(windows, is_open, word)
    end
    return problem
end

---The open windows of a week in a text: parts between ";", each with its days (all, where it names none) and its hours
---between ","; then the zone, UTC where there is none.
---@param text string
---@return { windows: table[], offset_ns: integer }|nil
---@return string|nil problem
function calendar.parse(text)
    local words, zone = text:match("^(.-)%s+([+-]%d%d:%d%d)%s*$")
    if not words then
        words, zone = text:match("^(.-)%s+([Zz])%s*$")
    end
    words = words or text
    local offset_seconds = units.zone_offset_seconds(zone or "")
    if not offset_seconds then
        return nil, ('"%s" is no zone like +01:00'):format(zone)
    end
    local windows = {}
    for part in (words .. ";"):gmatch("([^;]*);") do
        local problem = part:match("%S") and add_part(windows, part)
        if problem then
            return nil, problem
        end
    end
    if #windows == 0 then
        return nil, "it is never open, and its nodes would wait for ever"
    end
    return { windows = merged(windows), offset_ns = offset_seconds * 1000000000 }
end

return calendar

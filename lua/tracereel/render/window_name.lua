-- Windows of time as a person reads them one below the other: no more of a time than differs between neighbours.
local units = require "tracereel.util.units"

local second_ns = 1000000000
local minute_ns, day_ns = 60 * second_ns, 86400 * second_ns

-- From which multiples on: the first and the last character of an RFC 3339 time that is shown. At most 18 columns.
local forms = {
    { day_ns, 1, 10 }, { minute_ns, 1, 16 }, { second_ns, 6, 19 }, { 1000000, 6, 23 }, { 1000, 12, 26 }, { 1, 15, 29 },
}

---"2025-11-24 16:15" of windows of whole minutes, "11-24 16:15:20" of seconds, "11-24 16:15:20.250" of
---milliseconds, ...
---@param first_ns integer when it begins
---@param window_ns integer
---@return string
return function(first_ns, window_ns)
    for _, form in ipairs(forms) do
        if window_ns % form[1] == 0 then
            return (units.time(first_ns):sub(form[2], form[3]):gsub("T", " "))
        end
    end
end

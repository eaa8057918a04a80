-- How the numbers of simulations are written: never wider than eight columns, which the tables count on.
local format = {}

---A count, or the mean of counts.
function format.count(value)
    return value == math.floor(value) and ("%.0f"):format(value) or ("%.1f"):format(value)
end

-- The first of these that the rate reaches: what it has to reach a second, the unit's seconds, and how it is written.
local rate_forms = {
    { 999999.5, 1, "%.0e/s" }, { 9999.5, 1, "%.0f/s" }, { 0.1, 1, "%.4g/s" }, { 0.001, 1, "%.4f/s" },
    { 0.1 / 3600, 3600, "%.4g/h" }, { 0.1 / 86400, 86400, "%.4g/d" }, { 0, 86400, "%.0e/d" },
}

---How often in a second; seldom things, in an hour or a day.
function format.rate(value)
    for _, form in ipairs(rate_forms) do
        if value > 0 and value >= form[1] then
            return form[3]:format(value * form[2])
        end
    end
    return "0/s"
end

return format

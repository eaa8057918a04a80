-- How the numbers of simulations are written: never wider than eight columns, which the tables count on.
local format = {}

---A count, or the mean of counts.
function format.count(value)
    return value == math.floor(value) and ("%.0f"):format(value) or ("%.1f"):format(value)
end

return format

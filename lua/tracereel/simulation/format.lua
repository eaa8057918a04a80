-- How the numbers of simulations are written: never wider than the columns that the tables have for them.
local output = require "tracereel.cli.output"
local text = require "tracereel.util.text"
local units = require "tracereel.util.units"

local format = {}

format.columns = 80

local min_columns <const> = 8

---Prints a sentence, in as many lines as it needs.
---@param words string
function format.write(words)
    for _, line in ipairs(text.wrap(words, format.columns)) do
        output.line(line)
    end
end

-- The first that is narrow enough, or the last.
local function fitting(max_columns, ...)
    local all = { ... }
    for _, one in ipairs(all) do
        if #one <= max_columns then
            return one
        end
    end
    return all[#all]
end

---A count, or the mean of counts.
---@param value number
---@param max_columns? integer 8; at least 5
---@return string
function format.count(value, max_columns)
    local whole = ("%.0f"):format(value)
    local is_whole = value == math.floor(value)
    return fitting(max_columns or min_columns, is_whole and whole or ("%.1f"):format(value), whole,
        ("%.1e"):format(value), ("%.0e"):format(value))
end

---By how much something has changed: "+12.5%", "x 12"; "" where that is nothing, or looks like it.
---@param ratio number of what is to what was
---@param decimals? integer 1
---@param max_columns? integer 8; at least 6
---@return string
function format.change(ratio, decimals, max_columns)
    max_columns = max_columns or min_columns
    if ratio >= 10 then
        local number = (ratio < 1e5 and "%.0f" or "%.0e"):format(ratio)
        return fitting(max_columns, "x " .. number, "x" .. number)
    end
    local percent = (ratio - 1) * 100
    local shown = ("%+." .. (decimals or 1) .. "f%%"):format(percent)
    return shown:find("[1-9]") and fitting(max_columns, shown, ("%+.0f%%"):format(percent)) or ""
end

---A difference of times, with its sign; none where it is rounded to nothing.
---@param ns number
function format.signed_duration(ns)
    local shown = units.rounded_duration(ns)
    return (ns > 0 and shown:find("[1-9]") and "+" or "") .. shown
end

return format

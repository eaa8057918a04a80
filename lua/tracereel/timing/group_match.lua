-- Which groups of two reports are the same: values and outcomes by what they are, windows of time by the time of day.
local failure = require "tracereel.util.failure"
local grouping = require "tracereel.timing.grouping"
local units = require "tracereel.util.units"

local group_match = {}

-- At most so many groups that only the baseline has are named.
local max_vanished = 1000

local day_ns = 86400 * 1000000000

-- The places of groups that hold a trace by their keys, and the keys of windows in their order.
local function places_of(groups)
    local place_of, windows = {}, {}
    for index = 1, #groups do
        local key = groups:key(index)
        if not groups:is_empty(index) then
            place_of[key] = index
            windows[#windows + 1] = math.type(key) == "integer" and key or nil
        end
    end
    return place_of, windows
end

-- By how many windows those of the baseline are moved: a whole number of days (or of windows, where these are days).
-- None, or as many as put the first windows on the same day, or the last ones: whichever puts the most windows on
-- windows of the other.
local function window_offset(by, before, after, place_of)
    local window_ns = by.window_ns
    if day_ns % window_ns ~= 0 and window_ns % day_ns ~= 0 then
        failure.raise("usage", "--baseline compares a window with the one at the same time of another day, and windows "
            .. "of %s do not divide a day", by.by)
    elseif #before == 0 or #after == 0 then
        return 0
    end
    local per_unit = math.max(1, day_ns // window_ns)
    local function units_between(from, to)
        return (units.unsigned_divide(to, per_unit)) - (units.unsigned_divide(from, per_unit))
    end
    local best, best_count = 0, -1
    local candidates = { 0, units_between(before[1], after[1]), units_between(before[#before], after[#after]) }
    for _, moved in ipairs(candidates) do
        local count = 0
        for _, window in ipairs(before) do
            count = count + (place_of[window + moved * per_unit] and 1 or 0)
        end
        if count > best_count then
            best, best_count = moved * per_unit, count
        end
    end
    return best
end

---@class tracereel.matched_groups
---@field pairs { before: integer, after: integer }[] places of groups that both reports have, as the second orders them
---@field new string[] groups that only the second has, as they are shown
---@field vanished string[] those that only the first has
---@field vanished_count integer of them, also those that are not named

-- All groups that the first report has: of values also those that were only counted.
local function keys_before(by, before, windows)
    if by.kind == "value" then
        return before.groups:values()
    elseif by.kind == "window" then
        return windows
    end
    local keys = {}
    for index = 1, #before.groups do
        keys[index] = before.groups:key(index)
    end
    return keys
end

---@param before tracereel.timing_report
---@param after tracereel.timing_report of the same grouping
---@return tracereel.matched_groups
function group_match.of(before, after)
    local by = after.groups:grouping()
    local place_before, windows_before = places_of(before.groups)
    local place_after, windows_after = places_of(after.groups)
    local offset = by.kind == "window" and window_offset(by, windows_before, windows_after, place_after) or 0
    local matched, is_matched = { pairs = {}, new = {}, vanished = {}, vanished_count = 0 }, {}
    for index = 1, #after.groups do
        local key = after.groups:key(index)
        local key_before = math.type(key) == "integer" and key - offset or key
        is_matched[key_before] = true
        if key == "others" or not place_after[key] then
            goto continue
        elseif place_before[key_before] then
            matched.pairs[#matched.pairs + 1] = { before = place_before[key_before], after = index }
        else
            matched.new[#matched.new + 1] = (grouping.describe(by, key))
        end
        ::continue::
    end
    for _, key in ipairs(keys_before(by, before, windows_before)) do
        if not is_matched[key] and not (by.kind == "value" and after.groups:has_value(key)) then
            matched.vanished_count = matched.vanished_count + 1
            if matched.vanished_count <= max_vanished then
                matched.vanished[#matched.vanished + 1] = (grouping.describe(by, key))
            end
        end
    end
    return matched
end

return group_match

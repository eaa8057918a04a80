-- The timings of a report's groups by their keys (grouping.lua), of which there are at most so many: of windows of time
-- the latest, of values those with the most traces. What is left out is the group "others", so that all groups together
-- are the whole. What there is depends on the traces alone, not on their order.
--
-- Which values have the most traces is known at the end. Where there are more than the limit, nothing but counts is
-- kept (`is_counting`), and the logs are read once more with these values as `chosen`.
local core = require "tracereel.core"
local failure = require "tracereel.util.failure"
local grouping = require "tracereel.timing.grouping"
local tables = require "tracereel.util.tables"
local units = require "tracereel.util.units"

local group_timings = {}

---@class tracereel.group_timings
---@field timings table<any, tracereel.timing>
---@field counts table<any, integer> of traces: of all values, also of those that have no timing
---@field is_counting boolean
local Groups = {}
Groups.__index = Groups

---@param by tracereel.timing_grouping
---@param limit integer
---@param new_timing fun(): tracereel.timing
---@param chosen table<any, true>|nil the only values that are not among the others; then there is no limit
---@return tracereel.group_timings
function group_timings.new(by, limit, new_timing, chosen)
    return setmetatable({
        by = by, limit = limit, new_timing = new_timing, chosen = chosen,
        timings = {}, counts = {},
        kept_count = 0, -- of the timings, those that are limited
        is_counting = false,
    }, Groups)
end

-- The key of the timing to which traces with that key are added.
function Groups:place(key)
    if not grouping.is_limited(key) then
        return key
    elseif self.by.kind == "window" then
        return self.floor and not math.ult(self.floor, key) and "others" or key
    end
    return self.chosen and not self.chosen[key] and "others" or key
end

function Groups:count_only()
    self.is_counting, self.timings, self.kept_count = true, {}, 0
end

-- The timing is no longer used.
local function add_to(groups, key, timing)
    if groups.timings[key] then
        core.timing_absorb(groups.timings[key], timing)
    else
        groups.timings[key] = timing
        groups.kept_count = groups.kept_count + (grouping.is_limited(key) and 1 or 0)
    end
end

-- Makes room for no more than that. Of windows some more than the limit are kept for a while, so that each is looked at
-- a few times only.
function Groups:limit_to(count)
    if self.kept_count <= count then
        return
    elseif self.by.kind == "window" then
        self:drop_windows()
    elseif not self.chosen then
        self:count_only()
    end
end

function Groups:drop_windows()
    local windows = {}
    for key in pairs(self.timings) do
        windows[#windows + 1] = grouping.is_limited(key) and key or nil
    end
    grouping.sort(self.by, windows, self.counts)
    local dropped_count = #windows - self.limit
    for index = 1, dropped_count do
        local timing = self.timings[windows[index]]
        self.timings[windows[index]] = nil
        add_to(self, "others", timing)
    end
    self.kept_count = self.limit
    self:raise_floor(windows[dropped_count])
end

-- Windows up to that one are among the others.
function Groups:raise_floor(key)
    if not self.floor or math.ult(self.floor, key) then
        self.floor = key
    end
end

---Counts a trace with that key, and gives the timing to which it is to be added: nil where only counts are kept.
---@param key any
---@return tracereel.timing|nil
function Groups:timing_for(key)
    if self.by.kind == "value" then
        self.counts[key] = (self.counts[key] or 0) + 1
    end
    local place = self:place(key)
    if self.is_counting then
        return nil
    elseif not self.timings[place] then
        add_to(self, place, self.new_timing())
        self:limit_to(self.by.kind == "window" and self.limit + self.limit // 8 + 16 or self.limit)
    end
    return self.timings[self:place(key)]
end

---Adds what another has, made for the same grouping, limit and chosen values, and no longer used.
---@param other tracereel.group_timings
function Groups:merge(other)
    for key, count in pairs(other.counts) do
        self.counts[key] = (self.counts[key] or 0) + count
    end
    if self.is_counting or other.is_counting then
        self:count_only()
        return
    end
    if other.floor then
        self:raise_floor(other.floor)
    end
    for key, timing in pairs(other.timings) do
        add_to(self, self:place(key), timing)
    end
    self:limit_to(self.limit)
end

---What there is, plain: for another process.
function Groups:packed()
    local timings = {}
    for key, timing in pairs(self.timings) do
        timings[key] = core.timing_fields(timing)
    end
    return { timings = timings, counts = self.counts, floor = self.floor, is_counting = self.is_counting }
end

---What another has packed, to be merged.
---@param packed table
---@param restore fun(fields: table, place: string): tracereel.timing
---@return table
function group_timings.unpacked(packed, restore)
    local timings = {}
    for key, fields in units.sorted(packed.timings) do
        timings[key] = restore(fields, ("groups.timings[%s]"):format(failure.got(key)))
    end
    return tables.changed(packed, { timings = timings })
end

---The values that have the most traces, as many as the limit.
---@return table<any, true>
function Groups:most_frequent()
    local values, last = {}, nil
    local function cut()
        grouping.sort(self.by, values, self.counts)
        for index = #values, self.limit + 1, -1 do
            values[index] = nil
        end
        last = values[self.limit]
    end
    -- Twice as many as are wanted are looked at together: most of the others come after the last of these.
    for key in pairs(self.counts) do
        if grouping.is_limited(key) and (not last or grouping.comes_before(self.by, key, last, self.counts)) then
            values[#values + 1] = key
            if #values == 2 * self.limit then
                cut()
            end
        end
    end
    cut()
    return tables.set(values)
end

---How many different values were counted.
---@return integer
function Groups:value_count()
    local count = 0
    for key in pairs(self.counts) do
        count = count + (grouping.is_limited(key) and 1 or 0)
    end
    return count
end

---The keys of all timings, in the order in which groups are shown.
---@return any[]
function Groups:keys()
    self:limit_to(self.limit)
    local keys = {}
    for key in pairs(self.timings) do
        keys[#keys + 1] = key
    end
    grouping.sort(self.by, keys, self.counts)
    return keys
end

return group_timings

-- The time zone of times in texts for a person: UTC, the machine's own, or one that was named. JSON has nanoseconds.
local failure = require "tracereel.util.failure"
local units = require "tracereel.util.units"

local zone = {}

-- How many seconds local time is ahead of UTC at a time, in seconds since 1970.
local function utc()
    return 0
end

local offset_at = utc

-- The rule of the machine's zone knows summer and winter.
local function machine_offset(seconds)
    return units.zone_offset_seconds(os.date("%z", seconds)) or 0
end

local function parse(text)
    local offset_seconds = text ~= "" and units.zone_offset_seconds(text)
    if not offset_seconds then
        return nil, ('"%s" is not a time zone: write how far it is ahead of UTC, as in +02:00, or Z'):format(text)
    end
    return offset_seconds
end

---@param command table
function zone.define(command)
    command:flag("--utc", "Show times in UTC, which is the default.")
    command:flag("--local", "Show times in the machine's time zone.")
    command:option("--tz", "Show times in this zone, as in +02:00."):argname("<ZONE>"):convert(parse)
end

---From here on texts have their times in the zone that was asked for.
---@param parsed table
function zone.use(parsed)
    local count = (parsed.utc and 1 or 0) + (parsed["local"] and 1 or 0) + (parsed.tz and 1 or 0)
    if count > 1 then
        failure.raise("usage", "--utc, --local and --tz exclude each other: times are shown in one zone")
    end
    offset_at = utc
    if parsed["local"] then
        offset_at = machine_offset
    elseif parsed.tz and parsed.tz ~= 0 then
        offset_at = function()
            return parsed.tz
        end
    end
end

---A time in that zone, with nanoseconds, and with the zone at its end: RFC 3339.
---@param ns integer unsigned
---@return string
function zone.time(ns)
    if offset_at == utc then
        return units.time(ns)
    end
    return units.time_at_offset(ns, offset_at((units.unsigned_divide(ns, 1000000000))))
end

---How many columns a time takes that takes so many in UTC.
---@param utc_columns integer
---@return integer
function zone.columns(utc_columns)
    return offset_at == utc and utc_columns or utc_columns + #"+00:00" - #"Z"
end

return zone

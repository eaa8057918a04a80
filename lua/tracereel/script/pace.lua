-- How `run` treats time: at a pace, from one time to another, or following a log that is being written.
local archive_name = require "tracereel.util.archive_name"
local failure = require "tracereel.util.failure"
local files = require "tracereel.util.files"
local host = require "tracereel.host"
local output = require "tracereel.cli.output"
local period = require "tracereel.cli.period"
local units = require "tracereel.util.units"

local pace = {}

---A pace as it is written: "1x", "0.5x", "60x"; "max" is as fast as the log can be read.
---@param text string
---@return number|nil speed nanoseconds of log time in one of the wall clock; 0 for max
---@return string|nil problem
function pace.parse_speed(text)
    if text == "max" then
        return 0
    end
    local speed = tonumber((text:match("^(%d+%.?%d*)x$")))
    if not speed or speed <= 0 or speed >= 1e12 then
        return nil, ('"%s" is not a pace; write one like 1x, 60x or 0.5x, or max'):format(text)
    end
    return speed
end

-- SEQUENCE:OFFSET is a position; no time has that form.
local function parse_from(text)
    local position = units.parse_position(text)
    if position then
        return position
    end
    local moment = period.parse_moment(text)
    return moment, moment == nil and ('"%s" is neither a position (1:3088) nor a time (2025-11-24T16:00:00Z, ' ..
        "nanoseconds since 1970, or -2h: so long before the end of the log)"):format(text) or nil
end

---What options.reading takes for a --from that can be a time.
pace.from = {
    help = "Start reading at SEQUENCE:OFFSET, ignoring all that comes before; or, given a time, show what happens " ..
        "from then on, with state built from the beginning.",
    argname = "<POSITION|TIME>",
    convert = parse_from,
}

function pace.define(command)
    command:option("--to", "Stop at this time: RFC 3339, nanoseconds since 1970, or, as in -2h, a time before the end.")
        :argname("<TIME>"):convert(period.parse_moment)
    command:option("--speed", "Replay at this multiple of real time: 1x, 60x, 0.5x, or max: without waiting.", "max")
        :argname("<PACE>"):convert(pace.parse_speed)
    command:flag("--follow", "At the end of the log, wait for its writer to append more, until interrupted.")
end

---Takes what concerns time out of the parsed options.
---@return table pace
function pace.of(parsed)
    local self = { follow = parsed.follow, speed = parsed.speed, to = parsed.to }
    if parsed.from and not parsed.from.sequence then
        self.from, parsed.from = parsed.from, nil
    end
    if self.follow and self.speed ~= 0 then
        failure.raise("usage", "--follow goes at the pace of the log's writer: leave --speed out")
    elseif parsed.shard and pace.is_live(self) then
        failure.raise("usage", "--shard reads a part of a log, for results that are merged: it excludes %s",
            self.follow and "--follow" or "--speed")
    elseif self.follow and #parsed.logs > 1 then
        failure.raise("usage", "--follow takes one log: it does not come to an end")
    end
    return self
end

---Does anybody wait for what is printed?
function pace.is_live(self)
    return self.follow or self.speed ~= 0
end

local look_seconds = 0.05

-- Could the log be opened? Only what is not there yet is worth waiting for.
local function is_there(path)
    local names, _, errno = host.list_directory(path)
    for _, name in ipairs(names or {}) do
        if archive_name.split(name):find("^wal_%x+%.log$") then
            return true
        end
    end
    return not names and not files.is_absent(errno)
end

---Is the log one to be followed that is not there yet? A dashboard may be started before the engine.
---@param path string
function pace.must_wait(self, path)
    return self.follow and path ~= "-" and not is_there(path)
end

---Waits for the first segment of a log.
---@param path string
function pace.wait(path)
    output.say("%s: no segments there yet; waiting for the first", path)
    repeat
        host.sleep(look_seconds)
    until is_there(path)
end

local function end_of(log)
    log:replay {}
    return log:stats().now_ns
end

---What log:replay takes, or nil where there is nothing to say. Reads the log where a time is counted from its end.
function pace.options(self, log)
    local end_ns
    local function resolve(moment)
        if moment and moment.before_end_ns then
            end_ns = end_ns or end_of(log)
            return math.ult(moment.before_end_ns, end_ns) and end_ns - moment.before_end_ns or 1
        end
        return moment and moment.time_ns
    end
    local found = {
        follow = self.follow or nil,
        speed = self.speed ~= 0 and self.speed or nil,
        from_ns = resolve(self.from),
        to_ns = resolve(self.to),
    }
    if found.from_ns and found.to_ns and not math.ult(found.from_ns, found.to_ns) then
        failure.raise("usage", "--from is not before --to: nothing can be shown")
    end
    return next(found) and found or nil
end

return pace

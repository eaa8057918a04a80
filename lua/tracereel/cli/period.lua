-- --since and --until: a time, or how long before the end of the logs it is.
local base = require "tracereel.base"
local failure = require "tracereel.util.failure"
local units = require "tracereel.util.units"

local period = {}

---A time, or how long before the end of the logs.
---@class tracereel.moment
---@field time_ns integer|nil
---@field before_end_ns integer|nil

---A moment as it is written: RFC 3339, nanoseconds, or "-2h" before the end.
---@param text string
---@return tracereel.moment|nil
---@return string|nil problem
function period.parse_moment(text)
    if text:sub(1, 1) == "-" then
        local before_end_ns, problem = units.parse_duration(text:sub(2))
        return before_end_ns and { before_end_ns = before_end_ns }, problem
    end
    local time_ns, problem = units.parse_time(text)
    return time_ns and { time_ns = time_ns }, problem
end

---The same, but a time is a number; for commands whose partials know it so.
---@param text string
---@return integer|tracereel.moment|nil
---@return string|nil problem
function period.parse(text)
    local moment, problem = period.parse_moment(text)
    return moment and (moment.time_ns or moment), problem
end

-- The latest time of the logs: they are read for it.
local function end_of(paths, opener)
    local end_ns = 0
    for _, path in ipairs(paths) do
        if path == "-" then
            failure.raise("usage", "a time before the end needs the log's end first, and a pipe can be read only "
                .. "once: save the log to a file, or write the time itself")
        end
        -- A log that cannot be opened is reported when it is read for its records.
        local opened, log = failure.pcall(base.open, path, opener(path))
        local last_ns = opened and failure.pcall(log.replay, log, {}) and log:stats().now_ns or 0
        end_ns = math.ult(end_ns, last_ns) and last_ns or end_ns
    end
    return end_ns
end

---The times of moments; reads the logs for those that are counted from their end.
---@param since tracereel.moment|nil
---@param until_moment tracereel.moment|nil
---@param paths string[]
---@param opener fun(path: string): tracereel.open_options
---@param is_followed? boolean
---@return integer|nil since_ns
---@return integer|nil until_ns
function period.times(since, until_moment, paths, opener, is_followed)
    local is_counted = since and since.before_end_ns or until_moment and until_moment.before_end_ns
    if is_counted and is_followed then
        failure.raise("usage", "a log that is followed has no end to count from: write the time itself")
    end
    local end_ns = is_counted and end_of(paths, opener)
    local function resolve(moment)
        if moment and moment.before_end_ns then
            return math.ult(moment.before_end_ns, end_ns) and end_ns - moment.before_end_ns or 0
        end
        return moment and moment.time_ns
    end
    return resolve(since), resolve(until_moment)
end

---Makes numbers of parsed.since and parsed["until"], as period.parse gives them.
---@param parsed table options.logs
---@param opener fun(path: string): tracereel.open_options
function period.resolve(parsed, opener)
    local function moment(value)
        return type(value) == "number" and { time_ns = value } or value
    end
    local since_ns, until_ns = period.times(moment(parsed.since), moment(parsed["until"]), parsed.logs, opener,
        parsed.follow)
    parsed.since, parsed["until"] = since_ns, until_ns
end

---A test of traces by when they began; nil where every one passes. One of which only a snapshot knows began before.
---@param since_ns integer|nil
---@param until_ns integer|nil
---@return nil|fun(trace: tracereel.trace): boolean
function period.trace_test(since_ns, until_ns)
    if not since_ns and not until_ns then
        return nil
    end
    return function(trace)
        local start_ns = trace.start_ns
        return not (since_ns and (trace.from_snapshot or math.ult(start_ns, since_ns)))
            and not (until_ns and not trace.from_snapshot and not math.ult(start_ns, until_ns))
    end
end

---Raises where a partial is asked for, and a time is counted from the end of logs of which it knows one.
---@param parsed table
function period.check_partial(parsed)
    for _, name in ipairs { "since", "until" } do
        if type(parsed[name]) == "table" and parsed[name].before_end_ns then
            failure.raise("usage", "--partial knows no end of the other logs: give --%s as a time", name)
        end
    end
end

return period

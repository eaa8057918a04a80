-- Where a log is cut: what came before the cut is learnt from, what comes after it is predicted. A cut lies before the
-- first trace that arrives at or after its time, so that a log that was cut reads as one that ends there.
local base = require "tracereel.base"
local failure = require "tracereel.util.failure"
local logs = require "tracereel.cli.logs"
local period = require "tracereel.cli.period"
local text = require "tracereel.util.text"
local units = require "tracereel.util.units"

local partition = {}

local min_closed = 50
-- Of these, on either side of a cut.
local min_closed_of_side = 10
-- A trace whose clock is further behind the log's than this share of its side stands still in time; more of them than
-- the other share, and the side has no times.
local max_clock_lag, max_lagging_share = 0.01, 0.1

---A cut as it is written: a share of the time ("60%"), RFC 3339, nanoseconds, or "-2h" before the end.
---@param written string
---@return { share: number|nil, time_ns: integer|nil, before_end_ns: integer|nil }|nil
---@return string|nil problem
function partition.parse_cut(written)
    local percent = written:match("^(%d+%.?%d*)%s*%%$")
    if percent then
        local share = tonumber(percent) / 100
        if share <= 0 or share >= 1 then
            return nil, ('"%s" is not more than 0%% and less than 100%%'):format(written)
        end
        return { share = share }
    end
    return period.parse_moment(written)
end

---@class tracereel.arrivals of all traces that began in a log, in its order. Times are event times: the latest
---  timestamp up to the record
---@field times_ns integer[]
---@field lags_ns integer[] event time less the record's own timestamp
---@field sequences integer[] where the trace_start is: number of the segment
---@field offsets integer[] and byte in it
---@field last_ns integer event time of the log's last record
---@field closed integer how many traces closed
---@field damaged boolean

---Reads when traces arrived.
---@param path string
---@return tracereel.arrivals
function partition.arrivals(path)
    local log = base.open(path, { measured = true })
    local arrivals = { times_ns = {}, lags_ns = {}, sequences = {}, offsets = {}, closed = 0 }
    local count = 0
    local function close(_, trace)
        arrivals.closed = arrivals.closed + (trace and not trace.tainted and 1 or 0)
    end
    log:replay {
        trace_start = function(rec, trace)
            if trace and trace.restart_count > 0 then
                return -- the trace is there already
            end
            count = count + 1
            local now_ns = log:stats().now_ns
            arrivals.times_ns[count], arrivals.lags_ns[count] = now_ns, now_ns - rec.timestamp_ns
            arrivals.sequences[count], arrivals.offsets[count] = rec.sequence, rec.offset
        end,
        trace_complete = close,
        trace_failed = close,
    }
    if logs.interrupted() then
        failure.raise("interrupted", "interrupted")
    end
    local stats = log:stats()
    arrivals.last_ns, arrivals.damaged = stats.now_ns, stats.damaged
    return arrivals
end

local function refuse(path, message, ...)
    failure.raise("refused", "%s: " .. message, path, ...)
end

-- The first trace that arrives at that time or later.
local function first_from(arrivals, time_ns)
    local low, high = 1, #arrivals.times_ns + 1
    while low < high do
        local middle = (low + high) // 2
        if math.ult(arrivals.times_ns[middle], time_ns) then
            low = middle + 1
        else
            high = middle
        end
    end
    return low
end

-- The times of the cuts, ascending. Shares are of the time in which traces arrive: after the last arrival there is
-- nothing to predict.
local function cut_times(arrivals, options)
    local first_ns, last_ns = arrivals.times_ns[1], arrivals.last_ns
    local arriving_ns = arrivals.times_ns[#arrivals.times_ns] - first_ns
    local function at_share(share)
        return first_ns + math.floor(units.magnitude(arriving_ns) * share)
    end
    local cut = options.at
    if not cut then
        local times = {}
        for fold = 1, options.folds do
            times[fold] = at_share(fold / (options.folds + 1))
        end
        return times
    elseif cut.share then
        return { at_share(cut.share) }
    elseif cut.before_end_ns then
        return { math.ult(cut.before_end_ns, last_ns) and last_ns - cut.before_end_ns or 0 }
    end
    return { cut.time_ns }
end

local function position(arrivals, index)
    return arrivals.times_ns[index]
        and { sequence = arrivals.sequences[index], offset = arrivals.offsets[index] } or nil
end

-- How many of the traces from one to another have a clock that is far behind the log's, and by how much at most.
local function lagging(arrivals, from, to, span_ns)
    local count, max_lag_ns = 0, 0
    for index = from, to do
        local lag_ns = units.magnitude(arrivals.lags_ns[index])
        if lag_ns > max_clock_lag * span_ns then
            count, max_lag_ns = count + 1, math.max(max_lag_ns, lag_ns)
        end
    end
    return count, max_lag_ns
end

-- Raises where so many traces of one side stand still that its times mean nothing; otherwise how many there are.
local function check_clocks(path, arrivals, fold)
    local lagging_count = 0
    for _, side in ipairs {
        { "before", 1, fold.first - 1, fold.cut_ns - arrivals.times_ns[1] },
        { "after", fold.first, fold.last, fold.until_ns - fold.cut_ns },
    } do
        local count, max_lag_ns = lagging(arrivals, side[2], side[3], units.magnitude(side[4]))
        if count > max_lagging_share * (side[3] - side[2] + 1) then
            refuse(path, "the clock steps: %s %s the cut at %s began up to %s earlier than records before them, so "
                .. "that time stands still there and nothing can be measured: cut where clocks agree (--at)",
                text.count(count, "trace"), side[1], base.time(fold.cut_ns), units.rounded_duration(max_lag_ns))
        end
        lagging_count = lagging_count + count
    end
    return lagging_count
end

local function new_fold(path, arrivals, cut_ns, end_ns)
    local first = first_from(arrivals, cut_ns)
    local next_first = end_ns and first_from(arrivals, end_ns) or #arrivals.times_ns + 1
    if first == 1 then
        refuse(path, "no trace arrives before the cut at %s: there is nothing to learn from", base.time(cut_ns))
    elseif first >= next_first then
        refuse(path, "no trace arrives from the cut at %s to %s: there is nothing to predict", base.time(cut_ns),
            base.time(end_ns or arrivals.last_ns))
    end
    local fold = {
        first = first, last = next_first - 1,
        cut_ns = arrivals.times_ns[first], cut = position(arrivals, first),
        until_ns = arrivals.times_ns[next_first] or arrivals.last_ns, to = position(arrivals, next_first),
    }
    if fold.cut_ns == arrivals.times_ns[1] or fold.until_ns == fold.cut_ns then
        refuse(path, "no time passes %s the cut at %s: there is nothing to %s",
            fold.cut_ns == arrivals.times_ns[1] and "before" or "after", base.time(fold.cut_ns),
            fold.cut_ns == arrivals.times_ns[1] and "learn from" or "predict")
    end
    fold.lagging = check_clocks(path, arrivals, fold)
    return fold
end

---@class tracereel.backtest_fold
---@field first integer the first trace that is predicted
---@field last integer and the last
---@field cut tracereel.position of its trace_start: what comes before is learnt from
---@field cut_ns integer event time of it
---@field to tracereel.position|nil where what is predicted ends; nil: with the log
---@field until_ns integer event time there
---@field lagging integer how many traces have a clock that is far behind the log's

---The parts of a log. Raises where there is too little to learn from or to predict.
---@param path string
---@param arrivals tracereel.arrivals
---@param options { at: table|nil, folds: integer }
---@return tracereel.backtest_fold[]
function partition.folds(path, arrivals, options)
    if #arrivals.times_ns == 0 then
        refuse(path, "no trace begins in the log: there is nothing to predict")
    elseif arrivals.closed < min_closed then
        refuse(path, "%d of %s closed: too few to learn from and to judge by; a backtest takes at least %d",
            arrivals.closed, text.count(#arrivals.times_ns, "trace"), min_closed)
    end
    local times, folds = cut_times(arrivals, options), {}
    for index, cut_ns in ipairs(times) do
        folds[index] = new_fold(path, arrivals, cut_ns, times[index + 1])
    end
    return folds
end

---Raises where a part has too few closed traces.
---@param path string
---@param closed integer
---@param fold tracereel.backtest_fold
---@param is_learnt boolean before the cut
function partition.check_closed(path, closed, fold, is_learnt)
    if closed < min_closed_of_side then
        refuse(path, "%s closed %s the cut at %s: too few to %s; at least %d are needed on either side",
            text.count(closed, "trace"), is_learnt and "before" or "after", base.time(fold.cut_ns),
            is_learnt and "learn from" or "judge by", min_closed_of_side)
    end
end

return partition

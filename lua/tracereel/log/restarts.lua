-- Where a log says that the engine was started again. After a crash it goes on with each open trace that does not wait,
-- and writes a trace_resumed for it; a record that a crash has torn, with others after it, says so, too. A start with
-- nothing to go on with leaves no trace in a log.
local failure = require "tracereel.util.failure"
local tables = require "tracereel.util.tables"
local base = require "tracereel.base"

local restarts = {}

---@class tracereel.restart
---@field number integer from 1
---@field segment string
---@field sequence integer
---@field offset integer byte offset of the first record after it
---@field time_ns integer of that record; of the latest one before it where it is known by a torn write
---@field sign "trace_resumed"|"torn_write"

local Finder = {}
Finder.__index = Finder

---Collects the restarts of a log while it is read: `log:replay(finder:handlers(log), ...)`, then finder.list.
function restarts.finder()
    return setmetatable({ list = {}, touched = {} }, Finder)
end

function Finder:add(place, time_ns, sign)
    self.list[#self.list + 1] = { number = #self.list + 1, segment = place.segment, sequence = place.sequence,
        offset = place.offset, time_ns = time_ns, sign = sign }
end

-- Was the trace suspended until this record? Then it was a person, or a timeout, that resumed it.
local function was_suspended(rec, trace)
    local last = trace.last_suspension
    return last ~= nil and last.end_ns == rec.timestamp_ns
end

-- Has the trace had a record since the latest restart? Before the first one each has.
function Finder:has_gone_on(trace)
    local latest = self.list[#self.list]
    return not latest or self.touched[trace.id] == latest.number
        or not trace.from_snapshot and math.ult(latest.time_ns, trace.start_ns)
end

---@param log tracereel.log that is being read
---@return tracereel.handlers
function Finder:handlers(log)
    return {
        trace_resumed = function(rec, trace)
            if not trace or rec.by_tracereel then
                return
            end
            -- A recovery writes it before anything else of that trace: the second of a trace is of a later start.
            if not was_suspended(rec, trace) and self:has_gone_on(trace) then
                self:add(rec, rec.timestamp_ns, "trace_resumed")
            end
            self.touched[trace.id] = #self.list
        end,
        gap = function(gap)
            if gap.class == "torn_write" then
                self:add(gap, log:stats().now_ns, "torn_write")
            end
        end,
    }
end

---The restarts of a log, in order: by all of its records, because a plan may have suspended what a person resumed.
---@param path string
---@param open_options? tracereel.open_options
---@return tracereel.restart[]
function restarts.find(path, open_options)
    local all = tables.changed(open_options or {}, { measured = false })
    local finder, log = restarts.finder(), base.open(path, all)
    log:replay(finder:handlers(log))
    return finder.list
end

---"wal_0000000000000000.log:8109, 2026-11-27T12:15:26.478779000Z".
---@param restart tracereel.restart
---@return string
function restarts.place(restart)
    return ("%s:%d, %s%s"):format(restart.segment, restart.offset, restart.sign == "torn_write" and "after " or "",
        base.time(restart.time_ns))
end

---Options of tracereel.open with which only the records between two starts of the engine are read. Raises where there
---are not so many starts.
---@param path string
---@param number integer of the restart that it begins with; 0: what comes before the first one
---@param open_options tracereel.open_options
---@return tracereel.open_options
function restarts.period(path, number, open_options)
    if path == "-" then
        failure.raise("usage", "--since-restart looks for restarts first, and a pipe can be read only once: save the "
            .. "log to a file")
    end
    local list = restarts.find(path, open_options)
    if number > #list then
        local places = {}
        for index = 1, math.min(#list, 10) do
            places[index] = ("%d at %s"):format(index, restarts.place(list[index]))
        end
        failure.raise("usage", "--since-restart %d: %s shows %s%s", number, path,
            #list == 0 and "no restart" or ("%d restart%s: "):format(#list, #list == 1 and "" or "s"),
            table.concat(places, "; ") .. (#list > #places and "; ..." or ""))
    end
    local function position(restart)
        return restart and { sequence = restart.sequence, offset = restart.offset }
    end
    return tables.joined(open_options, { from = position(list[number]), to = position(list[number + 1]) })
end

return restarts

-- The last mending of a log's arenas, taken back: each write position is set to what it was, where the engine has not
-- moved on since.
local arenas = require "tracereel.log.arenas"
local failure = require "tracereel.util.failure"
local journal = require "tracereel.recovery.journal"
local mending = require "tracereel.recovery.mending"
local positions = require "tracereel.recovery.positions"
local tracereel = require "tracereel"

local unmending = {}

local function new_mending(entry)
    return { began = entry.mending, place = entry.arenas_place, ids = {}, change_of = {} }
end

-- Adds what an entry has changed. A mending that went on after an interrupt can name a trace a second time.
local function add_changes(last, entry)
    for _, change in ipairs(entry.arenas) do
        local known = last.change_of[change.trace_id]
        if not known then
            last.ids[#last.ids + 1] = change.trace_id
        end
        last.change_of[change.trace_id] = { trace_id = change.trace_id, to_bytes = change.to_bytes,
            from_bytes = known and known.to_bytes == change.from_bytes and known.from_bytes or change.from_bytes }
    end
end

-- The last mending in the journal: what it set and was not taken back, and the entry that took back the last
-- of it. nil where there was none.
local function last_mending(entries)
    local last
    for _, entry in ipairs(entries) do
        local is_of_arenas = entry.state == "done" and entry.arenas
        if is_of_arenas and not entry.undoes then
            if not last or last.began ~= entry.mending then
                last = new_mending(entry)
            end
            add_changes(last, entry)
        elseif is_of_arenas and last and last.began == entry.undoes then
            last.undone_by = entry
            for _, change in ipairs(entry.arenas) do
                last.change_of[change.trace_id] = nil
            end
        end
    end
    return last
end

-- Has this command, interrupted, taken it back already?
local function was_finished_now(self, last)
    for _, entry in ipairs(self.finished_intents) do
        if entry.undoes == last.began and entry.state == "done" then
            return true
        end
    end
    return false
end

local function open_traces(log)
    local by_id = {}
    for _, trace in ipairs(log:traces()) do
        by_id[trace.id] = trace
    end
    return by_id
end

-- Why a position cannot be set back; nil where it can.
local function obstacle(directory, change, trace)
    local path = arenas.path(directory, change.trace_id)
    local header, problem, kind = arenas.header(directory, change.trace_id)
    if not header then
        return problem, kind
    elseif header.write_position_bytes ~= change.to_bytes then
        return ("%s: it has moved on: its write position was set to %d, and is %s"):format(path, change.to_bytes,
            tracereel.unsigned(header.write_position_bytes)), "moved"
    elseif trace and math.ult(change.to_bytes, arenas.finish_of_outputs(trace.completed_nodes)) then
        return ("%s: it has moved on: the log names an output after the write position (%d)"):format(path,
            change.to_bytes), "moved"
    end
    return positions.obstacle(path)
end

---What of the last mending can be taken back. Raises "refused" where there is nothing to take back.
---@param self table the writing
---@param log tracereel.log
---@param given string|nil where the arenas are now; else where they were
---@return table found as mending.carry_out takes it; `stale` are the changes that lead back
---@return string undoes the beginning of the mending
function unmending.find(self, log, given)
    local last = last_mending(journal.read(self.directory))
    if not last then
        failure.raise("refused", "%s: the journal names no arena that was mended: there is nothing to undo",
            self.directory)
    end
    local directory = given or arenas.at(self.directory, last.place)
    local place = given and mending.lasting_place(given) or last.place
    local found = { directory = directory, place = place, found_as = given and "--arenas" or last.place, stale = {},
        refused = {}, absent = {}, right_count = 0 }
    local traces = open_traces(log)
    for _, id in ipairs(last.ids) do
        local change = last.change_of[id]
        if change then
            local problem, kind = obstacle(directory, change, traces[id])
            if problem then
                found.refused[#found.refused + 1] = { trace_id = id, reason = problem, kind = kind }
            else
                found.stale[#found.stale + 1] = { trace_id = id, from_bytes = change.to_bytes,
                    to_bytes = change.from_bytes }
            end
        end
    end
    if #found.stale + #found.refused == 0 and not was_finished_now(self, last) then
        failure.raise("refused", "this mending was undone already: at %s by %s; nothing is left to do",
            last.undone_by.time, last.undone_by.operator)
    end
    return found, last.began
end

return unmending

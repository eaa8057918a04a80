-- Stale write positions of arenas, set after the last output that the log names: which of them, and how. The engine
-- reads no output after the position, and writes over what is there. docs/recovery.md explains it to people.
local arenas = require "tracereel.log.arenas"
local completion = require "tracereel.log.completion"
local failure = require "tracereel.util.failure"
local host = require "tracereel.util.host"
local journal = require "tracereel.recovery.journal"
local output = require "tracereel.cli.output"
local positions = require "tracereel.recovery.positions"
local text = require "tracereel.util.text"
local tracereel = require "tracereel"

local mending = {}

-- One line of the journal covers at most so many arenas: then a person can read it, and after an interrupted command
-- only so many arenas are looked at.
local arenas_per_entry = 1000

-- ---- which arenas ----

-- A trace's outputs: `read` are those that the engine will read, in `order`; `finish_bytes` is where the last one ends
-- that must not be written over.

---The outputs of a trace as the log has them.
---@param trace tracereel.trace
local function outputs_of(trace)
    local completed = trace.completed_nodes
    return { trace_id = trace.id, read = completed, order = completion.order(trace),
        finish_bytes = arenas.finish_of_outputs(completed) }
end

---The outputs of a trace that a plan will leave in another state: what the plan forgets need not be readable.
---@param trace tracereel.trace
---@param after table the view
local function outputs_after(trace, after)
    local outputs = outputs_of(trace)
    local finish, order, is_known = arenas.finish_of_outputs(after.completed_nodes), {}, {}
    for _, node in ipairs(outputs.order) do
        is_known[node] = true
        order[#order + 1] = after.completed_nodes[node] and node or nil
    end
    for _, node in ipairs(after.completion_order) do
        order[#order + 1] = not is_known[node] and node or nil
    end
    outputs.read, outputs.order = after.completed_nodes, order
    outputs.finish_bytes = math.ult(outputs.finish_bytes, finish) and finish or outputs.finish_bytes
    return outputs
end

-- Why the position must not be set, though it is stale: a person has to decide.
local function reason_to_refuse(outputs, path, is_short, limit)
    if is_short then
        return ("%s: the log names an output that ends at %s, beyond its end (%s)"):format(path,
            tracereel.unsigned(outputs.finish_bytes), tracereel.unsigned(limit)), "short"
    end
    local overwritten = {}
    for index, one in ipairs(arenas.overlaps(outputs.read, outputs.order)) do
        overwritten[index] = ("the output of node %d was overwritten by node %d"):format(one.node, one.by)
    end
    if #overwritten > 0 then
        local words = table.concat(overwritten, ", ")
        return ("%s: %s; the engine would read other bytes"):format(path, words), "overwritten"
    end
    return positions.obstacle(path)
end

local function refuse(found, trace_id, problem, kind)
    found.refused[#found.refused + 1] = { trace_id = trace_id, reason = problem, kind = kind }
end

local function judge(found, outputs)
    local id, directory = outputs.trace_id, found.directory
    local header, problem, kind = arenas.header(directory, id)
    local position, path = header and header.write_position_bytes, arenas.path(directory, id)
    if kind == "absent" then
        found.absent[#found.absent + 1] = id
    elseif not header then
        refuse(found, id, problem, kind)
    elseif math.ult(header.file_bytes, position) then
        refuse(found, id, ("%s: its write position (%s, offset 56) is beyond the end of the file (%d)"):format(path,
            tracereel.unsigned(position), header.file_bytes), "damaged")
    elseif not math.ult(position, outputs.finish_bytes) then
        found.right_count = found.right_count + 1
    else
        local mended, limit = arenas.position_after(header, outputs.finish_bytes)
        problem, kind = reason_to_refuse(outputs, path, not mended, limit)
        if problem then
            refuse(found, id, problem, kind)
        else
            found.stale[#found.stale + 1] = { trace_id = id, from_bytes = position, to_bytes = mended }
        end
    end
end

local function nowhere(log_path)
    local parent = arenas.at(log_path, "LOG/..")
    return ("no arenas are where the engine keeps them (%s, %s/trace_*.bin)"):format(
        arenas.at(log_path, "LOG/../arenas"), parent)
end

---A given directory as the journal names it: an absolute path. A directory beside the log is named relative to the log,
---so that a copy of both does not name the original.
---@param directory string
---@return string
function mending.lasting_place(directory)
    return host.real_path and host.real_path(directory) or directory
end

---Where a log's arenas are. Raises where a directory was given that is none.
---@param log_path string
---@param given string|nil
---@return { directory: string, found_as: string, place: string }|nil
---@return string|nil problem
function mending.locate(log_path, given)
    local directory, found_as, unknown = arenas.find(log_path, given)
    if unknown then
        failure.raise("io", "%s; where are the arenas? --arenas DIR says it", unknown)
    elseif not directory then
        return nil, nowhere(log_path)
    end
    arenas.check(directory)
    return { directory = directory, found_as = found_as, place = given and mending.lasting_place(given) or found_as }
end

---Which arenas of the open traces need mending. Nothing is written.
---@param where table from mending.locate
---@param traces tracereel.trace[] the open ones
---@param after nil|table<string, table> trace id to the view that a plan leaves it in; the others stay as they are
---@return table found where's keys, and { stale = { trace_id, from_bytes, to_bytes }, refused = { trace_id, reason,
---  kind }, absent = ids of traces without an arena, right_count }
function mending.find(where, traces, after)
    local found = { directory = where.directory, found_as = where.found_as, place = where.place, stale = {},
        refused = {}, absent = {}, right_count = 0 }
    for _, trace in ipairs(traces) do
        local view = after and after[trace.id]
        if not view then
            judge(found, outputs_of(trace))
        elseif view.open then
            judge(found, outputs_after(trace, view))
        end
    end
    return found
end

-- ---- doing it ----

-- One mending can be several entries of the journal, and go on after it was interrupted: all have the time at which it
-- began. It was interrupted where its last entry did not set all, or leaves others to be set.
local function beginning_of(self)
    local last
    for _, entry in ipairs(journal.read(self.directory)) do
        last = entry.mending and entry or last
    end
    local is_whole = not last or last.undoes or last.state == "done" and not last.of_arenas and last.remaining == 0
    return is_whole and self.time or last.mending
end

---Sets the positions. What cannot be set any more, because another process is at work, is refused.
---@param self table the writing
---@param found table from mending.find or undo's; `stale` becomes what was set
---@param undoes string|nil the beginning of the mending that is taken back
function mending.carry_out(self, found, undoes)
    local set = {}
    local began = undoes or beginning_of(self)
    for first = 1, #found.stale, arenas_per_entry do
        local last = math.min(first + arenas_per_entry - 1, #found.stale)
        local changes = table.move(found.stale, first, last, 1, {})
        local entry = { arenas = changes, arenas_place = found.place, mending = began, undoes = undoes,
            remaining = #found.stale - last }
        self:change(entry, function(intent)
            local changed = {}
            for _, change in ipairs(changes) do
                local is_set, problem, kind = positions.set(found.directory, change)
                if is_set then
                    changed[#changed + 1] = change
                else
                    refuse(found, change.trace_id, problem, kind)
                end
            end
            table.move(changed, 1, #changed, #set + 1, set)
            if #changed == 0 then
                return "abandoned"
            end
            intent.arenas = changed
        end)
    end
    found.stale = set
end

-- ---- saying it ----

local max_shown = 20

local function show_some(list, tell, words_of)
    for index = 1, math.min(#list, max_shown) do
        tell(words_of(list[index]))
    end
    if #list > max_shown then
        tell(("  and %d more (--json lists all)"):format(#list - max_shown))
    end
end

---Tells which arenas were left, and why.
---@param found table
---@param tell fun(line: string)
function mending.tell_refused(found, tell)
    show_some(found.refused, tell, function(one)
        return "refused: " .. text.clean(one.reason)
    end)
end

---The lines for a person.
---@param found table
---@param is_done boolean
function mending.show(found, is_done)
    output.wrapped(arenas.words(found.directory, found.found_as))
    show_some(found.stale, output.wrapped, function(change)
        return ("%s trace_%s.bin: write position %d -> %d"):format(is_done and "set" or "would set", change.trace_id,
            change.from_bytes, change.to_bytes)
    end)
    if #found.absent > 0 then
        output.wrapped(("%s no arena: the engine skips what does not wait, at every start"):format(
            text.count(#found.absent, "open trace has", "open traces have")))
    end
end

---What `--json` says.
---@param found table
---@return table
function mending.to_object(found)
    return { directory = found.directory, found_as = found.found_as, set = found.stale, refused = found.refused,
        absent = found.absent, right = found.right_count }
end

---Raises "refused" where an arena is locked: then the engine runs.
---@param found table
function mending.check_unlocked(found)
    for _, one in ipairs(found.refused) do
        if one.kind == "locked" then
            failure.raise("refused", "%s", one.reason)
        end
    end
end

return mending

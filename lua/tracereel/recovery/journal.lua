-- The journal beside a log: one line of JSON before a change ("intent") and one after it ("done" or "abandoned"). It
-- is only ever appended to. What an interrupted command left as an intent is finished by the next one: the change took
-- place when the segment that it would have made is there, with the bytes that it would have had; of arenas, in those
-- whose write position is the one that it would have set.
local arenas = require "tracereel.log.arenas"
local core = require "tracereel.core"
local files = require "tracereel.util.files"
local positions = require "tracereel.recovery.positions"
local tables = require "tracereel.util.tables"
local tracereel = require "tracereel"

local journal = { file_name = "tracereel.journal", schema_version = 1 }

local function has_texts(value, ...)
    for _, key in ipairs { ... } do
        if type(value[key]) ~= "string" then
            return false
        end
    end
    return true
end

-- Of a segment, or of write positions of arenas.
local function is_entry(value)
    return type(value) == "table" and has_texts(value, "id", "state", "action") and (has_texts(value, "segment")
        or has_texts(value, "arenas_place", "mending") and positions.are_changes(value.arenas))
end

---What an entry is about, in words.
---@param entry table
---@return string
function journal.subject(entry)
    if entry.segment then
        return entry.segment
    elseif entry.of_arenas then
        return ("%d of %d arenas"):format(#entry.arenas, entry.of_arenas)
    end
    return ("%d arena%s"):format(#entry.arenas, #entry.arenas == 1 and "" or "s")
end

---The lines of a journal that are whole. A crash can leave a piece of a line, or zeros: that line is passed over.
---Raises "io" where it cannot be read.
---@param directory string the log's
---@return table[] entries in order; none where there is no journal
function journal.read(directory)
    local entries = {}
    for line in (files.read_if_there(directory .. "/" .. journal.file_name) or ""):gmatch("[^\n]+") do
        local entry = not line:find("%c") and tracereel.json_decode(line)
        if is_entry(entry) then
            entries[#entries + 1] = entry
        end
    end
    return entries
end

---The intents that nothing was said about afterwards, in order.
---@param entries table[]
---@return table[]
function journal.pending(entries)
    local finished, pending = {}, {}
    for _, entry in ipairs(entries) do
        if entry.state ~= "intent" then
            finished[entry.id] = true
        end
    end
    for _, entry in ipairs(entries) do
        if entry.state == "intent" and not finished[entry.id] then
            pending[#pending + 1] = entry
        end
    end
    return pending
end

---What was done last with a plan: nil where nothing was.
---@param entries table[]
---@param plan_id string
---@return table|nil
function journal.last_done(entries, plan_id)
    for index = #entries, 1, -1 do
        if entries[index].state == "done" and entries[index].plan == plan_id then
            return entries[index]
        end
    end
end

local function append(locked, entry)
    locked:append_line(journal.file_name, tracereel.json(entry))
end

---Says what will be done. Raises where that cannot be made durable: then it must not be done.
---@param locked userdata the log, locked
---@param entry table action, time, tool, operator, plan, segment, ...
---@return table intent for journal.close
function journal.open(locked, entry)
    entry.schema_version = journal.schema_version
    entry.id = core.sha256(tracereel.json(entry)):sub(1, 16)
    entry.state = "intent"
    append(locked, entry)
    return entry
end

---Says what became of an intent: all that it said, so that a line can be read by itself.
---@param locked userdata
---@param intent table
---@param state "done"|"abandoned"
---@param time string
function journal.close(locked, intent, state, time)
    append(locked, tables.joined(intent, { state = state, time = time }))
end

-- Does the file begin with the bytes that `content` describes? The engine may have appended to it since.
local function begins_with(bytes, content)
    local size = type(content) == "table" and content.size_bytes
    return math.type(size) == "integer" and size <= #bytes and core.sha256(bytes:sub(1, size)) == content.sha256
end

-- Is the segment there that the intent was about, with the bytes that it would have, and no longer with those that it
-- had before?
local function has_segment(directory, intent)
    local segment = intent.segment:match("^[%w_.-]+$")
    local bytes = segment and files.read_if_there(directory .. "/" .. segment)
    return bytes ~= nil and begins_with(bytes, intent) and not begins_with(bytes, intent.replaces)
end

-- What of an intent took place: the intent itself, with those of its arenas that were changed; nil where nothing did.
local function what_took_place(directory, intent)
    if intent.segment then
        return has_segment(directory, intent) and intent or nil
    end
    local changed = positions.in_place(arenas.at(directory, intent.arenas_place), intent.arenas)
    local is_part = #changed < #intent.arenas
    return #changed > 0 and tables.joined(intent, { arenas = changed, of_arenas = is_part and #intent.arenas or nil })
        or nil
end

---Finds out what became of the changes that an interrupted command began, makes what took place durable, and says so in
---the journal.
---@param locked userdata
---@param directory string
---@param time string
---@return table[] finished the entries that were written, with `state` "done" or "abandoned"
function journal.finish_interrupted(locked, directory, time)
    local pending, finished = journal.pending(journal.read(directory)), {}
    if #pending > 0 then
        locked:sync()
    end
    for index, intent in ipairs(pending) do
        local changed = what_took_place(directory, intent)
        local state = changed and "done" or "abandoned"
        journal.close(locked, changed or intent, state, time)
        finished[index] = tables.joined(changed or intent, { state = state })
    end
    return finished
end

return journal

-- The journal beside a log: one line of JSON before a change ("intent") and one behind it ("done" or "abandoned"). It
-- is only ever appended to. What an interrupted command left as an intent is settled by the next one: the change took
-- place when the segment that it would have made is there, with the bytes that it would have had.
local core = require "tracereel.core"
local failure = require "tracereel.failure"
local files = require "tracereel.files"
local tables = require "tracereel.tables"
local tracereel = require "tracereel"

local journal = { file_name = "tracereel.journal", schema_version = 1 }

-- What stands in a file; nil where there is none. One that cannot be read says nothing about what was done.
local function read_file(path)
    local text, problem, errno = files.read(path)
    if not text and not files.is_absent(errno) then
        failure.raise("io", "%s", problem)
    end
    return text
end

local function is_entry(value)
    for _, key in ipairs { "id", "state", "action", "segment" } do
        if type(value) ~= "table" or type(value[key]) ~= "string" then
            return false
        end
    end
    return true
end

---The lines of a journal that are whole. A crash can leave a piece of a line, or zeros: that line is passed over.
---Raises "io" where it cannot be read.
---@param directory string the log's
---@return table[] entries in order; none where there is no journal
function journal.read(directory)
    local entries = {}
    for line in (read_file(directory .. "/" .. journal.file_name) or ""):gmatch("[^\n]+") do
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
    local settled, pending = {}, {}
    for _, entry in ipairs(entries) do
        if entry.state ~= "intent" then
            settled[entry.id] = true
        end
    end
    for _, entry in ipairs(entries) do
        if entry.state == "intent" and not settled[entry.id] then
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

local function append(held, entry)
    held:append_line(journal.file_name, tracereel.json(entry))
end

---Says what will be done. Raises where that cannot be made durable: then it must not be done.
---@param held userdata the log, held
---@param entry table action, time, tool, operator, plan, segment, ...
---@return table intent for journal.close
function journal.open(held, entry)
    entry.schema_version = journal.schema_version
    entry.id = core.sha256(tracereel.json(entry)):sub(1, 16)
    entry.state = "intent"
    append(held, entry)
    return entry
end

---Says what became of an intent: all that it said, so that a line can be read by itself.
---@param held userdata
---@param intent table
---@param state "done"|"abandoned"
---@param time string
function journal.close(held, intent, state, time)
    append(held, tables.joined(intent, { state = state, time = time }))
end

-- Does the file begin with the bytes that `content` describes? The engine may have appended to it since.
local function begins_with(bytes, content)
    local size = type(content) == "table" and content.size_bytes
    return math.type(size) == "integer" and size <= #bytes and core.sha256(bytes:sub(1, size)) == content.sha256
end

-- Is the segment there that the intent was about, with the bytes that it would have, and no longer with those that it
-- had before?
local function took_place(directory, intent)
    local segment = intent.segment:match("^[%w_.-]+$")
    local bytes = segment and read_file(directory .. "/" .. segment)
    return bytes ~= nil and begins_with(bytes, intent) and not begins_with(bytes, intent.replaces)
end

---Finds out what became of the changes that an interrupted command began, makes what took place durable, and says so in
---the journal.
---@param held userdata
---@param directory string
---@param time string
---@return table[] settled the intents, with `state` "done" or "abandoned"
function journal.settle(held, directory, time)
    local pending = journal.pending(journal.read(directory))
    if #pending > 0 then
        held:sync()
    end
    for _, intent in ipairs(pending) do
        local state = took_place(directory, intent) and "done" or "abandoned"
        journal.close(held, intent, state, time)
        intent.state = state
    end
    return pending
end

return journal

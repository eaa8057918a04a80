-- Makes texts of a log unreadable, and leaves its records as long as they were, so that it is read as before.
local base = require "tracereel.base"
local failure = require "tracereel.util.failure"
local sandbox = require "tracereel.script.sandbox"

local redaction = {}

local header_bytes, metadata_length_bytes = 65, 4

-- All that is not blank.
local function cover(text)
    return (text:gsub("[^%s]", "x"))
end

local function cover_number(digits)
    return (digits:gsub("%d", "1"))
end

-- The engine's own word in the metadata of a suspension: what comes after the time.
local engine_key = '"timeout_action"'

-- JSON text with the texts among its values covered, and its numbers; of a suspension, which the engine has written,
-- its numbers and what comes after the time stay.
local function cover_values(text, is_engines)
    local parts, position, key = {}, 1, nil
    while true do
        local plain, quote = text:match('^([^"]*)()', position)
        parts[#parts + 1] = is_engines and plain or plain:gsub("%-?%d[%d.eE+-]*", cover_number)
        if quote > #text then
            return table.concat(parts)
        end
        local stop = quote + 1
        while text:byte(stop) ~= 0x22 do
            stop = stop + (text:byte(stop) == 0x5C and 2 or 1)
        end
        local words, is_key = text:sub(quote, stop), text:find("^%s*:", stop + 1)
        local is_kept = is_key or is_engines and key == engine_key
        key = is_key and words or nil
        parts[#parts + 1] = is_kept and words or '"' .. ("x"):rep(#words - 2) .. '"'
        position = stop + 1
    end
end

local function cover_metadata(text, rec)
    if type(base.json_decode(text)) ~= "table" then
        return cover(text)
    end
    return cover_values(text, rec.type == "trace_suspended")
end

local covers = { metadata = { "metadata", cover_metadata }, errors = { "error_message", cover } }

-- What a user's file makes of texts.
local function load_file(path)
    local directory = path:match("^(.*/)[^/]*$") or ""
    local chunk, problem = sandbox.load_file(path, sandbox.environment(directory, function()
        return 0
    end))
    local made = chunk and chunk()
    if not chunk or type(made) ~= "function" then
        failure.raise("usage", "--redact %s", chunk and path .. ": a function (text, field, rec) expected, got "
            .. failure.got(made) or problem)
    end
    return function(field)
        return function(text, rec)
            local changed = made(text, field, rec)
            if type(changed) ~= "string" then
                failure.raise("script", "--redact %s: a text expected for the %s of a record, got %s", path, field,
                    failure.got(changed))
            end
            return changed
        end
    end
end

-- As long as the old text: cut, or filled with x.
local function of_length(text, length)
    return text:sub(1, length) .. ("x"):rep(length - #text)
end

local Redaction = {}
Redaction.__index = Redaction

---@param words string "metadata", "errors", both with a comma, or the path of a Lua file
---@param keeps_lengths boolean|nil of what a file makes
function redaction.new(words, keeps_lengths)
    local self = setmetatable({ fields = {}, keeps_lengths = keeps_lengths }, Redaction)
    if words:find("%.lua$") then
        local cover_of = load_file(words)
        for _, one in pairs(covers) do
            self.fields[one[1]] = cover_of(one[1])
        end
        return self
    end
    for word in words:gmatch("[^,]+") do
        if not covers[word] then
            failure.raise("usage", '--redact: metadata, errors, or a file that ends in .lua expected, got "%s"', word)
        end
        self.fields[covers[word][1]] = covers[word][2]
    end
    return self
end

---@param rec tracereel.rec
---@return tracereel.rec
function Redaction:record(rec)
    local changes
    for field, change in pairs(self.fields) do
        local text = rec[field]
        if text then
            local changed = change(text, rec)
            changes = changes or {}
            changes[field] = self.keeps_lengths and of_length(changed, #text) or changed
        end
    end
    return changes and rec:copy(changes) or rec
end

-- Of the bytes of a record that cannot be read: those that say how long its parts are.
local function head_of(bytes)
    if #bytes < header_bytes then
        return bytes, ""
    end
    local error_bytes = ("<I4"):unpack(bytes, header_bytes - 3)
    local after = header_bytes + error_bytes
    local middle = math.min(error_bytes, #bytes - header_bytes)
    return bytes:sub(1, header_bytes), ("x"):rep(middle) .. bytes:sub(after + 1, after + metadata_length_bytes)
end

local function is_head(bytes)
    return #bytes >= 9 and ("<I4"):unpack(bytes) >= 69 and ("<I4"):unpack(bytes) <= 64 << 20 and bytes:byte(9) <= 10
end

---The bytes of a gap, as many, with nothing to read in them: what the beginning of a record says of lengths stays, and
---so do zeros.
---@param bytes string from its beginning: not more than one piece of it where it is long
---@param is_first boolean
---@return string
function Redaction.gap(_, bytes, is_first)
    if not bytes:find("[^\0]") then
        return bytes
    end
    local head, lengths = "", ""
    if is_first and is_head(bytes) then
        head, lengths = head_of(bytes)
    end
    local kept = head .. lengths
    return kept .. bytes:sub(#kept + 1):gsub("[^\0]", "x")
end

return redaction

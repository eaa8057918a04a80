-- Texts inside records that recovery writes: where they came from, and what a suspension waits for.
local tables = require "tracereel.tables"
local tracereel = require "tracereel"

local metadata = {}

local provenance_key = "tracereel"

-- An object's members, or nil where the text is no JSON object.
local function object_of(text)
    if not text or not text:find("^%s*{") then
        return nil
    end
    local decoded = tracereel.json_decode(text)
    return type(decoded) == "table" and decoded or nil
end

---The text with provenance under the key "tracereel". All other bytes stay as they were, so that numbers keep their
---digits. A text that is no JSON object is kept as it is.
---@param text string
---@param provenance table<string, any>
---@return string
function metadata.with_provenance(text, provenance)
    local object = object_of(text)
    if not object then
        return text
    end
    local member = ('"%s":%s'):format(provenance_key, tracereel.json(provenance))
    local body = text:match("^(.*)}%s*$")
    if object[provenance_key] ~= nil then
        -- Ours stands last, in the form in which it was written here; anybody else's stays alone.
        local before = body:match('^(.*)"tracereel":%b{}$')
        return before and before .. member .. "}" or text
    end
    return body .. (next(object) ~= nil and "," or "") .. member .. "}"
end

-- What the engine reads there is not to be touched.
local is_read_by_engine = { trace_suspended = true, trace_start = true }

---A record that says where it came from, where it has room for that: metadata that the engine does not read, or that is
---a JSON object. A record without room is returned as it is.
---@param rec tracereel.rec
---@param provenance table<string, any>
---@return tracereel.rec
function metadata.stamp(rec, provenance)
    local text = rec.metadata
    if rec.type == "trace_suspended" then
        return rec
    elseif text then
        return rec:with_metadata(metadata.with_provenance(text, provenance))
    elseif is_read_by_engine[rec.type] then
        return rec
    end
    return rec:with_metadata(tracereel.json { [provenance_key] = provenance })
end

local function is_same(a, b)
    for key, value in pairs(a) do
        if b[key] ~= value then
            return false
        end
    end
    for key in pairs(b) do
        if a[key] == nil then
            return false
        end
    end
    return true
end

local function blank_wait(trace_id)
    return { hook_id = "tracereel-" .. trace_id, pending_data_offset = 0, pending_data_size = 0,
        timeout_action = "Reject", timeout_secs = tracereel.null }
end

-- The metadata of a suspension with some members changed; the text itself where nothing changes.
local function changed(text, trace_id, changes)
    local object = object_of(text)
    local result = tables.joined(object or blank_wait(trace_id), changes)
    return object and is_same(object, result) and text or tracereel.json(result)
end

---Metadata to wait with. What the options do not say is kept from the suspension there is (`text`, or nil).
---@param text string|nil
---@param trace_id string
---@param options table
function metadata.to_await(text, trace_id, options)
    return changed(text, trace_id, options)
end

---Metadata to wait without an end for a person. The hook stays the one there is.
---@param text string|nil
---@param trace_id string
---@param reason string
function metadata.to_hold(text, trace_id, reason)
    return changed(text, trace_id, { timeout_secs = tracereel.null, held = reason })
end

---Does a timeout end a suspension with this metadata?
function metadata.has_timeout(text)
    local object = object_of(text)
    local seconds = object and object.timeout_secs
    return seconds ~= nil and seconds ~= tracereel.null
end

return metadata

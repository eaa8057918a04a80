-- Texts inside records that recovery writes: where they came from, and what a suspension waits for.
local members = require "tracereel.recovery.members"
local tables = require "tracereel.util.tables"
local tracereel = require "tracereel"
local units = require "tracereel.util.units"

local metadata = {}

local provenance_key = "tracereel"

---Is it a JSON object? Only in one can anything be changed.
---@param text string|nil
---@return boolean
function metadata.is_object(text)
    return members.of(text) ~= nil
end

-- No metadata means the same as an object without members.
local function or_empty(text)
    return text ~= nil and text ~= "" and text or "{}"
end

---The text with provenance under the key "tracereel". All other bytes stay as they were. A text that is no JSON object
---is kept as it is, and so is a key "tracereel" that does not name a plan: another program wrote it.
---@param text string|nil nil: an object with nothing else
---@param provenance table<string, any>
---@return string
function metadata.with_provenance(text, provenance)
    text = or_empty(text)
    local object = members.of(text)
    local there = object and object[provenance_key]
    if not object or there ~= nil and (type(there) ~= "table" or type(there.plan) ~= "string") then
        return text
    end
    return members.set(text, provenance_key, tracereel.json(provenance))
end

---A record that says where it came from; one whose metadata is no JSON object is returned as it is. That of a
---suspension is part of the state that was proven: the compiler has put it there.
---@param rec tracereel.rec
---@param provenance table<string, any>
---@return tracereel.rec
function metadata.stamp(rec, provenance)
    if rec.type == "trace_suspended" then
        return rec
    end
    return rec:with_metadata(metadata.with_provenance(rec.metadata, provenance))
end

-- The object with some members changed; the text itself where nothing changes.
local function changed(text, changes)
    local object = members.of(text)
    for name, value in units.sorted(changes) do
        if object[name] ~= value then
            text = members.set(text, name, tracereel.json(value))
        end
    end
    return text
end

local function blank_wait(trace_id)
    return { hook_id = "tracereel-" .. trace_id, pending_data_offset = 0, pending_data_size = 0,
        timeout_action = "Reject", timeout_secs = tracereel.null }
end

---Metadata of a suspension that begins.
---@param trace_id string
---@param changes table
---@return string
function metadata.new_wait(trace_id, changes)
    return tracereel.json(tables.joined(blank_wait(trace_id), changes))
end

---Metadata of a suspension that is there, with what the options say; the rest is kept.
---@param text string|nil
---@param options table
---@return string|nil text nil where nothing can be changed in it
---@return string|nil problem
function metadata.to_await(text, options)
    if next(options) == nil then
        return text
    elseif not metadata.is_object(or_empty(text)) then
        return nil, "what it waits with is no JSON object, so that nothing can be changed in it: leave the options out"
    end
    return changed(or_empty(text), options)
end

---Does a timeout end a suspension with this metadata?
function metadata.has_timeout(text)
    local object = members.of(text)
    local seconds = object and object.timeout_secs
    return seconds ~= nil and seconds ~= tracereel.null
end

---Metadata of a suspension that is there, for a person, with no timeout. Where it is held already the first reason
---stays; what is no JSON object is kept as it is.
---@param text string|nil
---@param reason string
---@return string
function metadata.to_hold(text, reason)
    local object = members.of(or_empty(text))
    if not object then
        return text
    end
    local changes = { held = type(object.held) ~= "string" and reason or nil }
    if object.timeout_secs ~= nil then
        changes.timeout_secs = tracereel.null
    end
    return changed(or_empty(text), changes)
end

---Metadata of a held suspension, held no longer.
---@param text string an object
---@return string
function metadata.to_release(text)
    return members.without(text, "held")
end

return metadata

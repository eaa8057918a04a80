-- What a record of an imported log says in its metadata, for which XERV's records have no field (docs/import.md).
local base = require "tracereel.base"

local imported_fields = {}

---@class tracereel.imported_fields
---@field instance string|nil which of the node's parallel instances
---@field wait string|nil what kind of wait, where it is the node's own
---@field kind string|nil of an error
---@field resource string|nil
---@field outcome string|nil
---@field attempt integer|nil the source's own number

local none = {}

local texts = { "instance", "wait", "kind", "resource", "outcome" }

---Members of another kind, and empty texts, say nothing.
---@param rec tracereel.rec
---@return tracereel.imported_fields
function imported_fields.of(rec)
    local metadata = rec.metadata
    local said = metadata and metadata:find("{", 1, true) and base.json_decode(metadata)
    if type(said) ~= "table" then
        return none
    end
    local found = { attempt = math.type(said.attempt) == "integer" and said.attempt > 0 and said.attempt or nil }
    for _, name in ipairs(texts) do
        found[name] = type(said[name]) == "string" and said[name] ~= "" and said[name] or nil
    end
    return found
end

---By what a table has a node, or one of its instances, as its key.
---@param node_id integer
---@param instance string|nil
---@return integer|string
function imported_fields.node_key(node_id, instance)
    return instance and node_id .. "\0" .. instance or node_id
end

---The instance as it stands after the name of its node: " [7]"; nothing for the node itself.
---@param instance string|nil
---@param clean fun(text: string): string
function imported_fields.suffix(instance, clean)
    return instance and (" [%s]"):format(clean(instance)) or ""
end

return imported_fields

-- What the fields of records mean, by their type: the table of include/tracereel/record.h.
local core = require "tracereel.core"

---@class tracereel.record_type_meanings
---@field number integer on disk
---@field trace boolean it belongs to a trace
---@field node boolean node_id means something
---@field output boolean so do output_offset, output_size and schema_hash
---@field iteration boolean
---@field message boolean error_message
---@field metadata boolean

local record_types = {}

---@type table<string, tracereel.record_type_meanings> by name
record_types.meanings = core.record_types

---The node that a record is of; nil where its type names none.
---@param record { type: string, node_id: integer }
---@return integer|nil
function record_types.node_of(record)
    return core.record_types[record.type].node and record.node_id or nil
end

---@param record { type: string }
---@return boolean
function record_types.has_trace(record)
    return core.record_types[record.type].trace
end

return record_types

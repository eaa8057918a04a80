-- Records as an imported log has them: what XERV has no field for stands in their metadata.
local helper = require "tests.spec.helper"
local record_bytes = require "tests.spec.record_bytes"

local imported_log = { id = "aaaaaaaa-0000-4000-8000-000000000001", parent = "bbbbbbbb-0000-4000-8000-00000000000b" }

---A record of the one trace, if it is given no other.
---@param type_name string
---@param timestamp_ns integer
---@param node_id integer|nil
---@param metadata string|nil
---@param fields table|nil
function imported_log.at(type_name, timestamp_ns, node_id, metadata, fields)
    local record = { type = type_name, timestamp_ns = timestamp_ns, node_id = node_id, metadata = metadata,
        trace_id = imported_log.id }
    for name, value in pairs(fields or {}) do
        record[name] = value
    end
    return record
end

---A log with something of all that an imported log can say.
---@return string directory
function imported_log.write()
    local at = imported_log.at
    return record_bytes.write_log(helper.directory(), {
        at("trace_start", 10, nil,
            ('{"id":"order 7","name":"orders","parent":"%s","parent_node":3,"parent_instance":"b"}')
            :format(imported_log.parent)),
        at("node_start", 20, 4, '{"instance":"a","scheduled_ns":15,"attempt":2,"resource":"host 7"}'),
        at("node_start", 21, 4, '{"instance":"b"}'),
        at("node_done", 30, 4, '{"instance":"a"}'),
        at("node_error", 31, 4, '{"instance":"b","kind":"timed_out"}', { error_message = "too slow" }),
        at("trace_suspended", 40, 5, '{"wait":"timer","instance":"c"}'),
        at("trace_resumed", 50, 5, '{"wait":"timer","instance":"c"}'),
        at("trace_failed", 60, nil, '{"outcome":"cancelled"}', { error_message = "given up" }),
    })
end

return imported_log

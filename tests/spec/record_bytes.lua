-- Records written byte by byte from the format's description, independently of the engine: what specs compare with.
local record_bytes = {}

-- In the order of their numbers, from 0: the name, and which fields mean something.
local described = {
    { "trace_start", trace = true, metadata = true },
    { "node_start", trace = true, node = true },
    { "node_done", trace = true, node = true, output = true },
    { "node_error", trace = true, node = true, message = true },
    { "trace_complete", trace = true },
    { "trace_failed", trace = true, message = true },
    { "trace_suspended", trace = true, node = true, metadata = true },
    { "trace_resumed", trace = true },
    { "checkpoint", metadata = true },
    { "loop_iteration", trace = true, node = true, iteration = true },
    { "loop_exit", trace = true, node = true, iteration = true },
}

-- Names in order, what the fields of each mean, and numbers by name.
record_bytes.names, record_bytes.meanings, record_bytes.types = {}, {}, {}
for index, one in ipairs(described) do
    record_bytes.names[index], record_bytes.meanings[one[1]], record_bytes.types[one[1]] = one[1], one, index - 1
end

local function crc32(bytes)
    local crc = 0xFFFFFFFF
    for index = 1, #bytes do
        crc = crc ~ bytes:byte(index)
        for _ = 1, 8 do
            crc = crc & 1 == 1 and (crc >> 1) ~ 0xEDB88320 or crc >> 1
        end
    end
    return crc ~ 0xFFFFFFFF
end

function record_bytes.id_bytes(text)
    return (text:gsub("-", ""):gsub("%x%x", function(digits)
        return string.char(tonumber(digits, 16))
    end))
end

---The bytes of a record; `extra` is what a later version of the format puts after the metadata.
function record_bytes.encode(fields)
    local error_message, metadata = fields.error_message or "", fields.metadata or ""
    local payload = string.pack("<i8i8I4i8I4s4s4", fields.timestamp_ns or 0, fields.output_offset or 0,
        fields.output_size or 0, fields.schema_hash or 0, fields.iteration or 0, error_message, metadata)
        .. (fields.extra or "")
    return string.pack("<I4I4B", 29 + #payload, fields.crc or crc32(payload), record_bytes.types[fields.type])
        .. record_bytes.id_bytes(fields.trace_id) .. string.pack("<I4", fields.node_id or 0) .. payload
end

---Writes a log of one segment and returns its directory.
function record_bytes.write_log(directory, records)
    local parts = {}
    for index, fields in ipairs(records) do
        parts[index] = type(fields) == "string" and fields or record_bytes.encode(fields)
    end
    local file = assert(io.open(directory .. "/wal_0000000000000000.log", "wb"))
    assert(file:write(table.concat(parts)))
    assert(file:close())
    return directory
end

return record_bytes

---@meta
-- Writing a log.

---@class tracereel.writer_options
---@field max_segment_bytes? integer 64 MiB where not given
---@field append? boolean go on in a directory that has segments

---@class tracereel.writer
local writer = {}

---Appends a record (or the bytes of one). Raises when it cannot be written; the writer is then finished.
---@param record tracereel.rec|string
---@return integer sequence where the record stands
---@return integer offset
function writer:append(record) end

---Waits until everything appended is durable.
function writer:sync() end

---Syncs and closes. Raises when that fails. Closing twice is allowed.
function writer:close() end

---@meta
-- Writing a log.

---@class tracereel.writer_options
---@field max_segment_bytes? integer 64 MiB where not given
---@field append? boolean append to a directory that has segments

---@class tracereel.writer
local writer = {}

---Appends a record (or the bytes of one). Raises when it cannot be written; the writer is then finished.
---@param record tracereel.rec|string
---@return integer sequence number of the segment that holds the record
---@return integer offset of the record in it, in bytes
function writer:append(record) end

---Waits until everything appended is durable.
function writer:sync() end

---Syncs and closes. Raises when that fails. Closing twice is allowed.
function writer:close() end

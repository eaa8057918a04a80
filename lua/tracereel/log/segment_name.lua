-- The name of a segment's file, as XERV writes it.
local segment_name = {}

---@param number integer unsigned
---@return string
function segment_name.of(number)
    return ("wal_%016x.log"):format(number)
end

return segment_name

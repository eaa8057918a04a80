-- Names of files that may be compressed.
local archive_name = {}

local suffixes = { ".gz", ".zst" }

---What a file was called before it was compressed, and what compressing it added, if anything: "orders.csv" and
---".gz" of "orders.csv.gz".
---@param name string
---@return string plain
---@return string|nil suffix
function archive_name.split(name)
    for _, suffix in ipairs(suffixes) do
        if name:sub(-#suffix) == suffix then
            return name:sub(1, -#suffix - 1), suffix
        end
    end
    return name
end

---Was the file compressed?
---@param name string
---@return boolean
function archive_name.is_one(name)
    return select(2, archive_name.split(name)) ~= nil
end

return archive_name

---@meta
-- Distributions of whole numbers.

---@class tracereel.histogram
---@field count integer
---@field min integer 0 while empty
---@field max integer 0 while empty
---@field sum number
---@field mean number 0 while empty
---@field relative_error number the stated bound for quantiles
---@field memory_bytes integer
local histogram = {}

---@param value integer unsigned
---@param times? integer 1 where not given
function histogram:add(value, times) end

---Adds what another holds to this one.
---@param other tracereel.histogram
---@return tracereel.histogram self
function histogram:merge(other) end

---The value at rank ceil(q * count), within relative_error.
---@param q number 0 to 1
---@return integer
function histogram:quantile(q) end

---The buckets that hold something, in order: `for lower, upper, count in h:buckets() do`; lower <= value <= upper.
---@return fun(): integer|nil, integer, integer
function histogram:buckets() end

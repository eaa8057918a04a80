---@meta
-- What is counted and measured of groups of records, without a call of Lua for each.

---What `tracereel.count_by` takes. A record that has no value for a field of the key is not looked at.
---@class tracereel.counted
---@field key? string|string[] fields, of a record (`node_id`), its trace (`trace.status`) and its node
---  (`node.duration_ns`), one level of the result for each; all records are one group without it
---@field where? table<string, integer|string|boolean|(integer|string|boolean)[]|{ min?: integer, max?: integer }> which
---  records: each field must be the value, or one of the list, or within min and max, which are themselves allowed

---What `tracereel.sum_by` and `tracereel.histogram_by` take, beside the above.
---@class tracereel.measured: tracereel.counted
---@field value string a field that is an integer; a record without it is not looked at

---What `tracereel.first_by` and `tracereel.last_by` take, beside `key` and `where`: rows are in the order of their values.
---@class tracereel.ordered: tracereel.counted
---@field value string|string[] the fields of a row; a record without the first of them is not looked at

---What `tracereel.top_by` takes, beside the above.
---@class tracereel.top_ordered: tracereel.ordered
---@field count integer rows of each group at most, 1 to 1000

---What a table of handlers has under a name in `aggregates`: a replay fills it.
---@class tracereel.aggregate
local aggregate = {}

---What it holds now: a table with a level for each field of the key, of numbers, histograms, or rows; without a key the
---one number, histogram, or row. A row has the names of its fields: `row.trace_id`, `row["node.duration_ns"]`. All new.
---@return any
function aggregate:result() end

return aggregate

---@meta
-- What really happened to the traces of a log: for `check` of `tracereel crashtest`, and for scripts of your own.

---What happens to each trace of a log. `#history` is how many records the log had.
---@class tracereel.history
---@operator len: integer
local history = {}

---What happens after a record to the trace that it is part of.
---@param number integer of the record, from 1
---@return tracereel.future
function history:future(number) end

---For a handler of every record that counts them. Returns a number that is equal for all states that differ only in ids
---and times; whether the trace is tainted; and the future, if asked for. Returns nothing if the trace is closed.
---@param number integer of the record, from 1
---@param trace tracereel.trace after that record
---@param with_future? any
---@return integer|nil shape
---@return boolean|nil tainted
---@return tracereel.future|nil
function history:at(number, trace, with_future) end

---Returns the numbers of all records of a trace's life, from the trace_start that opens it to the record that closes
---it, and the index of the given one among them, from 1.
---@param number integer of a record, from 1
---@param max_later? integer give at most so many of the records after it
---@return integer[] numbers
---@return integer place
function history:life(number, max_later) end

---Returns true if a node has run in what recovery at that record does not see (future.unseen) or, with `from_first`, in
---what came before it. A node_start, node_done or node_error counts as a run.
---@param number integer of a record, from 1
---@param node_id integer
---@param from_first? any
---@return boolean
function history:has_run(number, node_id, from_first) end

---What `tracereel crashtest` asks with: a function for `record = tracereel.fields("trace", ...)`, which asks a script
---after each record and calls the other functions where there is something to say, and an object that counts.
---@param ... function|nil
---@return function
---@return userdata
function history:asker(...) end

---Times of a kind of record by node: `times[3]` is { ns, ... }, or nil. Not a table: it cannot be gone through.
---@class tracereel.times
---@field [integer] integer[]|nil

---What really happened to a trace after a record, up to the end of its life. Times are in ns, in the order of the
---records: `future.node_done[3]` is { ns, ... }, or nil if node 3 was not done again.
---@class tracereel.future: tracereel.future_times
---@field outcome string "complete", "failed", or "open" where the log ends before the trace does
---@field end_ns integer|nil time of the record that closed it
---@field record_count integer number of later records
---@field unseen tracereel.future_record[] had happened by the latest crash after which recovery sees just this state
local future = {}

---All records that came.
---@return tracereel.future_record[]
function future:records() end

---@class tracereel.future_record
---@field type string
---@field node_id integer
---@field timestamp_ns integer

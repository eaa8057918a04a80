---@meta tracereel
-- The Lua API, once: types for editors. Here is the module, beside it a file for each noun. A test keeps them equal to
-- what exists.
--
-- 64-bit numbers are Lua integers. Lua's are signed: a schema_hash above 2^63, or a timestamp of a broken clock, is
-- negative; `%016x` prints its bits, `tracereel.unsigned(n)` its decimal digits, JSON is written unsigned.

---The module that `require "tracereel"` gives. In a script it is also the global `tracereel`, without `open`,
---`writer`, `arenas` and `script`.
---@class tracereel
---@field version string
---@field record tracereel.constructors
---@field types string[] the eleven type names, `types[n + 1]` for type number n
---@field gap_classes table<string, boolean> every class of gap; true where something durable was lost
---@field violations table<string, string> every violation code and its one-sentence meaning
---@field merge tracereel.merge what makes one result of two
---@field null table JSON null in decoded values
local tracereel = {}

---Opens a log: a directory of segments, one segment (plain, .gz or .zst), or "-" for standard input.
---Raises an error that names the file where there is no log or it cannot be read.
---@param path string
---@param options? tracereel.open_options
---@return tracereel.log
function tracereel.open(path, options) end

---Reads the record that starts at byte `position` of `bytes`.
---@param bytes string
---@param position? integer from 1; 1 where not given
---@return tracereel.rec|nil record nil where the bytes are not a record
---@return integer|string next_or_problem the position after the record; or a sentence that says what is wrong
function tracereel.decode(bytes, position) end

---Loads a script as `tracereel run` does, in its sandbox, to test it: docs/scripting.md. Raises where it is not right. Not in
---scripts.
---@param path string
---@param arguments? table<string, any> values for the arguments that it declares
---@return tracereel.script
function tracereel.script(path, arguments) end

---A handler of records that gets the fields it names as values, in their order, and is faster for that: a record's by
---their names, `trace.X`, `node.X` (of the record's node in its trace), `rec`, `trace`, `node`; in `violation` also `code`.
---What is not there is nil. Raises where an event has nothing of a name: docs/scripting.md.
---@param ... string|function names of fields, at most 64, and the function that takes their values
---@return tracereel.declared
function tracereel.fields(...) end

---A new empty histogram.
---@return tracereel.histogram
function tracereel.histogram() end

---How many records each group has.
---@param what tracereel.counted
---@return tracereel.aggregate
function tracereel.count_by(what) end

---The sum of a field's values in each group.
---@param what tracereel.measured
---@return tracereel.aggregate
function tracereel.sum_by(what) end

---A histogram of a field's values in each group.
---@param what tracereel.measured
---@return tracereel.aggregate
function tracereel.histogram_by(what) end

---The rows of each group with the largest values, a list, the largest first.
---@param what tracereel.top_ordered
---@return tracereel.aggregate
function tracereel.top_by(what) end

---The row of each group with the smallest values: with `timestamp_ns` first, the earliest.
---@param what tracereel.ordered
---@return tracereel.aggregate
function tracereel.first_by(what) end

---The row of each group with the largest values: with `timestamp_ns` first, the latest.
---@param what tracereel.ordered
---@return tracereel.aggregate
function tracereel.last_by(what) end

---A new empty timing: where the time of nodes and traces goes. The definitions: docs/timing.md.
---@param flow? tracereel.flow names nodes and says what must be done before a node is ready
---@param worst_count? integer how many of the longest traces are kept whole, 0 to 1000; 10 where not given
---@return tracereel.timing
function tracereel.timing(flow, worst_count) end

---Opens a directory for writing a new log (or, with `append`, going on in one). Raises where it cannot.
---@param directory string
---@param options? tracereel.writer_options
---@return tracereel.writer
function tracereel.writer(directory, options) end

---A Lua value as JSON text. Keys are sorted; a table with only 1..n is an array; tracereel.null is null.
---Integers are exact; texts that are not UTF-8 are shown with U+FFFD; records and traces are what their json() gives.
---An empty table is an array, unless its metatable has `__jsontype = "object"` (which `completed_nodes` has).
---A table with other keys is an object, and its integers are texts there. Raises on functions, on cycles, and where both
---1 and "1" are keys.
---@param value any
---@return string
function tracereel.json(value) end

---JSON text as a Lua value; null becomes tracereel.null. Integers stay integers: those from 2^63 to 2^64-1 become the
---negative ones of the same 64 bits, as `rec.schema_hash` is; beyond 64 bits they are floats. What `rec:json()` gives
---makes the record again: `local t = tracereel.json_decode(rec:json())`, `tracereel.record[t.type](t)`.
---@param text string
---@return any value nil where the text is not JSON
---@return string|nil problem
function tracereel.json_decode(text) end

---The decimal digits of an integer read as unsigned 64 bits.
---@param n integer
---@return string
function tracereel.unsigned(n) end

---The id of the trace that an import made of a source's own id: a UUID v5. Of a UUID in text form, itself.
---@param text string
---@return string
function tracereel.trace_id_of(text) end

---A span of time for a person: "340 ns", "1.25 ms", "2h05m".
---@param ns integer
---@return string
function tracereel.duration(ns) end

---A point in time as RFC 3339 UTC with nanoseconds: "2025-11-24T16:00:00.005674000Z".
---@param ns integer unsigned
---@return string
function tracereel.time(ns) end

---Nanoseconds of "250ms", "1.5s", "2h", "1h30m"; units ns us ms s m h d.
---@param text string
---@return integer|nil ns
---@return string|nil problem
function tracereel.parse_duration(text) end

---As `pairs`, but in the order of the keys (numbers first, then strings), so that a script gives the same answer twice.
---@generic K, V
---@param t table<K, V>
---@return fun(): K, V
---@return table<K, V> t for the loop
function tracereel.sorted(t) end

---Traces that records are applied to in memory, by the same state machine that reads logs.
---@return tracereel.state
function tracereel.state() end

---Where `trace:output(node)` finds the outputs of nodes: a directory of arenas, trace_<uuid>.bin. nil: nowhere. Raises
---where there is no such directory. Not in scripts: there it is `--arenas DIR`.
---@param directory string|nil
function tracereel.arenas(directory) end

---For `recover`: close the trace as failed.
---@param reason string
---@return tracereel.decision
function tracereel.fail(reason) end

---For `recover`: close the trace as complete.
---@return tracereel.decision
function tracereel.complete() end

---For `recover`: wait at a node for a resume. Approving that marks the node as done, with the decision as its output: at a
---node that has not run, or is done, `skips = true` says that this is meant. Where the trace waits there already, what
---the options do not say is kept. The engine restores no timeout when it starts.
---@param node integer
---@param options? { hook_id?: string, skips?: boolean, timeout_secs?: integer, timeout_action?: string }
---@return tracereel.decision
function tracereel.await(node, options) end

---For `recover`: wait for a person, however long that takes. A suspended trace goes on waiting where it waits, with its
---hook; any other waits at node 4294967295, where approving skips nothing.
---@param reason string
---@return tracereel.decision
function tracereel.hold(reason) end

---For `recover`: end a hold. What waited for a person before it was held waits again, anything else goes on.
---@return tracereel.decision
function tracereel.release() end

---For `recover`: continue after a node that is done (or 0, if none is).
---@param node integer
---@return tracereel.decision
function tracereel.resume_from(node) end

---For `recover`: run these nodes again, in this order.
---@param nodes integer[]
---@return tracereel.decision
function tracereel.retry(nodes) end

---For `recover`: begin the trace afresh, with the metadata it had.
---@return tracereel.decision
function tracereel.restart() end

---What the engine raises when something other than the call itself is wrong: a value that `tostring` turns into its
---message, and that cannot be changed. Errors of a handler are raised as this too: with kind "script", but for a
---failure that it met and cannot help ("io" where an arena cannot be read), which keeps its kind.
---@class tracereel.failure
---@field kind "io"|"memory"|"not_a_log"|"invalid"|"damaged"|"locked"|"argument"|"script"|"interrupted"
---@field message string one line: file, offset, what was expected, what was found, what to do
---@field traceback string|nil of a handler's error

return tracereel

---@meta tracereel
-- The Lua API, once: types for editors, and the source of docs/api.md. A test keeps this equal to what exists.
--
-- 64-bit numbers are Lua integers. Lua's are signed: a schema_hash above 2^63, or a timestamp of a broken clock, is
-- negative; `%016x` prints its bits, `tracereel.unsigned(n)` its decimal digits, JSON is written unsigned.

---The module that `require "tracereel"` gives. In a script it is also the global `tracereel`, without `open`,
---`writer` and `arenas`.
---@class tracereel
---@field version string
---@field record tracereel.constructors
---@field types string[] the eleven type names, `types[n + 1]` for type number n
---@field gap_classes table<string, boolean> every class of gap; true where something durable was lost
---@field violations table<string, string> every violation code and its one-sentence meaning
---@field null table stands for JSON null in decoded values
local tracereel = {}

---Opens a log: a directory of segments, one segment (plain or .gz), or "-" for standard input.
---Raises an error that names the file where there is no log or it cannot be read.
---@param path string
---@param options? tracereel.open_options
---@return tracereel.log
function tracereel.open(path, options) end

---Reads the record that starts at byte `position` of `bytes`.
---@param bytes string
---@param position? integer from 1; 1 where not given
---@return tracereel.rec|nil record nil where the bytes are not a record
---@return integer|string next_or_problem the position behind the record; or a sentence that says what is wrong
function tracereel.decode(bytes, position) end

---A new empty histogram.
---@return tracereel.histogram
function tracereel.histogram() end

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
---Raises on functions, cycles and mixed tables.
---@param value any
---@return string
function tracereel.json(value) end

---JSON text as a Lua value; null becomes tracereel.null. Integers stay integers.
---@param text string
---@return any value nil where the text is not JSON
---@return string|nil problem
function tracereel.json_decode(text) end

---The decimal digits of an integer read as unsigned 64 bits.
---@param n integer
---@return string
function tracereel.unsigned(n) end

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
function tracereel.sorted(t) end

---Traces that records are applied to in memory, by the same state machine that reads logs.
---@return tracereel.state
function tracereel.state() end

---Where `trace:output(node)` finds the outputs of nodes: a directory of arenas, trace_<uuid>.bin. nil: nowhere. Not in
---scripts: there it is `--arenas DIR`.
---@param directory string|nil
function tracereel.arenas(directory) end

---For `recover`: close the trace as failed.
---@param reason string
---@return tracereel.decision
function tracereel.fail(reason) end

---For `recover`: close the trace as complete.
---@return tracereel.decision
function tracereel.complete() end

---For `recover`: wait at a node for a resume. What the options do not say is kept where the trace waits there already.
---@param node integer
---@param options? { hook_id?: string, timeout_secs?: integer, timeout_action?: string }
---@return tracereel.decision
function tracereel.await(node, options) end

---For `recover`: wait for a person: a suspension that no timeout ends, with the hook that there is.
---@param reason string
---@return tracereel.decision
function tracereel.hold(reason) end

---For `recover`: go on behind a node that is done (or 0, where none is).
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

---What becomes of a trace. Immutable: each method returns another decision.
---@class tracereel.decision
---@field kind "default"|"fail"|"complete"|"await"|"hold"|"resume_from"|"retry"|"restart"
---@field action string|nil of the `default` that recover is given: what the engine does, as trace:recovery() says it
---@field node integer|nil
---@field nodes integer[]|nil
---@field reason string|nil
local decision = {}

---Count a node as done, with its output there; with no output where none is given. Not for fail and complete.
---@param node integer
---@param output? { offset?: integer, size?: integer, schema_hash?: integer }
---@return tracereel.decision
function decision:skip(node, output) end

---Forget that nodes were done. Not for fail and complete.
---@param nodes integer[]
---@return tracereel.decision
function decision:rerun(nodes) end

---Say why, for the plan and whoever reads it later.
---@param reason string
---@return tracereel.decision
function decision:because(reason) end

---@class tracereel.state
local state = {}

---Puts a copy of an open trace into the state, in place of one with the same id. `data` is shared with the original.
---@param trace tracereel.trace of a log, or of another state
---@return tracereel.trace
function state:put(trace) end

---Applies a record, as if a log had gone on with it.
---@param rec tracereel.rec
---@return tracereel.trace|nil trace nil where the record is of no open trace, and for a checkpoint
---@return string[] violations
function state:apply(rec) end

---Something durable was lost here: every trace that is open now is tainted from now on.
function state:note_damage() end

---An open trace by its id.
---@param trace_id string
---@return tracereel.trace|nil
function state:trace(trace_id) end

---The open traces in order of their ids.
---@return tracereel.trace[]
function state:traces() end

---What the engine raises when something other than the call itself is wrong: a table that `tostring` turns into its
---message. Errors of a handler are raised as this too, with kind "script".
---@class tracereel.failure
---@field kind "io"|"memory"|"not_a_log"|"invalid"|"damaged"|"locked"|"argument"|"script"|"interrupted"
---@field message string one line: file, offset, what was expected, what was found, what to do
---@field traceback string|nil of a handler's error

---@class tracereel.open_options
---@field mode? "salvage"|"prefix"|"strict" salvage reads around all damage; prefix ends at the first; strict raises at any gap
---@field from? tracereel.position start here; no snapshot is used
---@field snapshot? boolean false: do not start from a snapshot

---@class tracereel.position
---@field sequence integer number of the segment
---@field offset integer bytes into it

---One constructor for each type: `tracereel.record.node_done{ trace_id = id, node_id = 3, ... }`. Every field is optional
---but trace_id (a checkpoint's is nil UUID where not given); timestamp_ns is now (in a script: the log's time) where not
---given. An unknown field is an error that names it.
---@class tracereel.constructors
---@field trace_start fun(fields: tracereel.fields): tracereel.rec
---@field node_start fun(fields: tracereel.fields): tracereel.rec
---@field node_done fun(fields: tracereel.fields): tracereel.rec
---@field node_error fun(fields: tracereel.fields): tracereel.rec
---@field trace_complete fun(fields: tracereel.fields): tracereel.rec
---@field trace_failed fun(fields: tracereel.fields): tracereel.rec
---@field trace_suspended fun(fields: tracereel.fields): tracereel.rec
---@field trace_resumed fun(fields: tracereel.fields): tracereel.rec
---@field checkpoint fun(fields: tracereel.fields): tracereel.rec
---@field loop_iteration fun(fields: tracereel.fields): tracereel.rec
---@field loop_exit fun(fields: tracereel.fields): tracereel.rec

---@class tracereel.fields
---@field trace_id? string UUID in text form
---@field node_id? integer
---@field timestamp_ns? integer
---@field output_offset? integer
---@field output_size? integer
---@field schema_hash? integer
---@field iteration? integer
---@field error_message? string
---@field metadata? string

---One record. It owns its bytes: keep it as long as you like. Two are equal when their bytes are.
---Reading a field that does not exist is an error that names it.
---@class tracereel.rec
---@field type string "node_done" ...
---@field trace_id string UUID in text form
---@field node_id integer
---@field timestamp_ns integer
---@field output_offset integer bytes from the start of the trace's arena file; 0 = none
---@field output_size integer bytes
---@field schema_hash integer
---@field iteration integer
---@field error_message string|nil raw bytes; nil where there is none
---@field metadata string|nil raw bytes; nil where there is none
---@field segment string|nil file name of its segment; nil where it came from no log
---@field sequence integer|nil number of its segment; nil where it came from no log
---@field offset integer|nil byte of its segment where it begins; nil where it came from no log
---@field suspect boolean it stands inside the span of a broken record
---@operator len: integer
local rec = {}

---The record's bytes, as they stand in the log.
---@return string
function rec:bytes() end

---The record as JSON: the ten keys of `tracereel dump --json`. A text that is absent is null.
---@return string
function rec:json() end

---A record like this one with some fields changed (`type` too). `false` removes a text. Bytes behind the known fields
---are kept. The copy came from no log.
---@param changes tracereel.fields
---@return tracereel.rec
function rec:copy(changes) end

---The same as rec:copy{ metadata = text }.
---@param text string
---@return tracereel.rec
function rec:with_metadata(text) end

---A trace: the state machine's view of it. One handle for the trace's life: equal to itself, a usable table key,
---readable after the trace has closed, when it shows the trace's final state.
---@class tracereel.trace
---@field id string UUID in text form
---@field status string "running", "suspended", "complete" or "failed"
---@field open boolean
---@field tainted boolean it was open across damage, or holds a suspect record
---@field from_snapshot boolean its beginning is known from a snapshot only
---@field start_ns integer time of its trace_start; 0 where it came from a snapshot
---@field last_ns integer latest timestamp seen
---@field duration_ns integer last_ns - start_ns; 0 where the start is not known
---@field record_count integer
---@field error_count integer node_error records
---@field restart_count integer trace_starts after the first
---@field metadata string|nil of its trace_start
---@field nodes tracereel.node[] in the order in which they first appeared
---@field errors tracereel.trace_error[] in order
---@field violations string[] codes seen on this trace
---@field suspension tracereel.suspension|nil the one that lasts now
---@field suspensions tracereel.past_suspension[] all of them, in order
---@field started_nodes integer[] the engine's view: started and not done, twice where started twice
---@field completed_nodes table<integer, tracereel.output> the engine's view: node id to where its output is
---@field last_completed_node integer|nil the engine's view
---@field suspended_at integer|nil the engine's view
---@field suspension_metadata string|nil the engine's view
---@field data table yours: a table that stays with the trace; each script has its own
local trace = {}

---The node with that id; nil where the trace has not touched it. What is returned is a copy of the node's state now.
---@param node_id integer
---@return tracereel.node|nil
function trace:node(node_id) end

---What the engine would do with this trace after a crash. Read-only: nothing is done.
---@return tracereel.recovery
function trace:recovery() end

---What a node put out, as its arena has it. Raises where no directory of arenas was given (`--arenas DIR`).
---@param node_id integer
---@param form? "bytes"|"json" bytes where not given; json: the decoded value
---@return any output a string of bytes, or the value; nil where it cannot be read
---@return string|nil problem
function trace:output(node_id, form) end

---The trace as JSON: the engine's view, status, times and counts (the keys of `tracereel traces --json`).
---@return string
function trace:json() end

---@class tracereel.node
---@field id integer
---@field status string "running", "done", "error", "suspended", "looping" or "idle"
---@field attempts tracereel.attempt[]
---@field start_ns integer|nil of the last attempt; nil where there is none
---@field end_ns integer|nil of the last attempt; nil while it runs
---@field duration_ns integer of the last attempt, less the time suspended in it; 0 while it runs
---@field estimated boolean the last attempt's start was estimated, because no node_start was written
---@field error string|nil message of its last error
---@field error_count integer
---@field loop_iterations integer loop_iteration records seen
---@field last_iteration integer|nil number in the latest of them
---@field completed boolean the engine counts it as done
---@field output_offset integer
---@field output_size integer
---@field schema_hash integer

---@class tracereel.attempt
---@field start_ns integer
---@field end_ns integer|nil
---@field duration_ns integer
---@field outcome string "open", "done", "error" or "abandoned"
---@field estimated boolean
---@field cut boolean it began before what a snapshot tells: start_ns is only the time of its end

---@class tracereel.trace_error
---@field timestamp_ns integer
---@field node_id integer|nil nil for the trace's own failure
---@field message string

---@class tracereel.suspension
---@field node_id integer
---@field since_ns integer
---@field metadata string|nil raw text
---@field decoded any metadata as a Lua value; nil where it is not JSON

---@class tracereel.past_suspension
---@field node_id integer
---@field start_ns integer
---@field end_ns integer|nil nil while it lasts

---@class tracereel.output
---@field offset integer
---@field size integer
---@field schema_hash integer

---@class tracereel.recovery
---@field action "await_resume"|"retry_nodes"|"resume_from"
---@field node integer|nil for await_resume and resume_from
---@field nodes integer[]|nil for retry_nodes

---@class tracereel.gap
---@field class string
---@field damage boolean something durable was lost
---@field segment string
---@field sequence integer
---@field offset integer
---@field length integer
---@field missing_count integer of segments: above 1 only where very many are missing in a row
---@field detail string one sentence

---@class tracereel.filter
---@field types? string|string[]
---@field nodes? integer|integer[] records that name no node pass
---@field traces? string|string[]
---@field since_ns? integer timestamp_ns >= since_ns
---@field until_ns? integer timestamp_ns < until_ns (`until` is a word of Lua's own)

---Handlers by record type, and: `record` every record, after its own handler; `gap`; `violation`; `tick`; and the filter's
---keys. A script has these and `api`, `summary`, `args`, `start`, `finish`, `merge`,
---`recover` (for tracereel recover) and `check` (for tracereel crashtest).
---@class tracereel.handlers: tracereel.filter
---@field trace_start? fun(rec: tracereel.rec, trace: tracereel.trace|nil)
---@field node_start? fun(rec: tracereel.rec, trace: tracereel.trace|nil)
---@field node_done? fun(rec: tracereel.rec, trace: tracereel.trace|nil)
---@field node_error? fun(rec: tracereel.rec, trace: tracereel.trace|nil)
---@field trace_complete? fun(rec: tracereel.rec, trace: tracereel.trace|nil)
---@field trace_failed? fun(rec: tracereel.rec, trace: tracereel.trace|nil)
---@field trace_suspended? fun(rec: tracereel.rec, trace: tracereel.trace|nil)
---@field trace_resumed? fun(rec: tracereel.rec, trace: tracereel.trace|nil)
---@field checkpoint? fun(rec: tracereel.rec, trace: tracereel.trace|nil)
---@field loop_iteration? fun(rec: tracereel.rec, trace: tracereel.trace|nil)
---@field loop_exit? fun(rec: tracereel.rec, trace: tracereel.trace|nil)
---@field record? fun(rec: tracereel.rec, trace: tracereel.trace|nil)
---@field gap? fun(gap: tracereel.gap)
---@field violation? fun(rec: tracereel.rec, trace: tracereel.trace|nil, code: string)
---@field tick? fun(now_ns: integer)
---@field timing? tracereel.timing each trace is added to it when it closes, without the cost of a handler
---@field every? string|integer time between ticks, of log time: "1s", or nanoseconds

---How a replay goes with time.
---@class tracereel.replay_options
---@field follow? boolean go on at the end of the log, as its writer appends and rotates, until a handler raises an error or an interrupt comes; ticks go on when nothing comes
---@field speed? number call handlers when log time says so: 1 as the log was written, 60 a minute in a second; not with follow
---@field from_ns? integer show nothing before this log time; the state is built from the beginning
---@field to_ns? integer end the replay before the first record at this log time or later

---@class tracereel.log
---@field path string
---@field segments tracereel.segment[]
---@field unread tracereel.unread_segment[] files that are not read, because another one has the same number
local log = {}

---Reads the log from its beginning and calls the handlers, in the order of the records. Raises what a handler raises,
---with the record's segment and offset and its trace added. Returns the log. A log can be replayed again (a pipe cannot).
---Several handler tables share one pass; each has its own filter, ticks and `trace.data`.
---The last argument may be options in place of handlers: a table with at least one key of tracereel.replay_options.
---@param handlers tracereel.handlers
---@param ... tracereel.handlers|tracereel.replay_options
---@return tracereel.log
function log:replay(handlers, ...) end

---Pulls records: `for rec, trace in log:records{ types = "node_done" } do`. State is kept for all records, whatever the
---filter. Each call reads the log from its beginning, and holds it open until its end was met or nobody has the iterator:
---some hundreds at once.
---@param filter? tracereel.filter
---@return fun(): tracereel.rec|nil, tracereel.trace|nil
function log:records(filter) end

---The traces that are open at the end of the log, in order of their ids. Reads the log if it has not been read to its
---end; a `records()` that was left early is read on, and cannot be pulled any further. Called by a handler: the traces
---that are open so far.
---@return tracereel.trace[]
function log:traces() end

---The gaps met so far by the latest reading, in order: the first 10000 of them (`stats().gaps` counts all).
---@return tracereel.gap[]
function log:gaps() end

---What the latest reading has met so far.
---@return tracereel.statistics
function log:stats() end

---Where the next record would be read: give it to `from` to go on later.
---@return tracereel.position
function log:position() end

---What happens to each trace behind each record, for `check` and for scripts of your own. Reads the log once; takes 24
---bytes for each of its records.
---@param lost? integer how many records before a crash may be missing; 0 where not given
---@return tracereel.history
function log:history(lost) end

---The records with these numbers, counted from 1 in the order of the log; the numbers in increasing order. Reads the log
---up to the last of them. What is asked for behind the end is left out.
---@param numbers integer[]
---@return tracereel.rec[]
function log:pick(numbers) end

---What happens to each trace of a log. `#history` is how many records the log had.
---@class tracereel.history
---@operator len: integer
local history = {}

---What happens behind a record to the trace that it is part of.
---@param number integer of the record, from 1
---@return tracereel.future
function history:future(number) end

---For a handler of every record that counts them: a number that is the same for all states that differ only in ids and
---times; whether the trace is tainted; and the future, where it is asked for. Nothing where the trace is closed.
---@param number integer of the record, from 1
---@param trace tracereel.trace behind that record
---@param with_future? any
---@return integer|nil shape
---@return boolean|nil tainted
---@return tracereel.future|nil
function history:at(number, trace, with_future) end

---The numbers of all records of a trace's life, from the trace_start that opens it to the record that closes it, and at
---which place among them the given one stands.
---@param number integer of a record, from 1
---@return integer[] numbers
---@return integer place
function history:life(number) end

---Has a node run in what recovery at that record does not see (future.unseen), or, with `from_first`, in what came
---before it? A node_start, node_done or node_error says that it has.
---@param number integer of a record, from 1
---@param node_id integer
---@param from_first? any
---@return boolean
function history:has_run(number, node_id, from_first) end

---What really happened to a trace behind a record, up to the end of its life. Times are in ns, in the order of the
---records: `future.node_done[3]` is { ns, ... }, or nil where node 3 was not done any more.
---@class tracereel.future
---@field outcome string "complete", "failed", or "open" where the log ends before the trace does
---@field end_ns integer|nil time of the record that closed it
---@field record_count integer records that came
---@field node_start table<integer, integer[]|nil> times by node
---@field node_done table<integer, integer[]|nil>
---@field node_error table<integer, integer[]|nil>
---@field trace_suspended table<integer, integer[]|nil>
---@field loop_iteration table<integer, integer[]|nil>
---@field loop_exit table<integer, integer[]|nil>
---@field trace_resumed integer[]|nil times
---@field trace_start integer[]|nil times: it began again
---@field unseen tracereel.future_record[] had happened by the latest crash after which recovery sees just this state
local future = {}

---All records that came.
---@return tracereel.future_record[]
function future:records() end

---@class tracereel.future_record
---@field type string
---@field node_id integer
---@field timestamp_ns integer

---@class tracereel.segment
---@field name string
---@field sequence integer
---@field compressed boolean

---@class tracereel.unread_segment
---@field name string
---@field sequence integer
---@field compressed boolean
---@field read_instead string the name of the file with the same number that is read

---@class tracereel.statistics
---@field records integer
---@field record_bytes integer
---@field gap_bytes integer
---@field gaps table<string, integer> by class; every class is there
---@field violations table<string, integer> by code; only those met
---@field damaged boolean something durable was lost
---@field open_traces integer
---@field now_ns integer the latest timestamp seen; 0 where there is none
---@field first_ns integer the earliest one
---@field snapshot_sequence integer|nil where reading began, if from a snapshot
---@field snapshot_offset integer|nil

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

---The order of a pipeline's nodes, as a flow file gives it.
---@class tracereel.flow
---@field name? string of the pipeline
---@field nodes table<integer, tracereel.flow_node> by node id

---@class tracereel.flow_node
---@field name? string
---@field after? integer[] nodes that must be done before this one is ready; each must be in `nodes`, without a cycle

---Adds up traces. Two timings with the same flow and worst_count merge, in any order, to the same report.
---@class tracereel.timing
local timing = {}

---Adds a trace as it is now: once for each trace, when it has closed (a handler of trace_complete and one of
---trace_failed), or at the end of the log while it is open (`log:traces()`).
---@param trace tracereel.trace
function timing:add(trace) end

---Adds what another holds to this one.
---@param other tracereel.timing
---@return tracereel.timing self
function timing:merge(other) end

---What was added up. A new table each time; nodes in the order of their ids.
---@return tracereel.timing_report
function timing:report() end

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

return tracereel

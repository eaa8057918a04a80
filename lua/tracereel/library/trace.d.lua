---@meta
-- A trace and its parts: nodes, attempts, errors, suspensions.

---A trace: the state machine's view of it. One handle for the trace's life: equal to itself, a usable table key,
---readable after the trace has closed, when it shows the trace's final state.
---
---A trace has two views. The engine's: status, completed_nodes, started_nodes, suspended_at and what goes with
---them, and a node's status and output; a second trace_start begins it afresh, and what tracereel wrote counts. What was
---measured: nodes with their attempts, history_errors, suspensions, times; it goes on over a second trace_start, where
---what was open is abandoned, and what tracereel wrote adds nothing.
---@class tracereel.trace
---@field id string UUID in text form
---@field status string "running", "suspended", "complete" or "failed"; while nodes of an imported log wait by themselves
---  it is "suspended" only if none runs beside them
---@field outcome string|nil how it ended: "complete" or "failed"; of an imported log also "continued" (a kind of
---  complete), "cancelled", "timed_out", "terminated" (kinds of failed). nil while it is open
---@field open boolean
---@field tainted boolean it was open across damage, or holds a suspect record
---@field from_snapshot boolean its beginning is known from a snapshot only
---@field start_ns integer time of its first trace_start; 0 where it came from a snapshot
---@field last_ns integer latest timestamp seen of what tracereel did not write
---@field duration_ns integer last_ns - start_ns; 0 where the start is not known
---@field record_count integer of all its lives, those that tracereel wrote included
---@field error_count integer node_error records since its latest trace_start
---@field restart_count integer trace_starts after the first, whoever wrote them: an undo writes one, too, where it takes
---  a restart back or opens a closed trace
---@field closed_by_tracereel boolean a plan closed it; with `measured` it is open all the same
---@field metadata string|nil of its latest trace_start
---@field metadata_table table|nil the JSON object that it is, decoded; nil where it is none. Decoded once
---@field name string|nil "name" in that object: what an imported log calls what ran
---@field text_id string|nil "id" in it: the text that the source of an imported log names the trace by
---@field parent string|nil "parent" in it: the id of the trace that started this one
---@field parent_node integer|nil "parent_node" in it: at which node that trace did
---@field parent_instance string|nil "parent_instance" in it: in which of that node's parallel instances
---@field nodes tracereel.node[] in the order in which they first appeared; of an imported log, each instance of a node
---  that runs in parallel with itself is one, and the node itself only where it ran without an instance, too
---@field errors tracereel.trace_error[] in order, since its latest trace_start; a plan's reason to fail it is one
---@field history_errors tracereel.trace_error[] in order, of all its lives; without what plans gave as a reason
---@field failed_nodes integer[] nodes whose last attempt failed since the latest trace_start, and that are not done since
---@field violations string[] codes seen on this trace
---@field suspension tracereel.suspension|nil the one that lasts now
---@field suspensions tracereel.past_suspension[] all of them, in order
---@field last_suspension tracereel.past_suspension|nil the last of these, without making the list
---@field started_nodes integer[] the engine's view: started and not done, twice where started twice
---@field completed_nodes table<integer, tracereel.output> the engine's view: node id to where its output is
---@field last_completed_node integer|nil the engine's view
---@field suspended_at integer|nil the engine's view
---@field suspension_metadata string|nil the engine's view
---@field planned tracereel.planned[]|nil what plans have done to it, oldest first; nil where none has
---@field held string|nil why tracereel holds it for a person (`tracereel.hold`); nil where it does not
---@field data table yours: a table that stays with the trace; each script has its own
local trace = {}

---The node with that id, or with that name; nil where the trace has not touched it. A name is an error where the log has no
---names (no tracereel.flow.lua), and where several nodes have it. What is returned is a copy of the node's state
---now. Of an imported log, a node that runs in parallel with itself has the attempts of all its instances here, in the
---order of their starts; with `instance` it is that instance.
---@param node_id integer|string
---@param instance? string
---@return tracereel.node|nil
function trace:node(node_id, instance) end

---What the engine would do with this trace after a crash. Read-only: nothing is done.
---@return tracereel.recovery
function trace:recovery() end

---A node's output, read from the trace's arena. If a later output overlaps it: nil, and by which node it was
---overwritten. Raises where there is no directory of arenas: neither where the engine keeps them (`LOG/../arenas`,
---`LOG/..`) nor by `--arenas DIR`.
---@param node_id integer|string
---@param form? "bytes"|"json" bytes where not given; json: the decoded value
---@return any output a string of bytes, or the value; nil where it cannot be read
---@return string|nil problem
function trace:output(node_id, form) end

---The trace as JSON: the engine's view, status, times and counts (the keys of `tracereel traces --json`).
---@return string
function trace:json() end

---@class tracereel.planned
---@field plan string its id
---@field action string "apply" or "undo"
---@field operator string|nil nil where the plan wrote nothing to the trace but a suspension
---@field time string|nil RFC 3339; likewise
---@field tool string|nil

---@class tracereel.node
---@field id integer
---@field name string|nil the name that the log's flow gives it
---@field instance string|nil which instance of the node it is; nil for the node itself, always so in XERV's own logs
---@field status string "running", "done", "error", "suspended", "looping" or "idle"
---@field attempts tracereel.attempt[] in all lives of the trace
---@field start_ns integer|nil of the last attempt; nil where there is none
---@field end_ns integer|nil of the last attempt; nil while it runs
---@field ended_by string|nil what ended the last attempt: "node_done", "node_error", or "trace_resumed" where the node
---waited and its trace went on without a word of it (the engine does not count it as `completed`); nil while it runs
---@field duration_ns integer of the last attempt, less the time suspended in it; 0 while it runs
---@field estimated boolean the last attempt's start was estimated, because no node_start was written
---@field error string|nil message of its last error, in all lives
---@field error_count integer in all lives
---@field loop_iterations integer loop_iteration records seen
---@field last_iteration integer|nil number in the latest of them
---@field completed boolean the engine counts it as done
---@field started boolean the engine counts it as started and not done: it is among `started_nodes`
---@field output_offset integer
---@field output_size integer
---@field schema_hash integer

---@class tracereel.attempt
---@field start_ns integer
---@field end_ns integer|nil
---@field duration_ns integer
---@field outcome string "open", "done", "error" or "abandoned"
---@field ended_by string|nil "node_done", "node_error" or "trace_resumed"; nil while it is open, and where it was abandoned
---@field estimated boolean
---@field cut boolean it began before the snapshot that reading began from: start_ns is only the time of its end
---@field earlier_life true|nil it began before the latest trace_start
---@field instance string|nil of an imported log, as the next five: in which instance of the node
---@field scheduled_ns integer|nil when the source says that the node was ready; not after the start
---@field number integer|nil the source's own number of the attempt, from 1
---@field hidden_count integer|nil attempts that the source counts before this one and does not show; nil for none
---@field resource string|nil who or what ran it
---@field kind string|nil of the error: "error", "timed_out", "cancelled", "terminated", or the source's word

---@class tracereel.trace_error
---@field timestamp_ns integer
---@field node_id integer|nil nil for the trace's own failure
---@field instance string|nil in which instance of the node
---@field message string
---@field life integer the trace's restart_count when it came: 0 before any second trace_start

---@class tracereel.suspension
---@field node_id integer
---@field since_ns integer 0 if it is known from a snapshot only
---@field metadata string|nil raw text
---@field decoded any metadata as a Lua value; nil where it is not JSON

---@class tracereel.past_suspension
---@field node_id integer
---@field wait string|nil in an imported log, of a wait that is its node's own: "timer", "signal", "update", "person", or the
---  source's word. Several can last at once, beside nodes that run. nil: XERV's suspension of the whole trace
---@field instance string|nil which instance of the node waits
---@field start_ns integer
---@field end_ns integer|nil nil while it lasts
---@field earlier_life true|nil it began before the latest trace_start
---@field abandoned true|nil the trace began afresh while it lasted: it is not measured

---@class tracereel.output
---@field offset integer
---@field size integer
---@field schema_hash integer

---@class tracereel.recovery
---@field action "await_resume"|"retry_nodes"|"resume_from"
---@field node integer|nil for await_resume and resume_from
---@field nodes integer[]|nil for retry_nodes

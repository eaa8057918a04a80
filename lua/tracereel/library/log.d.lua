---@meta
-- A log, how it is opened, and what reading it gives besides records.

---@class tracereel.open_options
---@field flow? string|false a flow file, or false for none; where not given the log's own tracereel.flow.lua is read
---@field mode? "salvage"|"prefix"|"strict" salvage reads around all damage; prefix ends at the first; strict raises at any gap
---@field from? tracereel.position start here; no snapshot is used
---@field to? tracereel.position end before this position, as if the log ended there
---@field snapshot? boolean true: start from the newest snapshot, if any; the engine never does
---@field compressed? boolean false: read plain segments only, of a directory, as the engine does
---@field shard? tracereel.shard only these traces: records of the others are neither shown nor kept
---@field listed? boolean true: the path is a text with the place of one segment on each line: a file, or
---  "wal_HEX.log | COMMAND"
---@field measured? boolean true: ignore what tracereel wrote, as `timing` and `export` do; a trace that a plan closed
---  is then open

---One of `count` parts of a log's traces. Which one a trace is in follows from its id alone, on every machine; a record
---of no open trace, and a checkpoint, is in the one of its id. Gaps come in each, `tainted` counts damage to any bytes,
---and `stats()` has the records, bytes, gaps and times of the whole log; open_traces and violations are the shard's.
---@class tracereel.shard
---@field index integer from 0
---@field count integer from 1 to 65536

---@class tracereel.position
---@field sequence integer number of the segment
---@field offset integer bytes into it

---@class tracereel.gap
---@field class string
---@field damage boolean something durable was lost
---@field segment string
---@field sequence integer
---@field offset integer
---@field length integer
---@field missing_count integer of segments: above 1 only where very many are missing in a row
---@field detail string one sentence

---@class tracereel.log
---@field path string
---@field segments tracereel.segment[]
---@field shard tracereel.shard|nil the part of its traces that is read; nil: all of them
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

---How many records the latest reading has read: in a handler the number of its record, from 1. Of a log that is read as a
---shard all records count.
---@return integer
function log:record_count() end

---The position of the next record to read; pass it as `from` to continue later.
---@return tracereel.position
function log:position() end

---What happens to each trace after each record, for `check` and for scripts of your own. Reads the log once; takes 24
---bytes for each of its records in a temporary file.
---@param lost? integer how many records before a crash may be missing; 0 where not given
---@return tracereel.history
function log:history(lost) end

---The records with these numbers, counted from 1 in the order of the log; the numbers in increasing order. Reads the log
---up to the last of them. Numbers after the end of the log are ignored.
---@param numbers integer[]
---@return tracereel.rec[]
function log:pick(numbers) end

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

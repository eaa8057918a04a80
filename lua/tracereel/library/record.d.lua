---@meta
-- Records, and what makes them. Of each type: record_types.d.lua, which is built (build/lua/tracereel/library/).

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
---@field node_name string|nil the name that the log's flow gives the node; nil where it gives none, and for a record that
---  names no node
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
---@field suspect boolean it is inside the span of a broken record
---@field by_tracereel boolean tracereel wrote it: its metadata is a JSON object with a top-level key "tracereel"
---@operator len: integer
local rec = {}

---The record's bytes, as in the log.
---@return string
function rec:bytes() end

---The record as JSON: the ten keys of `tracereel dump --json`. A text that is absent is null.
---@return string
function rec:json() end

---A record like this one with some fields changed (`type` too). `false` removes a text. Bytes after the known fields
---are kept. The copy has no position in a log.
---@param changes tracereel.fields
---@return tracereel.rec
function rec:copy(changes) end

---The same as rec:copy{ metadata = text }.
---@param text string
---@return tracereel.rec
function rec:with_metadata(text) end

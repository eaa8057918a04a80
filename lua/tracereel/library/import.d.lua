---@meta
-- Importers: docs/import.md.

---What an importer's file returns.
---@class tracereel.importer
---@field api integer 1
---@field summary? string
---@field args? table<string, table> the arguments that it takes, as of a script
---@field extensions? string[] of files that are likely for it
---@field detect? fun(head: string, name: string): boolean|nil is an input for it, by its first 64 KiB and its name?
---@field import fun(input: tracereel.import_input, out: tracereel.import_out, args: table) for each input
---@field finish? fun(out: tracereel.import_out, args: table) after the last

---An input. Whatever is wrong with it is raised with its place.
---@class tracereel.import_input
---@field name string the file
---@field time fun(value: string|number, zone_or_unit?: string): integer nanoseconds since 1970
local input = {}

---@class tracereel.import_csv_options
---@field delimiter? string a character; "," where not given
---@field header? boolean false: rows are lists
---@field reuse? boolean every row is the same table

---@param options? tracereel.import_csv_options
---@return fun(): table<string|integer, string>|nil
function input:csv(options) end

---@return fun(): string|nil
function input:lines() end

---@return any
function input:json() end

---The value of each line.
---@return fun(): any
function input:json_lines() end

---The value of each line, where the first line is one; otherwise the one that the whole input is.
---@return fun(): any
function input:json_documents() end

---@class tracereel.import_xml_handlers
---@field start? fun(name: string, attributes: table<string, string>)
---@field text? fun(text: string)
---@field finish? fun(name: string)

---@param handlers tracereel.import_xml_handlers
function input:xml(handlers) end

---@return string all of it
function input:text() end

---@return string its first 64 KiB, which stay unread
function input:head() end

---@return string "FILE:LINE" of what was read last, and what `at` has said
function input:where() end

---Says which part of a document the importer is at.
---@param place string|nil
function input:at(place) end

---Ends the import: "FILE:LINE: message".
---@param message string as of string.format, where values follow
function input:fail(message, ...) end

---@class tracereel.import_trace_fields
---@field id string|integer
---@field name? string
---@field parent? tracereel.import_trace|string
---@field parent_node? string
---@field parent_instance? string
---@field metadata? table<string, string|number|boolean>
---@field at? integer where not given, the trace begins with its first event
---@field outcome? "complete"|"failed"|"cancelled"|"timed_out"|"terminated"|"continued" where nothing closes it

---What an importer writes to.
---@class tracereel.import_out
local out = {}

---A trace: the same for the same id, of which the first call counts.
---@param fields tracereel.import_trace_fields
---@return tracereel.import_trace
function out:trace(fields) end

---@param id string
---@return boolean
function out:has_trace(id) end

---Which column is what: by name, or by number where the rows have no names. For times also { COLUMN, ZONE_OR_UNIT }.
---@class tracereel.import_columns
---@field trace string|integer
---@field node string|integer
---@field start string|integer|table
---@field end string|integer|table
---@field scheduled? string|integer|table
---@field instance? string|integer
---@field resource? string|integer
---@field error? string|integer
---@field metadata? table<string, string|integer> by name
---@field trace_metadata? table<string, string|integer>
---@field parallel? boolean
---@field outcome? string

---Takes the rows that are attempts. Gives those that are none as they stand.
---@param rows fun(): table|nil of input:csv
---@param columns tracereel.import_columns
---@return fun(): table<string|integer, string>|nil
function out:attempts(rows, columns) end

---@class tracereel.import_spans_options
---@field resource? string the attribute of a resource that its spans are known by, such as "service.name"
---@field attributes? boolean false: those of spans are left out
---@field apart? string[] documents that have one of these texts are given back whole
---@field write fun(span: any) is called with what waited for the root of its trace

---Takes spans of OTLP/JSON, of all inputs: the root of a trace is the trace, every other one a run of a node.
---@param options tracereel.import_spans_options
---@return tracereel.import_spans
function out:spans(options) end

---@class tracereel.import_flow
---@field name? string
---@field nodes? table<string, { after: string[], type: string }>
---@field pools? table<string, { nodes: string[], capacity: integer }>

---@param flow tracereel.import_flow
function out:flow(flow) end

---@param origin { rule: string }
function out:origin(origin) end

---Something that a log could say is not in it.
---@param kind string in the plural: "rows without a time"
---@param example? string
function out:dropped(kind, example) end

---Something that is no step of a trace, and that nobody looks for in a log, is not in it: `--strict` lets it pass.
---@param kind string in the plural: "heartbeats"
---@param example? string
function out:left_out(kind, example) end

---Something was changed to fit.
---@param kind string
---@param example? string
function out:bent(kind, example) end

---@class tracereel.import_spans
local spans = {}

---Takes the plain spans of documents. Gives documents that have another form, and single spans with their resource.
---@param documents fun(): any of input:json_documents or input:json_lines
---@return fun(): any, string|false|nil a document; or a span, and what its resource is known by (false: nothing)
function spans:others(documents) end

---Has the root of the trace come?
---@param id string
---@return boolean
function spans:has_root(id) end

---Keeps a span until the root of its trace is there.
---@param id string
---@param span any
function spans:wait(id, span) end

---The root is there, and its trace was made: what has waited for it is written.
---@param id string
function spans:begin(id) end

---Traces that spans wait for.
---@return fun(): string|nil, string|nil the trace's id, and the place of the first span
function spans:rootless() end

---@class tracereel.import_trace
---@field id string its UUID
local trace = {}

---@class tracereel.import_start
---@field at? integer required, but of `attempt`
---@field instance? string
---@field parallel? boolean what is at one time with others of its node gets an instance of its own
---@field after? string[]
---@field resource? string
---@field scheduled? integer when it was ready
---@field attempt? integer from 1
---@field metadata? table<string, string|number|boolean>

---@class tracereel.import_attempt: tracereel.import_start
---@field duration integer in nanoseconds
---@field error? string
---@field kind? string

---@class tracereel.import_end
---@field at integer
---@field instance? string
---@field metadata? table<string, string|number|boolean>

---@class tracereel.import_error: tracereel.import_end
---@field kind? string
---@field message? string

---@class tracereel.import_wait: tracereel.import_end
---@field kind? string "signal" where not given

---@param node string
---@param fields tracereel.import_start
function trace:start(node, fields) end

---@param node string
---@param fields tracereel.import_end
function trace:done(node, fields) end

---@param node string
---@param fields tracereel.import_error
function trace:error(node, fields) end

---@param node string
---@param fields tracereel.import_attempt
function trace:attempt(node, fields) end

---@param node string
---@param fields tracereel.import_wait
function trace:wait(node, fields) end

---@param node string
---@param fields { at: integer, instance: string }
function trace:resume(node, fields) end

---@param node string
---@param fields { at: integer, iteration: integer, instance: string }
function trace:iteration(node, fields) end

---@param node string
---@param fields { at: integer, iteration: integer, instance: string }
function trace:exit(node, fields) end

---@param outcome "complete"|"failed"|"cancelled"|"timed_out"|"terminated"|"continued"
---@param fields? { at: integer, error: string }
function trace:close(outcome, fields) end

return { input = input, out = out, spans = spans, trace = trace }

-- A database of SQLite: tables of logs, traces, nodes, attempts, suspensions and records, and views of them. It is made
-- in a temporary file, as SQLite writes where it likes, and then written as the other formats are.
local database = require "tracereel.export.sqlite.database"
local failure = require "tracereel.util.failure"
local schema = require "tracereel.export.sqlite.schema"
local temporary_directory = require "tracereel.util.temporary_directory"

local text, unsigned, boolean = database.text, database.unsigned, database.boolean

local sqlite = { place = 9, note = "a database" }

local piece_bytes = 65536

-- Of a log of which traces were left out: records come before it is known which.
local remove_records = "DELETE FROM records WHERE log = %s AND trace_id NOT IN "
    .. "(SELECT trace_id FROM traces WHERE log = %s)"

local Sqlite = {}
Sqlite.__index = Sqlite

function Sqlite:log_begins()
    self.log_count = self.log_count + 1
    self.log = tostring(self.log_count)
end

---@param rec tracereel.record
function Sqlite:record(rec)
    self.record_count = self.record_count + 1
    self.database:insert("records", tostring(self.record_count), self.log, text(rec.segment), unsigned(rec.offset),
        text(rec.type), text(rec.trace_id), tostring(rec.node_id), unsigned(rec.timestamp_ns),
        rec.schema_hash ~= 0 and text((unsigned(rec.schema_hash):gsub("'", ""))) or "NULL", text(rec:json()))
end

function Sqlite:gap(gap)
    self.database:insert("gaps", self.log, text(gap.class), boolean(gap.damage), text(gap.segment),
        unsigned(gap.offset), unsigned(gap.length), text(gap.detail))
end

function Sqlite:insert_attempt(attempt)
    local is_measured = not attempt.is_open and not attempt.is_cut
    self.database:insert("attempts", tostring(self.node_count), unsigned(attempt.number), text(attempt.outcome),
        boolean(attempt.is_estimated), unsigned(not attempt.is_cut and attempt.start_ns),
        unsigned(attempt.written_end_ns), unsigned(is_measured and attempt.duration_ns),
        unsigned(is_measured and attempt.suspended_ns), unsigned(attempt.scheduled_ns), text(attempt.resource),
        text(attempt.error_message), text(attempt.kind))
end

---@param trace_stats tracereel.export.stats
function Sqlite:trace(trace_stats)
    local trace, context, rows = trace_stats.trace, self.context, self.database
    local is_start_known = trace_stats.is_start_known
    self.trace_count = self.trace_count + 1
    rows:insert("traces", tostring(self.trace_count), self.log, text(trace.id), text(context.own_id(trace)),
        text(context.pipeline_of(trace)), text(trace.held and "held" or context.status_of(trace)), boolean(trace.open),
        boolean(trace.tainted), unsigned(is_start_known and trace.start_ns),
        unsigned(trace_stats.has_times and trace.last_ns),
        unsigned(is_start_known and not trace.open and trace.duration_ns), unsigned(trace.record_count),
        unsigned(trace.restart_count), text(trace.metadata), text(trace_stats.failure and trace_stats.failure.message))
    for _, node in ipairs(trace_stats.nodes) do
        self.node_count = self.node_count + 1
        rows:insert("nodes", tostring(self.node_count), tostring(self.trace_count), tostring(node.id),
            text(context.node_label(node.id)), text(node.instance), text(node.status), tostring(#node.loop_events))
        for _, attempt in ipairs(node.attempts) do
            self:insert_attempt(attempt)
        end
        for _, suspension in ipairs(node.suspensions) do
            rows:insert("suspensions", tostring(self.node_count), unsigned(suspension.start_ns),
                unsigned(suspension.written_end_ns), text(suspension.wait))
        end
    end
end

---@param log tracereel.log
---@param has_all boolean
function Sqlite:log_ends(log, has_all)
    local statistics = log:stats()
    self.database:insert("logs", self.log, text(self.context.path), unsigned(statistics.records),
        unsigned(statistics.gap_bytes), boolean(statistics.damaged), unsigned(statistics.now_ns))
    if not has_all then
        self.database:flush_all()
        self.database:execute(remove_records:format(self.log, self.log))
        self.has_removed = true
    end
end

function Sqlite:finish()
    self.database:flush_all()
    self.database:execute_all(schema.indexes_and_views)
    self.database:finish(self.has_removed)
    local file = assert(io.open(self.path, "rb"))
    for piece in file:lines(piece_bytes) do
        self.context.write(piece)
    end
    file:close()
    temporary_directory.remove(self.directory)
end

function sqlite.new(context)
    if context.is_terminal then
        failure.raise("usage", "a database is not written to a terminal: name a file with -o")
    end
    local self = setmetatable({ context = context, log_count = 0, record_count = 0, trace_count = 0, node_count = 0 },
        Sqlite)
    self.directory = temporary_directory.directory()
    self.path = self.directory .. "/database"
    self.database = database.create(self.path)
    self.database:execute_all(schema.tables)
    return self
end

return sqlite

-- What a database of `export --format sqlite` holds. The texts are also what a reader sees with sqlite3's .schema, so
-- what a column means stands in them.
local schema = {}

-- A semicolon at the end of a line ends a statement.
local function statements(text)
    local list = {}
    for statement in text:gmatch("(.-);\n") do
        list[#list + 1] = statement
    end
    return list
end

-- Integers of a log are unsigned 64 bits, SQLite's are signed: columns that may hold larger ones than SQLite's have no
-- declared type, so that the digits of such a one stay a text and are not made a float.
schema.tables = statements [[
CREATE TABLE logs(
    log INTEGER PRIMARY KEY,
    path TEXT NOT NULL,
    records INTEGER NOT NULL,
    gap_bytes INTEGER NOT NULL,
    is_damaged INTEGER NOT NULL, -- 1: something durable was lost
    last_ns                      -- the latest timestamp, nanoseconds since 1970 like all that end in _ns
);
CREATE TABLE gaps(
    log INTEGER NOT NULL REFERENCES logs,
    class TEXT NOT NULL,
    is_damage INTEGER NOT NULL,
    segment TEXT,
    "offset",
    length,
    detail TEXT
);
CREATE TABLE traces(
    trace INTEGER PRIMARY KEY,
    log INTEGER NOT NULL REFERENCES logs,
    trace_id TEXT NOT NULL,      -- the UUID
    id TEXT,                     -- of an imported log: the text that names it, where it is not the UUID
    pipeline TEXT NOT NULL,
    status TEXT NOT NULL,        -- running, suspended, complete, failed, held, or an imported trace's outcome
    is_open INTEGER NOT NULL,
    is_tainted INTEGER NOT NULL, -- 1: it was open where the log is damaged
    start_ns,                    -- NULL: it began before what was read
    last_ns,
    duration_ns,                 -- of a closed trace
    record_count INTEGER NOT NULL,
    restart_count INTEGER NOT NULL,
    metadata TEXT,
    error TEXT                   -- why it failed
);
CREATE TABLE nodes(
    node INTEGER PRIMARY KEY,    -- one for each node, or instance of a node, of each trace
    trace INTEGER NOT NULL REFERENCES traces,
    node_id INTEGER NOT NULL,
    name TEXT NOT NULL,          -- the flow's, or node_3
    instance TEXT,
    status TEXT NOT NULL,        -- idle, running, done, error, suspended, looping
    loop_events INTEGER NOT NULL
);
CREATE TABLE attempts(
    node INTEGER NOT NULL REFERENCES nodes,
    attempt INTEGER NOT NULL,    -- from 1
    outcome TEXT NOT NULL,       -- done, error, abandoned, open
    is_estimated INTEGER NOT NULL, -- 1: no node_start was written
    start_ns,
    end_ns,
    run_ns,                      -- end less start, less suspended_ns
    suspended_ns,
    scheduled_ns,
    resource TEXT,
    error TEXT,
    error_kind TEXT
);
CREATE TABLE suspensions(
    node INTEGER NOT NULL REFERENCES nodes,
    start_ns,
    end_ns,                      -- NULL: not resumed
    wait TEXT
);
CREATE TABLE records(
    record INTEGER PRIMARY KEY,  -- in the order in which they were read
    log INTEGER NOT NULL REFERENCES logs,
    segment TEXT,
    "offset",
    type TEXT NOT NULL,
    trace_id TEXT NOT NULL,
    node_id INTEGER NOT NULL,
    timestamp_ns,
    schema_hash TEXT,            -- digits; NULL where the record has none
    json TEXT NOT NULL           -- all fields, as tracereel dump --json prints them
);
]]

schema.indexes_and_views = statements [[
CREATE INDEX traces_by_id ON traces(trace_id);
CREATE INDEX nodes_by_trace ON nodes(trace);
CREATE INDEX attempts_by_node ON attempts(node);
CREATE INDEX suspensions_by_node ON suspensions(node);
CREATE INDEX records_by_trace ON records(trace_id);
CREATE VIEW node_times AS -- attempts of each node whose start is known, without tainted traces
SELECT n.node_id, n.name, count(*) AS attempts, sum(a.outcome = 'error') AS errors,
    total(a.run_ns) / 1e9 AS run_s, avg(a.run_ns) / 1e6 AS mean_ms, max(a.run_ns) / 1e6 AS max_ms
FROM attempts a JOIN nodes n USING (node) JOIN traces t USING (trace)
WHERE a.run_ns IS NOT NULL AND NOT t.is_tainted
GROUP BY n.node_id, n.name ORDER BY run_s DESC, n.node_id;
CREATE VIEW open_traces AS -- what had not ended, the oldest first (age_s until the log's latest timestamp)
SELECT t.trace_id, t.pipeline, t.status, datetime(t.start_ns / 1000000000, 'unixepoch') AS began,
    (l.last_ns - t.start_ns) / 1e9 AS age_s, t.metadata, l.path AS log
FROM traces t JOIN logs l USING (log)
WHERE t.is_open ORDER BY t.start_ns, t.trace_id;
CREATE VIEW waiting AS -- suspensions that had not been resumed, the longest first
SELECT t.trace_id, n.node_id, n.name, datetime(s.start_ns / 1000000000, 'unixepoch') AS since,
    (l.last_ns - s.start_ns) / 1e9 AS waiting_s, s.wait, t.metadata, l.path AS log
FROM suspensions s JOIN nodes n USING (node) JOIN traces t USING (trace) JOIN logs l USING (log)
WHERE s.end_ns IS NULL AND t.is_open ORDER BY s.start_ns, t.trace_id;
CREATE VIEW errors AS -- messages of attempts, the most frequent first
SELECT n.node_id, n.name, a.error AS message, count(*) AS count, count(DISTINCT t.trace) AS traces,
    min(t.trace_id) AS example
FROM attempts a JOIN nodes n USING (node) JOIN traces t USING (trace)
WHERE a.error IS NOT NULL
GROUP BY n.node_id, n.name, a.error ORDER BY count DESC, n.node_id, message;
CREATE VIEW slowest_traces AS
SELECT trace_id, pipeline, status, datetime(start_ns / 1000000000, 'unixepoch') AS began,
    duration_ns / 1e9 AS duration_s, metadata, error
FROM traces WHERE duration_ns IS NOT NULL ORDER BY duration_ns DESC, trace_id;
]]

return schema

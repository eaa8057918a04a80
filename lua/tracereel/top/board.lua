-- What `tracereel top` knows of a log: counters of each node and the latest errors, kept while the log is read. Open
-- traces are asked of the log when they are shown. Memory holds a node's numbers and some errors, however long it runs.
local tracereel = require "tracereel"

local board = {}

---The load of a node is over so many seconds of log time.
board.window_s = 60
board.max_errors = 200

local second_ns = 1000000000

local Board = {}
Board.__index = Board

local function new_node(id)
    return { id = id, done = 0, errors = 0, times = tracereel.histogram(), seconds = {} }
end

function Board:node(id)
    local node = self.nodes[id]
    if not node then
        node = new_node(id)
        self.nodes[id] = node
    end
    return node
end

-- One slot a second, used again a window later.
local function note_end(node, now_ns, duration_ns)
    local second = now_ns // second_ns
    local slot = node.seconds[second % board.window_s]
    if not slot then
        slot = {}
        node.seconds[second % board.window_s] = slot
    end
    if slot.second ~= second then
        slot.second, slot.count, slot.run_ns = second, 0, 0
    end
    slot.count, slot.run_ns = slot.count + 1, slot.run_ns + (duration_ns or 0)
    if duration_ns then
        node.times:add(duration_ns)
    end
end

function Board:note_error(rec)
    local number = self.error_count + 1
    self.error_count = number
    self.errors[(number - 1) % board.max_errors + 1] = {
        timestamp_ns = rec.timestamp_ns, node_id = rec.node_id, trace_id = rec.trace_id,
        message = rec.error_message or "",
    }
end

---The handlers of a replay that keep it.
function Board:handlers()
    return {
        node_done = tracereel.fields("node_id", "timestamp_ns", "node.duration_ns", function(id, now_ns, duration_ns)
            local node = self:node(id)
            node.done = node.done + 1
            note_end(node, now_ns, duration_ns)
        end),
        node_error = function(rec, trace)
            local node, state = self:node(rec.node_id), trace and trace:node(rec.node_id)
            node.errors = node.errors + 1
            note_end(node, rec.timestamp_ns, state and state.duration_ns)
            self:note_error(rec)
        end,
        trace_complete = function()
            self.complete = self.complete + 1
        end,
        trace_failed = function()
            self.failed = self.failed + 1
        end,
    }
end

-- What ended in the last window: how many, and their time.
local function recent(node, now_ns)
    local from, count, run_ns = now_ns // second_ns - board.window_s, 0, 0
    for _, slot in pairs(node.seconds) do
        if slot.second > from then
            count, run_ns = count + slot.count, run_ns + slot.run_ns
        end
    end
    return count, run_ns
end

-- Which nodes open traces stand at: how many run, and how many wait.
local function count_open(self, traces)
    local running, waiting = {}, {}
    for _, trace in ipairs(traces) do
        local waits_at = trace.suspended_at
        for _, node in ipairs(trace.nodes) do
            local counts = (node.id == waits_at or node.status == "suspended") and waiting
                or node.status == "running" and running
            if counts then
                counts[node.id] = (counts[node.id] or 0) + 1
                self:node(node.id)
            end
        end
    end
    return running, waiting
end

---A row for each node.
---@param traces tracereel.trace[] those that are open
---@param now_ns integer the log's latest timestamp
function Board:node_rows(traces, now_ns)
    local running, waiting = count_open(self, traces)
    local rows = {}
    for id, node in pairs(self.nodes) do
        local count, run_ns = recent(node, now_ns)
        rows[#rows + 1] = {
            id = id, running = running[id] or 0, waiting = waiting[id] or 0, done = node.done, errors = node.errors,
            load = run_ns / (board.window_s * second_ns), per_minute = count * 60 // board.window_s,
            p50_ns = node.times:quantile(0.5), p95_ns = node.times:quantile(0.95), has_times = node.times.count > 0,
        }
    end
    return rows
end

---The latest errors, the newest first.
function Board:error_rows()
    local rows = {}
    for back = 0, math.min(self.error_count, board.max_errors) - 1 do
        rows[#rows + 1] = self.errors[(self.error_count - 1 - back) % board.max_errors + 1]
    end
    return rows
end

function board.new()
    return setmetatable({ nodes = {}, errors = {}, error_count = 0, complete = 0, failed = 0 }, Board)
end

return board

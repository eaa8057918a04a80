-- The logs of `make growth`: each is a dimension, `write(directory, count)` makes a log in which it is `count`. The
-- same count gives the same bytes.
local tracereel = require "tracereel"

local shapes = {}

local BASE_NS = 1764000000000000000
local STEP_NS = 1000000

---The UUID of trace number n.
local function id_of(n)
    return ("00000000-0000-4000-8000-%012x"):format(n)
end
shapes.id_of = id_of

local Log = {}
Log.__index = Log

---Appends a record of trace number n, a millisecond after the one before.
function Log:add(n, kind, fields)
    fields = fields or {}
    fields.trace_id = id_of(n)
    fields.timestamp_ns = self.now_ns
    self.now_ns = self.now_ns + STEP_NS
    self.writer:append(tracereel.record[kind](fields))
end

function Log:start(n)
    self:add(n, "trace_start", { metadata = '{"order":' .. n .. "}" })
end

function Log:run(n, node)
    self:add(n, "node_start", { node_id = node })
    self:add(n, "node_done", { node_id = node, output_offset = 128 + 8 * node, output_size = 8, schema_hash = node })
end

-- A whole trace of three nodes.
function Log:whole(n)
    self:start(n)
    for node = 0, 2 do
        self:run(n, node)
    end
    self:add(n, "trace_complete")
end

local function write(directory, options, build)
    local log = setmetatable({ writer = tracereel.writer(directory, options), now_ns = BASE_NS }, Log)
    build(log)
    log.writer:close()
end

-- One trace, number 1, open at the end.
local function one_trace(build)
    return function(directory, count)
        write(directory, nil, function(log)
            log:start(1)
            log:run(1, 0)
            build(log, count)
        end)
    end
end

-- Each trace is a segment; trace number 1 stays open.
local function segments(directory, count)
    write(directory, { max_segment_bytes = 560 }, function(log)
        log:start(1)
        for n = 2, count do
            log:whole(n)
        end
    end)
end

-- Whole traces one after the other, at last one that is open.
local function records(directory, count)
    write(directory, nil, function(log)
        for n = 2, count // 8 do
            log:whole(n)
        end
        log:start(1)
        log:run(1, 0)
    end)
end

local function open_traces(directory, count)
    write(directory, nil, function(log)
        for n = 1, count do
            log:start(n)
            log:run(n, 0)
        end
        for n = 1, count, 2 do
            log:add(n, "node_start", { node_id = 1 })
        end
    end)
end

-- Every trace fails with another message.
local function failures(directory, count)
    write(directory, nil, function(log)
        for n = 2, count do
            log:start(n)
            local message = ("payment %d refused by %08x"):format(n, n * 2654435761 & 0xffffffff)
            log:add(n, "node_error", { node_id = 3, error_message = message })
            log:add(n, "trace_failed", { error_message = message })
        end
        log:start(1)
        log:run(1, 0)
    end)
end

-- Bytes that are no record between two that are, again and again.
local function gaps(directory, count)
    records(directory, 8 * count)
    local path = directory .. "/wal_0000000000000000.log"
    local file = assert(io.open(path, "rb"))
    local bytes = file:read("a")
    file:close()
    local parts, position = {}, 1
    while position <= #bytes do
        local length = string.unpack("<I4", bytes, position)
        parts[#parts + 1] = bytes:sub(position, position + length - 1)
        parts[#parts + 1] = #parts % 16 == 1 and "no record" or nil
        position = position + length
    end
    file = assert(io.open(path, "wb"))
    assert(file:write(table.concat(parts)))
    assert(file:close())
end

---@type { name: string, base: integer, words: string, write: fun(directory: string, count: integer) }[]
shapes.list = {
    { name = "segments", base = 100, words = "segments of one trace each", write = segments },
    { name = "records", base = 2000, words = "records of traces that end", write = records },
    { name = "nodes", base = 1000, words = "nodes of one trace, one after the other",
        write = one_trace(function(log, count)
            for node = 1, count do
                log:run(1, node)
            end
        end) },
    { name = "running", base = 1000, words = "nodes of one trace that run at once, half of them to the end",
        write = one_trace(function(log, count)
            for node = 1, count do
                log:add(1, "node_start", { node_id = node })
            end
            for node = count, count // 2, -1 do
                log:add(1, "node_done", { node_id = node, output_offset = 128, output_size = 8 })
            end
        end) },
    { name = "attempts", base = 1000, words = "attempts of one node", write = one_trace(function(log, count)
        for _ = 1, count do
            log:add(1, "node_start", { node_id = 3 })
            log:add(1, "node_error", { node_id = 3, error_message = "timeout" })
        end
    end) },
    { name = "restarts", base = 1000, words = "starts of one node without an end",
        write = one_trace(function(log, count)
            for _ = 1, count do
                log:add(1, "node_start", { node_id = 3 })
            end
        end) },
    { name = "suspensions", base = 1000, words = "suspensions of one trace", write = one_trace(function(log, count)
        for _ = 1, count do
            log:add(1, "trace_suspended", { node_id = 4, metadata = '{"hook_id":"h","timeout_secs":60}' })
            log:add(1, "trace_resumed")
        end
    end) },
    { name = "loops", base = 1000, words = "iterations of one loop", write = one_trace(function(log, count)
        for iteration = 1, count do
            log:add(1, "loop_iteration", { node_id = 8, iteration = iteration })
            log:run(1, 3)
        end
        log:add(1, "loop_exit", { node_id = 8, iteration = count })
    end) },
    { name = "loop_nodes", base = 1000, words = "loops of one trace, one after the other",
        write = one_trace(function(log, count)
            for node = 1, count do
                log:add(1, "loop_iteration", { node_id = node, iteration = 0 })
                log:add(1, "loop_exit", { node_id = node, iteration = 1 })
            end
        end) },
    { name = "lives", base = 1000, words = "starts of one trace", write = one_trace(function(log, count)
        for _ = 1, count do
            log:start(1)
            log:run(1, 0)
        end
    end) },
    { name = "errors", base = 1000, words = "failed traces, each with words of its own", write = failures },
    { name = "open", base = 1000, words = "open traces", write = open_traces },
    { name = "gaps", base = 100, words = "damaged stretches", write = gaps },
}

return shapes

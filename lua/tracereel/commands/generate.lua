-- `tracereel generate`: a realistic log to try things out on.

local exit_codes = require "tracereel.exit_codes"
local generator = require "tracereel.generator"
local reel = require "tracereel"

local DEFAULT_START_S = 1764000000
local LONGEST_SPAN_NS = 365 * 86400 * 1000000000
local ANY = math.maxinteger
local CRASH_FORMS = "a span of log time such as 30s, or a number of records"

local function whole_number(least, most)
    return function(text)
        local number = math.tointeger(tonumber(text))
        if not number or number < least or number > most then
            return nil, ("'%s' is not a whole number from %d to %d"):format(text, least, most)
        end
        return number
    end
end

local function share(text)
    local number = tonumber(text)
    if not number or not (number >= 0 and number <= 1) then
        return nil, ("'%s' is not a share: a number from 0 to 1"):format(text)
    end
    return number
end

local function arrival_rate(text)
    local number = tonumber(text)
    if not number or not (number >= 0.000001 and number <= 1e9) then
        return nil, ("'%s' is not a rate: traces in a second, from 0.000001 to 1e9"):format(text)
    end
    return number
end

-- A span of log time; bounded, so that no sum of times leaves 64 bits.
local function span_ns(text)
    local time_ns, problem = reel.parse_duration(text)
    if time_ns and (time_ns <= 0 or time_ns > LONGEST_SPAN_NS) then
        return nil, ("'%s' is not more than 0s and at most 365d"):format(text)
    end
    return time_ns, problem
end

local function waiting_time(text)
    if text == "never" then
        return text
    end
    return span_ns(text)
end

-- A table with `records` or `time_ns`.
local function crash_point(text)
    local records = math.tointeger(tonumber(text))
    if records and records > 0 then
        return { records = records }
    end
    local time_ns, problem = span_ns(text)
    if not time_ns then
        return nil, ("%s; it has to be %s"):format(problem, CRASH_FORMS)
    end
    return { time_ns = time_ns }
end

local OPTIONS = {
    { "--traces", "how many orders arrive", "100", whole_number(1, ANY), "N" },
    { "--seed", "the same seed and options give the same bytes", "1", whole_number(-ANY, ANY), "S" },
    { "--rate", "orders that arrive in a second, on average", "100", arrival_rate, "N" },
    { "--retry-rate", "share of the first and second charges that time out", "0.4", share, "SHARE" },
    { "--error-rate", "share of the orders that fail", "0.05", share, "SHARE" },
    { "--dropped-share", "share of the failed ones that get no trace_failed", "0.5", share, "SHARE" },
    { "--approval-share", "share of the paid orders that wait for a person", "0.15", share, "SHARE" },
    { "--approval-wait", "half of those waits are shorter; or: never", "30s", waiting_time, "TIME" },
    { "--checkpoint-every", "records from one checkpoint to the next; 0: none", "1000", whole_number(0, ANY), "N" },
    { "--start-time", "Unix seconds of the first record", tostring(DEFAULT_START_S), whole_number(0, 4000000000), "S" },
    { "--segment-size", "bytes in a segment at most", tostring(64 << 20), whole_number(69, 1 << 62), "BYTES" },
    { "--crash-after", "end there, whatever is under way: " .. CRASH_FORMS, nil, crash_point, "POINT" },
    { "--metadata", "text of every trace_start, instead of one for each order", nil, nil, "TEXT" },
}

local function define(command)
    command:argument("directory", "where the log is written; made if it is not there"):args(1)
    for _, row in ipairs(OPTIONS) do
        local flag, help, default, convert, argument_name = table.unpack(row, 1, 5)
        command:option(flag, help, default, convert):argname("<" .. argument_name .. ">")
    end
    command:flag("--no-starts", "write no node_start, as the engine does in production")
    command:flag("--torn", "leave the last record half written, as a crash does")
    command:flag("--json", "say what was written as one line of JSON")
end

local Output = {}
Output.__index = Output

local OPEN_TRACES_CHANGE = { trace_start = 1, trace_complete = -1, trace_failed = -1 }

local function new_output(directory, segment_size)
    return setmetatable({
        writer = reel.writer(directory, { max_segment_bytes = segment_size }),
        directory = directory,
        last_sequence = 0,
        records = 0,
        bytes = 0,
        traces = 0,
        open_traces = 0,
        torn_bytes = 0,
    }, Output)
end

function Output:append(type_name, record)
    self.last_sequence = self.writer:append(record)
    self.records = self.records + 1
    self.bytes = self.bytes + #record
    self.open_traces = self.open_traces + (OPEN_TRACES_CHANGE[type_name] or 0)
    if type_name == "trace_start" then
        self.traces = self.traces + 1
    end
end

-- Puts half of a record behind the log, as a crash in the middle of a write leaves it. Not through the writer, which
-- only writes whole ones. Gives nil and the problem where it cannot.
function Output:tear(record)
    local half = record:bytes():sub(1, #record // 2)
    local file, problem = io.open(("%s/wal_%016x.log"):format(self.directory, self.last_sequence), "ab")
    if not file then
        return nil, problem
    end
    self.torn_bytes = #half
    local written, write_problem = file:write(half)
    local closed, close_problem = file:close()
    return written and closed, write_problem or close_problem
end

function Output:summary()
    return {
        directory = self.directory,
        records = self.records,
        traces = self.traces,
        open_traces = self.open_traces,
        segments = self.last_sequence + 1,
        bytes = self.bytes,
        torn_bytes = self.torn_bytes,
    }
end

local function new_pipeline(options)
    local wait = options.approval_wait
    local crash = options.crash_after
    return generator.new {
        seed = options.seed,
        traces = options.traces,
        start_ns = options.start_time * 1000000000,
        rate = options.rate,
        starts = not options.no_starts,
        retry_rate = options.retry_rate,
        error_rate = options.error_rate,
        dropped_share = options.dropped_share,
        approval_share = options.approval_share,
        approval_wait_ns = wait ~= "never" and wait or nil,
        checkpoint_every = options.checkpoint_every,
        crash_after_ns = crash and crash.time_ns,
        metadata = options.metadata,
    }
end

-- Writes all records but the last, which is given back: it may have to be torn.
local function write_all_but_last(output, options)
    local pipeline = new_pipeline(options)
    local most = options.crash_after and options.crash_after.records or math.maxinteger - 1
    local type_name, record
    for _ = 1, options.torn and most + 1 or most do
        local next_type, fields = pipeline:next()
        if not next_type then
            break
        end
        if record then
            output:append(type_name, record)
        end
        type_name, record = next_type, reel.record[next_type](fields)
    end
    return type_name, record
end

local function count(number, noun)
    return ("%d %s%s"):format(number, noun, number == 1 and "" or "s")
end

local function report(summary, as_json)
    if as_json then
        print(reel.json(summary))
        return
    end
    print(("wrote %s: %s (%d bytes in %s) of %s, %d of them open at the end"):format(
        summary.directory, count(summary.records, "record"), summary.bytes, count(summary.segments, "segment"),
        count(summary.traces, "trace"), summary.open_traces))
    if summary.torn_bytes > 0 then
        print(("and the first %d bytes of one more record"):format(summary.torn_bytes))
    end
end

local function run(options)
    local opened, output = pcall(new_output, options.directory, options.segment_size)
    if not opened then
        local failure = output
        if type(failure) == "table" and failure.kind == "argument" then
            io.stderr:write("tracereel: ", failure.message, "\n")
            return exit_codes.refused
        end
        error(failure, 0)
    end
    local type_name, record = write_all_but_last(output, options)
    if not options.torn then
        output:append(type_name, record)
    end
    output.writer:close()
    if options.torn then
        local torn, problem = output:tear(record)
        if not torn then
            io.stderr:write("tracereel: ", problem, "\n")
            return exit_codes.io
        end
    end
    report(output:summary(), options.json)
    return exit_codes.ok
end

return {
    name = "generate",
    summary = "write a made-up log of an order pipeline, to try things out on",
    define = define,
    run = run,
}

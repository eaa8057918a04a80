-- `tracereel generate`: a realistic log to try things out on.

local exit_codes = require "tracereel.cli.exit_codes"
local failure = require "tracereel.util.failure"
local files = require "tracereel.util.files"
local generator = require "tracereel.log.generator"
local limits = require "tracereel.cli.limits"
local new_directory = require "tracereel.cli.new_directory"
local whole = require("tracereel.cli.options").whole
local output = require "tracereel.cli.output"
local reel = require "tracereel"
local segment_name = require "tracereel.log.segment_name"
local units = require "tracereel.util.units"

local max_span_ns = 365 * 86400 * 1000000000
local max_start_ns = 7258118400 * 1000000000
local ANY = math.maxinteger
local crash_forms = "a span of log time such as 30s, or a number of records"
local min_record_bytes = 69

local function share(text)
    local number = tonumber(text)
    if not number or not (number >= 0 and number <= 1) then
        return nil, ('"%s" is not a share: a number from 0 to 1'):format(text)
    end
    return number
end

local function arrival_rate(text)
    local number = tonumber(text)
    if not number or not (number >= 0.000001 and number <= 1e9) then
        return nil, ('"%s" is not a rate: traces in a second, from 0.000001 to 1e9'):format(text)
    end
    return number
end

-- A span of log time; bounded, so that no sum of times leaves 64 bits.
local function span_ns(text)
    local time_ns, problem = units.parse_duration(text)
    if time_ns and (time_ns <= 0 or time_ns > max_span_ns) then
        return nil, ('"%s" is not more than 0s and at most 365d'):format(text)
    end
    return time_ns, problem
end

-- Earlier than 2200, so that the log ends before time does.
local function start_time(text)
    local time_ns, problem = units.parse_time(text)
    if time_ns and time_ns >= max_start_ns then
        return nil, ('"%s" is not before the year 2200'):format(text)
    end
    return time_ns, problem
end

local function segment_size(text)
    local size_bytes, problem = units.parse_size(text)
    if size_bytes and size_bytes < min_record_bytes then
        return nil, ('"%s" is less than a record takes (%d bytes)'):format(text, min_record_bytes)
    end
    return size_bytes, problem
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
    if not units.parse_duration(text) then
        return nil, ('"%s" is not %s'):format(text, crash_forms)
    end
    local time_ns, problem = span_ns(text)
    if not time_ns then
        return nil, problem
    end
    return { time_ns = time_ns }
end

local option_rows = {
    { "--traces", "N", "Number of orders.", "100", whole(1, ANY) },
    { "--seed", "N", "Seed; the same seed and options give the same bytes.", "1", whole(-ANY, ANY) },
    { "--rate", "N", "Orders per second, on average.", "100", arrival_rate },
    { "--retry-rate", "SHARE", "Share of first and second charges that time out.", "0.4", share },
    { "--error-rate", "SHARE", "Share of orders that fail.", "0.05", share },
    { "--dropped-share", "SHARE", "Share of failed orders without a trace_failed.", "0.5", share },
    { "--approval-share", "SHARE", "Share of paid orders that wait for a person.", "0.15", share },
    { "--approval-wait", "TIME", "Median of these waits, or: never.", "30s", waiting_time },
    { "--checkpoint-every", "N", "Records between two checkpoints; 0 for none.", "1000", whole(0, ANY) },
    { "--start-time", "TIME", "Arrival time of the first order.", "2025-11-24T16:00:00Z", start_time },
    { "--segment-size", "BYTES", "Maximum size of a segment.", "64MiB", segment_size },
    { "--crash-after", "POINT", ("End at this point, whatever is in progress: %s."):format(crash_forms), nil,
        crash_point },
    { "--metadata", "TEXT", "Metadata of every trace_start, instead of its order's." },
}

local function define(command)
    command:argument("directory", "The directory for the log. Created if missing; must hold no segments.")
        :argname("<DIR>")
    for _, row in ipairs(option_rows) do
        local flag, argument_name, help, default, convert = table.unpack(row, 1, 5)
        command:option(flag, help, default, convert):argname("<" .. argument_name .. ">")
    end
    command:flag("--no-starts", "Write no node_start records; the engine in production writes none.")
    command:flag("--wait-done", "Write a node_done for each node that waited; the engine writes none.")
    command:flag("--torn", "Write only half of the last record, as a crash does.")
    command:flag("--json", "Print what was written as a JSON object.")
end

-- What has been written so far.
local Tally = {}
Tally.__index = Tally

local open_traces_change = { trace_start = 1, trace_complete = -1, trace_failed = -1 }

local function new_tally(directory, writer)
    return setmetatable({
        writer = writer,
        directory = directory,
        last_sequence = 0,
        records = 0,
        bytes = 0,
        traces = 0,
        open_traces = 0,
        torn_bytes = 0,
    }, Tally)
end

function Tally:append(type_name, record)
    self.last_sequence = self.writer:append(record)
    self.records = self.records + 1
    self.bytes = self.bytes + #record
    self.open_traces = self.open_traces + (open_traces_change[type_name] or 0)
    if type_name == "trace_start" then
        self.traces = self.traces + 1
    end
end

-- Puts half of a record after the closed log, as a crash in the middle of a write leaves it. Not through the writer,
-- which only writes whole ones.
function Tally:tear(record)
    local half = record:bytes():sub(1, #record // 2)
    local path = self.directory .. "/" .. segment_name.of(self.last_sequence)
    local written, problem = files.write(path, half, "ab")
    if not written then
        failure.raise("io", "cannot append half a record: %s", problem)
    end
    self.torn_bytes = #half
end

function Tally:summary(directory)
    return {
        directory = directory,
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
        start_ns = options.start_time,
        rate = options.rate,
        starts = not options.no_starts,
        retry_rate = options.retry_rate,
        error_rate = options.error_rate,
        dropped_share = options.dropped_share,
        approval_share = options.approval_share,
        approval_wait_ns = wait ~= "never" and wait or nil,
        wait_done = options.wait_done or false,
        checkpoint_every = options.checkpoint_every,
        crash_after_ns = crash and crash.time_ns,
        metadata = options.metadata,
    }
end

-- Writes all records but the last, which is given back: it may have to be torn.
local function write_all_but_last(tally, options)
    local pipeline = new_pipeline(options)
    local most = options.crash_after and options.crash_after.records or math.maxinteger - 1
    local type_name, record
    for _ = 1, options.torn and most + 1 or most do
        local next_type, fields = pipeline:next()
        if not next_type then
            break
        end
        if record then
            tally:append(type_name, record)
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
        output.line(reel.json(summary))
        return
    end
    output.line(("wrote %s: %s (%d bytes in %s) of %s, %d of them open at the end"):format(
        summary.directory, count(summary.records, "record"), summary.bytes, count(summary.segments, "segment"),
        count(summary.traces, "trace"), summary.open_traces))
    if summary.torn_bytes > 0 then
        output.line(("and the first %d bytes of one more record"):format(summary.torn_bytes))
    end
end

-- Writes the log whole. Returns what it is.
local function write_log(options)
    local directory = new_directory.open(options.directory)
    local writer = reel.writer(directory.work_path, { max_segment_bytes = options.segment_size })
    local tally = new_tally(directory.work_path, writer)
    local type_name, record = write_all_but_last(tally, options)
    if not options.torn then
        tally:append(type_name, record)
    end
    writer:close()
    if options.torn then
        tally:tear(record)
    end
    directory:finish()
    return tally:summary(options.directory)
end

local function run(options)
    local problem = new_directory.holds_log(options.directory)
    if problem then
        output.say("%s", problem)
        return exit_codes.refused
    end
    local summary
    limits.guarded(function()
        summary = write_log(options)
    end, "interrupted: the log was not written to its end")
    report(summary, options.json)
    return exit_codes.ok
end

return {
    name = "generate",
    define = define,
    run = run,
}

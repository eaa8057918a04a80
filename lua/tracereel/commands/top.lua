-- `tracereel top`: a screen of a log that is being written: what runs, what waits, what fails; keys look closer.
local board = require "tracereel.top.board"
local failure = require "tracereel.util.failure"
local host = require "tracereel.host"
local of_log = require "tracereel.flow.of_log"
local options = require "tracereel.cli.options"
local output = require "tracereel.cli.output"
local pace = require "tracereel.script.pace"
local screen = require "tracereel.top.screen"
local session = require "tracereel.top.session"

local top = { name = "top" }

-- Log time goes on between records; this often the screen has its turn.
local tick_ns = 250000000
local look_seconds, draw_ns, catching_up_ns = 0.2, 1000000000, 20000000
local max_summary_rows = 10

function top.define(command)
    command:argument("log", "A log: a directory of segments. It may be written meanwhile, or later."):argname("<LOG>")
    command:flag("--once", "Print what there is once, in place of a screen, and end. So it is without a terminal, too.")
    of_log.define(command)
    options.reading(command)
end

-- Draws when a second has passed, or longer where a screen takes long to make; at once where something was typed.
local function new_display(log, one)
    local display = { drawn_ns = 0, took_ns = 0, records = 0 }

    function display.draw(is_typed)
        local now_ns = host.now_ns()
        local passed_ns = now_ns - display.drawn_ns
        if one.is_held and not is_typed or not is_typed and passed_ns < math.max(draw_ns, 10 * display.took_ns) then
            return
        end
        local records = log:stats().records
        if passed_ns >= draw_ns then
            display.rate = display.drawn_ns > 0 and (records - display.records) / (passed_ns / 1e9) or nil
            display.records, display.drawn_ns = records, now_ns
        end
        screen.draw(one:lines(host.terminal_rows(), display.rate))
        display.took_ns = host.now_ns() - now_ns
    end

    return display
end

-- Reads what was typed, for up to `seconds`, and draws what has become of it.
local function hear(one, display, seconds)
    local bytes = host.read_keys(seconds)
    if bytes == "" then
        one.is_over = true -- nobody is there any more
    elseif bytes then
        one:take(bytes)
    end
    if not one.is_over then
        display.draw(bytes ~= nil)
    end
end

-- Log time stands still until there is a record, and with it the ticks.
local function wait_for_record(log, one, display)
    while not one.is_over and not host.interrupted() and log:records()() == nil do
        hear(one, display, look_seconds)
    end
end

-- While the log's past is read ticks come as fast as its records; at its end the replay sleeps before each, and there
-- the keys are waited for.
local function follow(log, kept, one)
    local display, handlers = new_display(log, one), kept:handlers()
    local left_ns, seen_records = host.now_ns(), -1
    wait_for_record(log, one, display)
    handlers.every = tick_ns
    function handlers.tick(now_ns)
        local records = log:stats().records
        local has_slept = records == seen_records and host.now_ns() - left_ns >= catching_up_ns
        one.tick_ns = now_ns
        hear(one, display, has_slept and look_seconds or 0)
        if one.is_over then
            failure.raise("interrupted", "the screen was closed")
        end
        left_ns, seen_records = host.now_ns(), records
    end
    local done, problem = failure.pcall(log.replay, log, handlers, { follow = true })
    if not done and not one.is_over then
        error(problem, 0)
    end
end

local function watch(log, kept, one)
    local begun, problem = host.begin_keys()
    if not begun then
        failure.raise("io", "cannot read keys from the terminal: %s", problem)
    end
    screen.begin()
    local done, trouble = failure.pcall(follow, log, kept, one)
    screen.finish()
    host.end_keys()
    if not done then
        error(trouble, 0)
    end
end

---@param parsed table
---@return integer exit code
function top.run(parsed)
    if parsed.log == "-" then
        failure.raise("usage", "top follows a log, and keys come from standard input: name its directory")
    end
    local is_live = not parsed.once and output.is_terminal(0) and output.is_terminal(1) and os.getenv("TERM") ~= "dumb"
    if is_live and pace.must_wait({ follow = true }, parsed.log) then
        pace.wait(parsed.log)
    end
    parsed.logs = { parsed.log }
    return of_log.each(parsed, function(log)
        local kept = board.new()
        local one = session.new(log, kept, parsed.log)
        if is_live then
            watch(log, kept, one)
            return
        end
        log:replay(kept:handlers())
        for _, line in ipairs(one:summary(max_summary_rows)) do
            output.line(line)
        end
    end)
end

return top

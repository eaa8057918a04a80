-- How far a long piece of work is: one line on standard error, where that is a terminal. It is written over a few times
-- a second, and gone at the end.
local host = require "tracereel.util.host"
local output = require "tracereel.cli.output"

local progress = {}

local interval_ns = 200000000
local columns

local is_open, prefix, last_ns, shown_length = false, "", 0, 0

local function write(text)
    io.stderr:write("\r", text, (" "):rep(shown_length - #text), text == "" and "\r" or "")
    io.stderr:flush()
    shown_length = #text
end

---Removes the line: the work is done, or something else will be written.
function progress.clear()
    if shown_length > 0 then
        write("")
    end
end

local function close()
    progress.clear()
    is_open = false
end

---From here on progress is shown, until what this answers with is closed: `local shown <close> = progress.open()`.
function progress.open()
    is_open = output.is_terminal(2)
    if is_open then
        host.end_progress() -- what is shown from here on says more
        columns = output.terminal_columns() - 1
    end
    prefix, last_ns = "", is_open and host.now_ns() or 0
    return setmetatable({}, { __close = close })
end

---Whether anybody looks.
function progress.is_shown()
    return is_open
end

---Sets the prefix of everything that is shown from here on.
function progress.set_prefix(text)
    prefix = text
end

---Shows how far the work is, where the line is not fresh. What lasts no longer than a moment is never shown.
function progress.show(message, ...)
    local now_ns = is_open and host.now_ns()
    if not now_ns or now_ns - last_ns < interval_ns and now_ns >= last_ns then
        return
    end
    last_ns = now_ns
    write((prefix .. message:format(...)):sub(1, columns))
end

return progress

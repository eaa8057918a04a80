-- Writing to the terminal and to pipes. Data goes to standard output and every write is checked: a full disk must not
-- look like success. Talk goes to standard error.
local failure = require "tracereel.util.failure"
local host = require "tracereel.util.host"
local text = require "tracereel.util.text"

local output = {
    -- The first write that failed: { message =, errno =, is_broken_pipe = }. It stays: even a script that catches the
    -- error cannot turn it into success.
    failed = nil,
    -- Set where standard output is JSON alone.
    prints_as_talk = false,
}

local broken_pipe_errno = 32
local stdout = io.stdout
local is_muted = false

-- What is done before standard output is first written to, where a pager is to be started; and before each talk.
local before_first, before_talk

-- What texts are changed by on the way to a terminal that cannot show them; nil where it can.
local to_ascii, talk_to_ascii

---What is to be done before the first write to standard output, and each time before something is said.
---@param first function
---@param talk function
function output.before(first, talk)
    before_first, before_talk = first, talk
end

---To be called before standard output is written to in another way.
function output.begin()
    if before_first then
        local callee = before_first
        before_first = nil
        callee()
    end
end

---From here on texts are shown in ASCII: on standard output, on standard error.
---@param is_shown boolean
---@param is_said boolean
function output.use_ascii(is_shown, is_said)
    local of = require "tracereel.util.ascii".of
    to_ascii, talk_to_ascii = is_shown and of or nil, is_said and of or nil
end

---Takes what a write or flush of io.stdout returned, and raises where it failed.
function output.check(written, message, errno)
    if not written then
        output.failed = output.failed
            or { message = message, errno = errno, is_broken_pipe = errno == broken_pipe_errno }
        failure.raise("output", "cannot write to standard output: %s", message)
    end
end

-- What is written instead of to standard output, while output.collected is under way.
local pieces

---Writes data to standard output as it is, or raises.
function output.write_data(...)
    if pieces then
        pieces[#pieces + 1] = table.concat({ ... })
        return
    elseif before_first then
        output.begin()
    end
    output.check(stdout:write(...))
end

---Writes texts to standard output, or raises.
function output.write(...)
    if to_ascii then
        output.write_data(to_ascii(table.concat({ ... })))
        return
    end
    output.write_data(...)
end

---Calls a function; what it writes to standard output is not written. Raises what it raises.
---@param callee function
---@return string text that it would have written
function output.collected(callee)
    local outer = pieces
    local own = {}
    pieces = own
    local called, problem = failure.xpcall(callee)
    pieces = outer
    if not called then
        error(problem, 0)
    end
    return table.concat(own)
end

function output.line(words)
    output.write(words, "\n")
end

function output.flush()
    output.check(stdout:flush())
end

---Large blocks instead of lines, where nobody watches.
function output.use_blocks()
    if not output.is_terminal(1) then
        stdout:setvbuf("full", 65536)
    end
end

-- What a log or a script says must not steer the terminal.
local function escape_controls(message)
    return (message:gsub("[%z\1-\8\11-\31\127]", function(character)
        return ("\\x%02x"):format(character:byte())
    end))
end

-- Data that was written before comes first, also where both go to one terminal.
local function talk(...)
    if before_talk then
        before_talk()
    end
    if not output.failed then
        stdout:flush()
    end
    io.stderr:write(...)
end

local heard

---From here on what is said is kept in a list, too.
---@return string[]
function output.hear()
    heard = {}
    return heard
end

---Talk: one line on standard error. What cannot be said there cannot be said anywhere.
function output.say(message, ...)
    if select("#", ...) > 0 then
        message = message:format(...)
    end
    if heard then
        heard[#heard + 1] = message
    end
    message = escape_controls(message)
    talk("tracereel: ", talk_to_ascii and talk_to_ascii(message) or message, "\n")
end

---Talk of another process, word for word.
function output.talk(words)
    talk(words)
end

-- Is standard output a terminal, and how many columns has it: found before it became a file.
local remembered

function output.is_terminal(descriptor)
    if remembered and descriptor == 1 then
        return remembered.is_terminal
    end
    return host.is_terminal ~= nil and host.is_terminal(descriptor)
end

local function terminal_columns()
    return remembered and remembered.columns or host.terminal_columns()
end

---How many columns has the terminal, of standard output or else of standard error?
output.terminal_columns = terminal_columns

---From here on, also in processes that write to files in its place, standard output is what it is now.
function output.remember_terminal()
    local is_terminal = output.is_terminal(1)
    remembered = { is_terminal = is_terminal, columns = is_terminal and terminal_columns() }
end

---How many columns a line may take.
function output.columns()
    return output.is_terminal(1) and terminal_columns() or 80
end

---How many columns a line of data may take: into a pipe or a file, where somebody may search it, as many as it has.
function output.data_columns()
    return output.is_terminal(1) and terminal_columns() or math.maxinteger
end

---Writes a line in words, which a terminal gets in as many lines as it needs; all but the first are indented.
---@param words string clean
---@param indent? string two spaces where not given
---@param head? string what the words begin with, to be painted in
---@param style? string
function output.wrapped(words, indent, head, style)
    indent = indent or "  "
    local columns = output.data_columns()
    local lines = columns < math.maxinteger and text.wrap(words, math.max(columns - #indent, 24)) or { words }
    if head then
        lines[1] = output.paint(style, head) .. lines[1]:sub(#head + 1)
    end
    output.line(table.concat(lines, "\n" .. indent))
end

---Calls a function, whose script prints nothing meanwhile: it is run once more for another purpose, and has printed
---what it had to say.
function output.without_prints(callee)
    is_muted = true
    local called, problem = failure.xpcall(callee)
    is_muted = false
    if not called then
        error(problem, 0)
    end
end

---What a script prints: data, or talk where the data is JSON for a program.
function output.print(words)
    if is_muted then
        return
    elseif output.prints_as_talk then
        io.stderr:write(words, "\n")
    else
        output.line(words)
    end
end

local escapes = { bold = "1", dim = "2", red = "31", green = "32", yellow = "33", cyan = "36" }
local uses_colour

---Says when words are painted, in place of what the environment says.
---@param when "auto"|"always"|"never"
function output.colour(when)
    uses_colour = when == "always" or when == "auto" and nil
end

local function is_set(name)
    local value = os.getenv(name)
    return value ~= nil and value ~= ""
end

-- NO_COLOR (no-color.org) comes first, then CLICOLOR_FORCE and CLICOLOR (bixense.com/clicolors), then the terminal.
local function is_painted()
    if is_set("NO_COLOR") then
        return false
    elseif is_set("CLICOLOR_FORCE") and os.getenv("CLICOLOR_FORCE") ~= "0" then
        return true
    end
    return os.getenv("CLICOLOR") ~= "0" and os.getenv("TERM") ~= "dumb" and output.is_terminal(1)
end

---Words in a colour, where somebody sees it.
function output.paint(style, words)
    if uses_colour == nil then
        uses_colour = is_painted()
    end
    if not uses_colour or not style then
        return words
    end
    return "\27[" .. escapes[style] .. "m" .. words .. "\27[0m"
end

return output

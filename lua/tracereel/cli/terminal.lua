-- What the program does where standard output, or standard error, is a terminal: a pager for what is longer than the
-- screen, a line about progress, and texts that the locale can show. Data, such as JSON, is left as it is.
local host = require "tracereel.host"
local failure = require "tracereel.util.failure"
local files = require "tracereel.util.files"
local output = require "tracereel.cli.output"

local terminal = {}

-- The commands whose output is read by somebody and changes nothing when it is not read to its end: true, or a test of
-- the parsed options.
local is_paged = {
    check = true, traces = true, show = true, dump = true, merge = true, timing = true, diff = true, flow = true,
    backtest = true, capacity = true, crashtest = true, help = true,
    run = function(parsed)
        return not (parsed.follow or parsed.speed or parsed.new or parsed.unsafe)
    end,
    recover = function(parsed)
        return not (parsed.apply or parsed.output)
    end,
}

-- What waits for a person, or is done at once.
local is_quiet = { help = true, debug = true, top = true }

local function is_on_path(name)
    for directory in (os.getenv("PATH") or ""):gmatch("[^:]+") do
        if files.exists(directory .. "/" .. name) then
            return true
        end
    end
    return false
end

-- nil where there is none to be used.
local function pager_command()
    local command = os.getenv("TRACEREEL_PAGER") or os.getenv("PAGER") or is_on_path("less") and "less" or ""
    return command:find("%S") and command ~= "cat" and os.getenv("TERM") ~= "dumb" and command or nil
end

local used_pager

local function start_pager(command)
    if not host.is_terminal(1) then
        return -- in a process that writes to a file
    end
    output.remember_terminal()
    local started, problem = host.start_pager(command)
    if not started then
        failure.raise("output", "cannot start the pager %s: %s; --no-pager does without", command, problem)
    end
    used_pager = command
end

local function is_utf8()
    for _, name in ipairs { "LC_ALL", "LC_CTYPE", "LANG" } do
        local value = os.getenv(name)
        if value and value ~= "" then
            return value:lower():find("utf%-?8") ~= nil
        end
    end
    return false
end

---Before a command runs, or the help is shown.
---@param command string its name, or "help"
---@param parsed table
function terminal.prepare(command, parsed)
    local shows, talks = host.is_terminal(1), host.is_terminal(2)
    if (shows or talks) and not (parsed.json or parsed.csv or is_utf8()) then
        output.use_ascii(shows, talks)
    end
    local paged = shows and not parsed.no_pager and is_paged[command]
    local pager = paged and (paged == true or paged(parsed)) and pager_command()
    local has_progress = talks and not is_quiet[command] and not parsed.follow
    if has_progress then
        host.begin_progress()
    end
    if pager or has_progress then
        output.before(function()
            if shows then
                host.end_progress()
            end
            if pager then
                start_pager(pager)
            end
        end, host.clear_progress)
    end
end

---After everything was written, or the rest is not wanted.
---@return boolean was_paged
function terminal.finish()
    host.end_progress()
    local status = used_pager and host.finish_pager()
    if status == 126 or status == 127 then
        output.say("the pager %s cannot be run: set PAGER, or use --no-pager", used_pager)
    end
    return used_pager ~= nil
end

return terminal

-- The options of every command that runs scripts: their arguments, what they may use, and where they are stopped.
local failure = require "tracereel.util.failure"
local host = require "tracereel.host"
local units = require "tracereel.util.units"

local limits = {}

local default_memory = "1GiB"

---What scripts may use, and where they are stopped.
function limits.define_use(command)
    command:flag("--unsafe", "Give scripts the whole standard library: files, processes, the clock.")
    command:option("--max-memory", "Memory limit for scripts, in each process; 0 for none.", default_memory)
        :argname("<SIZE>"):convert(units.parse_size)
    command:option("--max-time", "Time limit for the whole run; 0 for none.", "0s"):argname("<DURATION>")
        :convert(function(text)
            return units.parse_duration(text == "0" and "0s" or text)
        end)
end

function limits.define(command)
    command:option("-a --arg", "Set an argument that a script declares. Can be repeated.")
        :argname("<NAME=VALUE>"):count("*")
        :convert(function(text)
            return text:match("^[%a_][%w_]*=") and text or nil, ('"%s" is not NAME=VALUE'):format(text)
        end)
    limits.define_use(command)
end

---The values of --arg by name.
---@return table<string, string>
function limits.given(parsed)
    local given = {}
    for _, text in ipairs(parsed.arg or {}) do
        local name, value = text:match("^([%a_][%w_]*)=(.*)$")
        given[name] = value
    end
    return given
end

---The limits count from here.
function limits.set(parsed)
    if parsed.max_memory > 0 then
        host.limit_memory(parsed.max_memory)
    end
    if parsed.max_time > 0 then
        host.limit_time(parsed.max_time / 1e9)
    end
end

local messages = {
    memory = "the scripts used more memory than --max-memory allows",
    time = "the scripts took more time than --max-time allows",
}

---Must everything unwind to `guarded`: was a limit reached, or an interrupt asked for?
function limits.reached()
    return host.tripped() ~= nil or host.interrupted()
end

---Calls what runs the scripts' code. Where a limit is reached, or a second interrupt comes while a handler is busy,
---everything unwinds to here.
---@param callee function
---@param interrupted? string the message of an interrupt
function limits.guarded(callee, interrupted)
    local called, problem = host.guard(callee)
    if called then
        return
    end
    host.end_workers()
    local tripped = host.tripped()
    if tripped then
        failure.raise("limit", "%s", messages[tripped])
    elseif host.interrupted() and (interrupted or not (failure.is(problem) and problem.kind == "interrupted")) then
        failure.raise("interrupted", "%s", interrupted or "interrupted: what was asked for was not finished")
    end
    error(problem, 0)
end

return limits

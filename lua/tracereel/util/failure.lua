-- The error objects that the Lua side raises, in the shape of the engine's: tracereel.failure in
-- library/tracereel.d.lua.
local core = require "tracereel.core"

local failure = {}

---@param kind string one of tracereel.failure's kinds, or "usage", "output", "limit"
---@param message string one line
---@param traceback? string
failure.new = core.failure

-- What Lua says where it has no memory, and with what the system closes its messages.
local no_memory, system_has_no_memory = "not enough memory", ": Cannot allocate memory"

---Raises a failure. One whose reason is that memory ran out is of the kind "memory", whatever was being done.
function failure.raise(kind, message, ...)
    if select("#", ...) > 0 then
        message = message:format(...)
    end
    if message:sub(-#system_has_no_memory) == system_has_no_memory then
        kind = "memory"
    end
    error(failure.new(kind, message), 0)
end

---Is this an error object with a kind, of the engine's or of ours? A script's error value is none, whatever keys and
---metatable it has: it must not decide the program's exit status.
---@type fun(value: any): boolean
failure.is = core.is_failure

---Does an error value say that memory ran out? Lua says it in a text.
---@param value any
---@return boolean
function failure.is_memory(value)
    return value == no_memory or failure.is(value) and value.kind == "memory"
end

---An error value to raise again: Lua's own "not enough memory" becomes a failure.
function failure.same(value)
    return value == no_memory and failure.new("memory", "out of memory") or value
end

local function pass_on(called, ...)
    if not called and failure.is_memory((...)) then
        error(failure.same((...)), 0)
    end
    return called, ...
end

---As pcall; but that memory ran out is raised again: it says nothing about what was called.
---@param callee function
---@return boolean called
---@return any ...
function failure.pcall(callee, ...)
    return pass_on(pcall(callee, ...))
end

---The text of an error value, whatever raised it. A script's own `__tostring` may fail, or return no string.
---@param value any
---@return string
function failure.text(value)
    local kind = type(value)
    if failure.is(value) then
        return value.message
    elseif kind == "string" or kind == "number" then
        return tostring(value)
    end
    local metatable = debug.getmetatable(value)
    if type(metatable) == "table" and rawget(metatable, "__tostring") then
        local said, text = pcall(tostring, value)
        if said then
            return ("(an error value: %s)"):format(text)
        end
    end
    return ("(the error is a %s value)"):format(kind)
end

---A value that was not expected, for a message: texts in quotes, "a table" for what has no text.
---@type fun(value: any): string
failure.got = core.got

---The same for what was given as a name: texts and numbers without quotes.
---@type fun(value: any): string
failure.name = core.name

---Is it a mistake of the code that was called, which may be a script's, and not something that it met? An "argument" is
---what that code has called the engine with, and not what the program was called with.
---@param problem tracereel.failure as of failure.xpcall
function failure.is_mistake(problem)
    return problem.kind == "internal" or problem.kind == "argument"
end

---Raises again what a script cannot help: a file of the program's that it could not read.
---@param problem any
function failure.pass_on_io(problem)
    if failure.is(problem) and problem.kind == "io" then
        error(problem, 0)
    end
end

---Why a file could not be opened, without the file's name, which io.open says first.
---@param problem string
---@return string
function failure.reason(problem)
    return problem:match("^.*: (.-)$") or problem
end

-- Keeps failures as they are, and gives anything else its traceback.
local function with_traceback(value)
    value = failure.same(value)
    if failure.is(value) then
        return value
    end
    return failure.new("internal", failure.text(value), debug.traceback(nil, 2))
end

local function as_failure(called, ...)
    if not called then
        return false, failure.same((...)) -- Lua calls no handler where memory ran out
    end
    return true, ...
end

---As xpcall; what is raised comes as a failure, with a traceback where it was none.
---@param callee function
---@return boolean called
---@return any ...
function failure.xpcall(callee, ...)
    return as_failure(xpcall(callee, with_traceback, ...))
end

-- Where a script's own calls end in a traceback, and the program's begin.
local own_frames = {
    "tracereel/script/runner%.lua:%d+: in upvalue 'replay_all'",
    "tracereel/script/init%.lua:%d+: in upvalue 'call'",
    "tracereel/util/failure%.lua:%d+: in function 'tracereel.util.failure.x?pcall'",
}

local function is_own(line)
    for _, frame in ipairs(own_frames) do
        if line:find(frame) then
            return true
        end
    end
    return false
end

---The part of a traceback that is about the script.
---@param traceback string
---@return string
function failure.script_part(traceback)
    local kept, last_script_line = {}, 0
    for line in traceback:gmatch("[^\n]+") do
        if is_own(line) then
            return table.concat(kept, "\n", 1, last_script_line)
        end
        kept[#kept + 1] = line
        -- The calls between the script and the program are C's: "[C]: in ?", "[C]: in function 'pcall'".
        if not line:find("^%s*%[C%]: in %?$") and not line:find("^%s*%[C%]: in function 'x?pcall'$") then
            last_script_line = #kept
        end
    end
    return traceback
end

return failure

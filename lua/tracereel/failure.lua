-- The error objects that the Lua side raises, in the shape of the engine's: tracereel.failure in
-- library/tracereel.d.lua.
local core = require "tracereel.core"

local failure = {}

local type_name = "tracereel.failure"

-- Locked, as the engine's is: a script can get hold of a failure.
local metatable = {
    __name = type_name,
    __metatable = type_name,
    __tostring = function(self)
        return self.message
    end,
}

---@param kind string one of tracereel.failure's kinds, or "usage", "output", "limit"
---@param message string one line
---@param traceback? string
function failure.new(kind, message, traceback)
    return setmetatable({ kind = kind, message = message, traceback = traceback }, metatable)
end

function failure.raise(kind, message, ...)
    if select("#", ...) > 0 then
        message = message:format(...)
    end
    error(failure.new(kind, message), 0)
end

---Is this an error object with a kind, of the engine's or of ours? An error table of a script's own is none, whatever
---keys it has: what it says must not become the program's exit status.
function failure.is(value)
    return type(value) == "table" and getmetatable(value) == type_name
end

---A value that was not expected, for a message: texts in quotes, "a table" for what has no text of its own.
---@type fun(value: any): string
failure.got = core.got

---Why a file could not be opened, without the file's name, which io.open says first.
---@param problem string
---@return string
function failure.reason(problem)
    return problem:match("^.*: (.-)$") or problem
end

---For xpcall: keeps failures as they are, and gives anything else its traceback.
function failure.with_traceback(value)
    if failure.is(value) then
        return value
    end
    local text = type(value) == "string" and value or ("(an error value: %s)"):format(tostring(value))
    return failure.new("internal", text, debug.traceback(nil, 2))
end

-- Where a script's own calls end in a traceback, and the program's begin.
local own_frames = {
    "tracereel/runner%.lua:%d+: in upvalue 'replay_all'",
    "tracereel/script%.lua:%d+: in upvalue 'call'",
}

---The part of a traceback that is about the script.
---@param traceback string
---@return string
function failure.script_part(traceback)
    local kept, last_script_line = {}, 0
    for line in traceback:gmatch("[^\n]+") do
        if line:find(own_frames[1]) or line:find(own_frames[2]) then
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

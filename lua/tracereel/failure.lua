-- The error objects that the Lua side raises, in the shape of the engine's: tracereel.failure in
-- library/tracereel.d.lua.
local failure = {}

local metatable = {
    __name = "tracereel.failure",
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

---Is this an error object with a kind, of the engine's or of ours?
function failure.is(value)
    return type(value) == "table" and type(value.kind) == "string" and type(value.message) == "string"
end

---For xpcall: keeps failures as they are, and gives anything else its traceback.
function failure.with_traceback(value)
    if failure.is(value) then
        return value
    end
    local text = type(value) == "string" and value or ("(an error value: %s)"):format(tostring(value))
    return failure.new("internal", text, debug.traceback(nil, 2))
end

return failure

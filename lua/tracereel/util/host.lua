-- What the program around the Lua state gives (tracereel.host), for modules that plain lua5.4 uses, too: there nothing
-- is ever interrupted, and the table has no other function, so ask for one before it is called. Modules of the program
-- alone require tracereel.host.
local failure = require "tracereel.util.failure"

local is_program, host = failure.pcall(require, "tracereel.host")

local function never()
    return false
end

return is_program and host or { interrupted = never }

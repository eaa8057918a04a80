-- What the program around the Lua state gives (tracereel.host), for modules that plain lua5.4 uses, too: there the
-- table is empty, so ask for a function before it is called. Modules of the program alone require tracereel.host.
local failure = require "tracereel.util.failure"

local is_program, host = failure.pcall(require, "tracereel.host")

return is_program and host or {}

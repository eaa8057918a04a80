-- The module that `require "tracereel"` gives. Its types and texts for people: library/.
local core = require "tracereel.core"
local loaded_script = require "tracereel.script.loaded"
local tracereel = require "tracereel.api"

tracereel.script = core.framed(loaded_script.new) -- a script that it loads has the module, so it comes last

-- Lua finds a function's name for messages and tracebacks by looking through the loaded modules, in an order that
-- changes from process to process. What stands in several of them is found in this one alone, under the name that users
-- know.
for _, name in ipairs { "tracereel.core", "tracereel.base", "tracereel.api" } do
    package.loaded[name] = setmetatable({}, { __index = package.loaded[name] })
end

return tracereel

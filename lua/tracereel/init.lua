-- The module that `require "tracereel"` gives. Its types and texts for people: library/.
local core = require "tracereel.core"
local tracereel = require "tracereel.api"

-- Loaded at the first call: what it needs takes as long to load as the rest of the module, and most programs want none.
tracereel.script = core.framed(function(path, arguments)
    return require("tracereel.script.loaded").new(path, arguments)
end)

-- Lua finds a function's name for messages and tracebacks by looking through the loaded modules, in an order that
-- changes from process to process. These three hide what they share with this one, so that a function is found here
-- alone, under the name that users know. A module that is loaded later reads them through the proxy.
for _, name in ipairs { "tracereel.core", "tracereel.base", "tracereel.api" } do
    local module = package.loaded[name]
    package.loaded[name] = setmetatable({}, {
        __index = module,
        __pairs = function()
            return next, module
        end,
    })
end

return tracereel

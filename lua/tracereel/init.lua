-- The module that `require "tracereel"` gives. Its types and texts for people: library/.
local core = require "tracereel.core"
local loaded_script = require "tracereel.loaded_script"
local tracereel = require "tracereel.api"

tracereel.script = core.framed(loaded_script.new) -- a script that it loads has the module, so it comes last

return tracereel

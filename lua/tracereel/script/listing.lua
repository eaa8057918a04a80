-- A list of what is bundled, scripts or importers: what `--list` prints of each.
local output = require "tracereel.cli.output"
local script_arguments = require "tracereel.script.arguments"
local tracereel = require "tracereel"

local listing = {}

local indent = (" "):rep(13)

---Prints one of them: its name, what it is for, and its arguments, a line each.
---@param kind string its key in JSON
---@param name string
---@param loaded { summary: string, arguments: table }
---@param as_json boolean|nil one JSON object instead
function listing.print(kind, name, loaded, as_json)
    if as_json then
        output.line(tracereel.json { [kind] = name, summary = loaded.summary, args = loaded.arguments })
        return
    end
    output.wrapped(("%-12s %s"):format(name, loaded.summary), indent)
    for _, line in ipairs(script_arguments.describe(loaded.arguments)) do
        output.wrapped(indent .. line, indent .. "  ")
    end
end

return listing

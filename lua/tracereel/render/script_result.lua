-- The result of a script on standard output: as text, or a line of JSON.
local failure = require "tracereel.util.failure"
local logs = require "tracereel.cli.logs"
local output = require "tracereel.cli.output"
local render_result = require "tracereel.render.result"
local tracereel = require "tracereel"

local script_result = {}

local function write_json(context, name, result)
    local value = result == nil and tracereel.null or result
    local written, json = failure.pcall(tracereel.json, { script = name, result = value })
    if not written then
        failure.raise("script", "%s: the result cannot be written as JSON: %s", name, failure.text(json))
    end
    output.line(context and logs.with_log(context, json) or json)
end

---@param context table|nil of logs.each; nil: the result is of all logs
---@param one table the script, whose `show` makes what is printed of the result
---@param result any
---@param how { is_json: boolean|nil, is_alone: boolean, given: table } is_alone: there is no other script; given: its
---arguments' values
function script_result.write(context, one, result, how)
    local name = one.name
    result = one:shown(result, how.given)
    if how.is_json then
        write_json(context, name, result)
        return
    end
    local shown, text = failure.pcall(render_result, result)
    if not shown then
        failure.raise("script", "%s: the result cannot be shown: %s", name, failure.text(text))
    end
    if not how.is_alone and text ~= "" then
        output.line(output.paint("bold", "-- " .. name))
    end
    output.write(text)
end

return script_result

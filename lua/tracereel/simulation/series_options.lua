-- The options of `tracereel simulate --sweep` and `--rank`.
local failure = require "tracereel.util.failure"
local options = require "tracereel.cli.options"
local sweep = require "tracereel.simulation.sweep"

local series_options = {}

local max_top = 0xFFFFFFFF

---@param definition table the command
function series_options.define(definition)
    definition:option("--sweep", "Simulate with each of these values of a scenario's key, as in "
        .. "node.3.time=0.5,1,2. Given twice: every combination. Does not need -o."):argname("<KEY=VALUES>"):count("*")
        :convert(sweep.parse)
    definition:option("--svg", "With one --sweep, or with --explore: write the curve to this file as an SVG picture.")
        :argname("<FILE>")
    definition:flag("--rank", "Find the node most worth speeding up: simulate each one 10 % faster, by itself. Does "
        .. "not need -o.")
    definition:option("--top", "With --rank: try only the N nodes that ran longest in the log. (default: 100; 0: all)")
        :argname("<N>"):convert(options.whole(0, max_top)):default "100":show_default(false)
end

---The one mode that is asked for: "explore", "sweep", "rank" or "comparison"; raises where there are two.
---@param parsed table
---@return string
function series_options.mode(parsed)
    local given = {}
    for _, name in ipairs { "explore", "sweep", "rank" } do
        if parsed[name] and (name ~= "sweep" or #parsed.sweep > 0) then
            given[#given + 1] = name
        end
    end
    if #given > 1 then
        failure.raise("usage", "--%s and --%s ask for different things: one at a time", given[1], given[2])
    end
    if given[1] == "explore" and parsed.rounds then
        failure.raise("usage", "--rounds is for prediction intervals: --explore has none")
    end
    local count = #(parsed.sweep or {})
    if count > 2 then
        failure.raise("usage", "--sweep: at most two at a time, got %d", count)
    elseif count == 2 and parsed.sweep[1].key == parsed.sweep[2].key then
        failure.raise("usage", "--sweep: %s twice; write all its values into one", parsed.sweep[1].key)
    elseif parsed.svg and count ~= 1 and not parsed.explore then
        failure.raise("usage", "--svg draws the curve of one --sweep, or of --explore")
    end
    return given[1] or "comparison"
end

return series_options

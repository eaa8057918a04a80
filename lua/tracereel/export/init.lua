-- The formats of `tracereel export`: the modules in the folder formats/ beside this one. Each is a table:
--   place        its place in the help, from 1
--   note         what it is in a few words, for the help; nil where its name says it
--   needs_times  leaves out a trace that only a snapshot has, without any time
--   new(context) makes an exporter: it has trace(stats), and where it wants them record(rec), gap(gap, now_ns),
--                log_begins(), log_ends(log, has_all), which does not come for a log that could not be read to its end
--                (has_all is false where options left out traces of it), and finish()
local files = require "tracereel.util.files"

local export = {}

local own_path = select(2, ...) -- from `require`: to look for it again could fail
local directory = own_path:gsub("init%.lua$", "") .. "formats/"

---@param name string one of export.names
---@return table
function export.format(name)
    return require("tracereel.export.formats." .. name)
end

---The names of all of them, in the order of the help.
---@param list_directory fun(path: string): string[]|nil, string?
---@return string[]
function export.names(list_directory)
    local names = files.module_names(directory, "the formats of exports", list_directory)
    table.sort(names, function(a, b)
        local place_a, place_b = export.format(a).place, export.format(b).place
        if place_a ~= place_b then
            return place_a < place_b
        end
        return a < b
    end)
    return names
end

return export

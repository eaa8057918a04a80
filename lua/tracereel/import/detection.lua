-- Which importer reads an input, where nobody has said it: the one whose `detect` knows its beginning; or, where none
-- does, the one for files of its extension.
local failure = require "tracereel.util.failure"
local importer = require "tracereel.import.importer"

local detection = {}

-- "orders.csv" of "/var/orders.csv.gz".
local function plain_name(name)
    return ((name:match("[^/]+$") or name):lower():gsub("%.gz$", ""):gsub("%.zst$", ""))
end

local function has_extension(loaded, name)
    for _, extension in ipairs(loaded.extensions) do
        if name:sub(-#extension - 1) == "." .. extension:lower() then
            return true
        end
    end
    return false
end

local function chosen(all, is_meant)
    local names, found = {}, nil
    for _, loaded in ipairs(all) do
        if is_meant(loaded) then
            names[#names + 1] = loaded.name
            found = found or loaded
        end
    end
    return found, names
end

---The bundled importer for an input. Raises where none or several would do.
---@param names string[] of the bundled importers
---@param input table what importers are given
function detection.importer(names, input)
    local all = {}
    for index, name in ipairs(names) do
        all[index] = importer.load(name)
    end
    local head, name = input:head(), plain_name(input.name)
    local found, candidates = chosen(all, function(loaded)
        return loaded:detects(head, name)
    end)
    if not found then
        found, candidates = chosen(all, function(loaded)
            return has_extension(loaded, name)
        end)
    end
    if not found then
        failure.raise("usage", "%s: none of the bundled importers knows what it is (%s); name one with --from, or "
            .. "write your own (tracereel import --new FILE.lua)", input.name, table.concat(names, ", "))
    elseif #candidates > 1 then
        failure.raise("usage", "%s: it could be for each of %s; name one with --from", input.name,
            table.concat(candidates, ", "))
    end
    return found
end

return detection

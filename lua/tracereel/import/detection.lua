-- Which importer reads an input, where nobody has said it: the one whose `detect` knows its beginning; or, where none
-- does, the one for files of its extension. Several inputs must be of one format.
local archive_name = require "tracereel.util.archive_name"
local failure = require "tracereel.util.failure"
local importer = require "tracereel.import.importer"

local detection = {}

-- "orders.csv" of "/var/orders.csv.gz".
local function plain_name(name)
    return (archive_name.split((name:match("[^/]+$") or name):lower()))
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
    local found = {}
    for _, loaded in ipairs(all) do
        found[#found + 1] = is_meant(loaded) and loaded or nil
    end
    return found
end

local function words_of(importers)
    local names = {}
    for index, loaded in ipairs(importers) do
        names[index] = loaded.name
    end
    return table.concat(names, ", ")
end

local Detection = {}
Detection.__index = Detection

---@param names string[] of the bundled importers
function detection.new(names)
    local self = setmetatable({ names = names, importers = {} }, Detection)
    for index, name in ipairs(names) do
        self.importers[index] = importer.load(name)
    end
    return self
end

---The importers that an input may be for: those whose `detect` knows it; where none does, those for its extension.
---@param input table what importers are given
---@return table[]
function Detection:candidates(input)
    local head, name = input:head(), plain_name(input.name)
    local found = chosen(self.importers, function(loaded)
        return loaded:detects(head, name)
    end)
    return #found > 0 and found or chosen(self.importers, function(loaded)
        return has_extension(loaded, name)
    end)
end

---The bundled importer for an input. Raises where none or several would do.
function Detection:importer(input)
    local candidates = self:candidates(input)
    if #candidates == 0 then
        failure.raise("usage", "%s: none of the bundled importers knows what it is (%s); name one with --from, or "
            .. "write your own (tracereel import --new FILE.lua)", input.name, table.concat(self.names, ", "))
    elseif #candidates > 1 then
        failure.raise("usage", "%s: it could be for each of %s; name one with --from", input.name,
            words_of(candidates))
    end
    return candidates[1]
end

local max_told_inputs = 3

-- "2 csv: a.csv, b.csv"
local function group_words(group)
    local told = table.concat(group.inputs, ", ", 1, math.min(#group.inputs, max_told_inputs))
    if #group.inputs > max_told_inputs then
        told = ("%s and %d more"):format(told, #group.inputs - max_told_inputs)
    end
    return ("\n  %d %s: %s"):format(#group.inputs, group.format, told)
end

---Raises where the inputs do not all look like the first one's format: which look like which, and what to do.
---@param first table the importer of the first input
---@param paths string[]
---@param open fun(path: string): table|nil an input; nil where it cannot be looked at twice
---@param close fun(input: table)
function Detection:check_same(first, paths, open, close)
    local groups = { { format = first.name, inputs = { paths[1] } } }
    local by_format = { [first.name] = groups[1] }
    for index = 2, #paths do
        local input = open(paths[index])
        if input then
            local candidates = self:candidates(input)
            close(input)
            local format = #candidates > 1 and "could be each of " .. words_of(candidates)
                or #candidates == 1 and candidates[1].name or "unknown"
            for _, candidate in ipairs(candidates) do
                format = candidate == first and first.name or format
            end
            if not by_format[format] then
                by_format[format] = { format = format, inputs = {} }
                groups[#groups + 1] = by_format[format]
            end
            table.insert(by_format[format].inputs, paths[index])
        end
    end
    if #groups > 1 then
        local words = {}
        for index, group in ipairs(groups) do
            words[index] = group_words(group)
        end
        failure.raise("usage", "the inputs are not all of one format:%s\nImport each format into a log of its own, or "
            .. "say with --from which one all are of.", table.concat(words))
    end
end

return detection

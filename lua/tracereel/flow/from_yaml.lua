-- A flow of the engine's, with the numbers that its nodes have in logs.
local contradiction = require "tracereel.flow.contradiction"
local evidence = require "tracereel.flow.evidence"
local failure = require "tracereel.util.failure"
local numbering = require "tracereel.flow.numbering"
local tables = require "tracereel.util.tables"
local base = require "tracereel.base"
local yaml = require "tracereel.flow.yaml"

local from_yaml = {}

-- More than that is counted, not listed.
local max_listed = 12

-- "2 or 7", "5, 6 or 9".
local function either(numbers)
    local last = #numbers
    if last > max_listed then
        return ("%d numbers from %d to %d"):format(last, numbers[1], numbers[last])
    end
    return last > 1 and table.concat(numbers, ", ", 1, last - 1) .. " or " .. numbers[last] or tostring(numbers[1])
end

---@class tracereel.flow_unclear
---@field names string[]
---@field numbers integer[] that they have between them
---@field candidates table<string, integer[]> by name
---@field is_seen boolean the log names one of the numbers
---@field are_alike boolean whichever has which number: the same nodes come before and after them
---@field text string a sentence

local function unclear_of(definition, found)
    local list = {}
    for index, group in ipairs(found.groups) do
        local names, candidates, parts = {}, {}, {}
        for place, member in ipairs(group.members) do
            names[place] = definition.members[member].name
            candidates[names[place]] = found.candidates[member]
            if place <= max_listed then
                parts[place] = ("%s (%s)"):format(names[place], either(found.candidates[member]))
            end
        end
        if #names > max_listed then
            parts[#parts + 1] = ("%d more"):format(#names - max_listed)
        end
        list[index] = { names = names, numbers = group.numbers, candidates = candidates, is_seen = group.is_seen,
            are_alike = group.are_alike,
            text = table.concat(parts, ", ") .. (group.is_seen and "" or ": none of them ever ran") }
    end
    return list
end

---The numbers that a person gives, by member. Raises what is wrong with them.
---@param definition tracereel.flow_definition
---@param given table<string, integer> by name
function from_yaml.given_numbers(definition, given)
    local by_member, owner = {}, {}
    local names = {}
    for name in pairs(given) do
        names[#names + 1] = name
    end
    table.sort(names)
    for _, name in ipairs(names) do
        local member, number = definition.index_of[name], given[name]
        if not member then
            failure.raise("usage", '--number %s=%d: flow %s has no node "%s"', name, number, definition.path, name)
        elseif number >= #definition.members then
            failure.raise("usage", "--number %s=%d: flow %s has %d nodes, numbered from 0 to %d", name, number,
                definition.path, #definition.members, #definition.members - 1)
        elseif owner[number] then
            failure.raise("usage", "--number: %s and %s cannot both be %d", owner[number], name, number)
        elseif (member <= definition.trigger_count or number < definition.trigger_count) and member - 1 ~= number then
            failure.raise("usage", "--number %s=%d: triggers come first, in the order of the file: 0 is %s", name,
                number, definition.members[1].name)
        end
        by_member[member], owner[number] = number, name
    end
    return by_member
end

---Finds the numbers of a definition's nodes from what was gathered of logs. Raises where none fit.
---@param definition tracereel.flow_definition
---@param gathered tracereel.flow_evidence
---@param paths string[] of the logs, for messages
---@param given? table<integer, integer> by member
---@return table flow to be checked
---@return tracereel.flow_unclear[] unclear the nodes that the logs do not distinguish
---@return table<integer, string> comments by node id
function from_yaml.number(definition, gathered, paths, given)
    local found, model = numbering.find(definition, gathered, given)
    if not found then
        local what, reasons = contradiction.tell(model)
        local hint = gathered.restart_count == 0 and "" or ". The engine numbers the nodes anew at each start, and the "
            .. "log shows restarts: --since-restart N reads one period alone"
        failure.raise("refused", "flow %s: no numbering of its nodes fits %s: %s%s%s", definition.path,
            table.concat(paths, ", "), what, #reasons > 0 and ": " .. table.concat(reasons, "; ") or "", hint)
    end
    local comments = {}
    for member, number in ipairs(found.number_of) do
        local notes = {}
        if #found.candidates[member] > 1 then
            notes[1] = ("not certain: %s"):format(either(found.candidates[member]))
        end
        if not gathered.first[number] then
            notes[#notes + 1] = "never ran in the log"
        end
        comments[number] = #notes > 0 and table.concat(notes, "; ") or nil
    end
    return yaml.numbered(definition, found.number_of), unclear_of(definition, found), comments, found.is_searched
end

from_yaml.gatherer = evidence.gatherer

---Gathers what logs say of the numbers 0 to `count` - 1.
---@param count integer
---@param paths string[]
---@param open_options? tracereel.open_options|fun(path: string): tracereel.open_options
---@return tracereel.flow_evidence
function from_yaml.gather(count, paths, open_options)
    local gatherer = evidence.gatherer(count)
    for _, path in ipairs(paths) do
        local opened = type(open_options) == "function" and open_options(path) or open_options or {}
        -- The gatherer leaves out what a plan wrote, and has to see it for that.
        gatherer:read(base.open(path, tables.changed(opened, { measured = false })))
    end
    return gatherer.evidence
end

return from_yaml

-- A timing report as JSON, in which there can be very many nodes and groups: they are written one by one.
local base = require "tracereel.base"
local tables = require "tracereel.util.tables"

local timing_json = {}

-- Times are unsigned, while an integer of Lua's is written with its sign. No text can look like the end of such a key:
-- a quotation mark within one is escaped.
local function json_of(value)
    return (base.json(value):gsub('(_ns":)(%-%d+)', function(key, number)
        return key .. base.unsigned(math.tointeger(number))
    end))
end

local function write_list(write, count, write_item)
    write("[")
    for index = 1, count do
        write(index > 1 and "," or "")
        write_item(index)
    end
    write("]")
end

-- Writes an object, of which some members are lists: in its text a mark stands for each of these. As in a key, no text
-- can look like it. `lists` are { name, count, write_item }, in the order of their names.
local function write_object(write, object, lists)
    local changes = {}
    for _, list in ipairs(lists) do
        changes[list.name] = "*"
    end
    local text, from = json_of(tables.changed(object, changes)), 1
    for _, list in ipairs(lists) do
        local mark = ('"%s":"*"'):format(list.name)
        local first, last = assert(text:find(mark, from, true))
        write(text:sub(from, first - 1), ('"%s":'):format(list.name))
        write_list(write, list.count, list.write_item)
        from = last + 1
    end
    write(text:sub(from))
end

local function nodes_of(write, nodes)
    return { name = "nodes", count = #nodes, write_item = function(index)
        write(json_of(nodes:whole(index)))
    end }
end

---@param report tracereel.timing_report of gather.lua
---@param write fun(...: string)
function timing_json.write(report, write)
    local groups = { name = "groups", count = #report.groups, write_item = function(index)
        local group = report.groups:whole(index)
        write_object(write, group, { nodes_of(write, group.nodes) })
    end }
    write_object(write, report, { groups, nodes_of(write, report.nodes) })
    write("\n")
end

return timing_json

-- What aggregates gather is what a handler would that looks at each record and its trace.
local core = require "tracereel.core"
local helper = require "tests.spec.helper"
local imported_log = require "tests.spec.imported_log"
local random_log = require "tests.spec.random_log"
local reel = require "tracereel"

local forms = { "count_by", "sum_by", "histogram_by", "top_by", "first_by", "last_by" }
local flow = "examples/killed/orders.flow.lua" -- so that nodes have names

-- The names of fields that have one value, and of those that are integers.
local names, integer_names = {}, {}
for _, name in ipairs(core.event_field_names()) do
    if pcall(reel.count_by, { key = name }) then
        names[#names + 1] = name
        integer_names[#integer_names + 1] = pcall(reel.sum_by, { value = name }) and name or nil
    end
end

-- A field's value, as docs/scripting.md says it.
local function field_of(name, rec, trace)
    local object, field = name:match("^(%a+)%.([%w_]+)$")
    if not object then
        return rec[name]
    elseif object == "trace" or not trace then
        return trace and trace[field]
    end
    local node = core.record_types[rec.type].node and trace:node(rec.node_id) or nil
    return node and node[field]
end

local function holds(wanted, value)
    if type(wanted) ~= "table" then
        return value == wanted
    elseif #wanted == 0 then
        return value ~= nil and value >= (wanted.min or math.mininteger) and value <= (wanted.max or math.maxinteger)
    end
    for _, one in ipairs(wanted) do
        if one == value then
            return true
        end
    end
    return false
end

local ranks = { ["nil"] = 0, boolean = 1, number = 2, string = 3 }

-- Nothing comes first, then false, true, numbers, texts.
local function is_smaller(one, other)
    if type(one) ~= type(other) then
        return ranks[type(one)] < ranks[type(other)]
    elseif type(one) == "boolean" then
        return not one and other
    end
    return one ~= nil and one < other
end

local function sort_rows(rows, fields, largest_first)
    core.sort(rows, function(one, other)
        for _, name in ipairs(fields) do
            if one[name] ~= other[name] then
                return is_smaller(one[name], other[name]) ~= largest_first
            end
        end
        return false
    end)
    return rows
end

-- What each form makes of the rows of a group: lists of the values of its fields.
local results = {
    count_by = function(rows)
        return #rows
    end,
    sum_by = function(rows, what)
        local sum = 0
        for _, row in ipairs(rows) do
            sum = sum + row[what.value]
        end
        return sum
    end,
    histogram_by = function(rows, what)
        local histogram = reel.histogram()
        for _, row in ipairs(rows) do
            histogram:add(row[what.value])
        end
        return histogram
    end,
    top_by = function(rows, what)
        return table.move(sort_rows(rows, what.value, true), 1, math.min(what.count, #rows), 1, {})
    end,
    first_by = function(rows, what)
        return sort_rows(rows, what.value, false)[1]
    end,
    last_by = function(rows, what)
        return sort_rows(rows, what.value, true)[1]
    end,
}

-- A handler's way to the same: `look` is given each record, `result` gives what was gathered.
local function by_handler(form, what)
    local gathered = {} -- under the values of the key, one in the other, at last a list of rows
    local fields = type(what.value) == "string" and { what.value } or what.value or {}

    local function look(rec, trace)
        for name, wanted in pairs(what.where) do
            if not holds(wanted, field_of(name, rec, trace)) then
                return
            end
        end
        local row, at, key = {}, gathered, "all"
        for _, name in ipairs(fields) do
            row[name] = field_of(name, rec, trace)
        end
        if fields[1] and row[fields[1]] == nil then
            return
        end
        local keys = {}
        for index, name in ipairs(what.key) do
            keys[index] = field_of(name, rec, trace)
            if keys[index] == nil then
                return
            end
        end
        for _, next_key in ipairs(keys) do
            at[key] = at[key] or {}
            at, key = at[key], next_key
        end
        at[key] = at[key] or {}
        table.insert(at[key], row)
    end

    local function made(value, levels)
        if levels == 0 then
            return results[form](value or {}, what)
        end
        local all = {}
        for key, inner in pairs(value or {}) do
            all[key] = made(inner, levels - 1)
        end
        return all
    end
    return { look = look, result = function() return made(gathered.all, #what.key) end }
end

-- With histograms as tables.
local function plain(value)
    if type(value) == "userdata" then
        return core.histogram_fields(value)
    elseif type(value) ~= "table" then
        return value
    end
    local copy = {}
    for key, inner in pairs(value) do
        copy[key] = plain(inner)
    end
    return copy
end

---- ## Random declarations

local function any_of(list)
    return list[math.random(#list)]
end

-- By name, values that the field has at some record of the log.
local function values_in(path)
    local values = {}
    reel.open(path, { flow = flow }):replay {
        record = function(rec, trace)
            for _ = 1, 12 do
                local name = any_of(names)
                local value = field_of(name, rec, trace)
                values[name] = values[name] or {}
                table.insert(values[name], value)
            end
        end,
    }
    return values
end

local function random_condition(values)
    local how = math.random(3)
    if how == 1 and math.type(values[1]) then
        local one, other = any_of(values), any_of(values)
        return { min = math.min(one, other), max = math.random(2) == 1 and math.max(one, other) or nil }
    elseif how == 2 then
        return { any_of(values), any_of(values) }
    end
    return any_of(values)
end

local function several(list, min_count, max_count)
    local chosen = {}
    for index = 1, math.random(min_count, max_count) do
        chosen[index] = any_of(list)
    end
    return chosen
end

local function random_declaration(values)
    local form, what = any_of(forms), { key = several(names, 0, 3), where = {} }
    for _ = 1, math.random(0, 2) do
        local name = any_of { "type", "trace.open", any_of(names) }
        if values[name] and #values[name] > 0 then
            what.where[name] = random_condition(values[name])
        end
    end
    if form == "sum_by" or form == "histogram_by" then
        what.value = any_of(integer_names)
    elseif form ~= "count_by" then
        what.value = several(names, 1, 3)
        what.count = form == "top_by" and math.random(5) or nil
    end
    return form, what
end

-- So many random declarations on a log, in one pass. Returns how many gathered anything.
local function check_declarations(path, count)
    local values = values_in(path)
    local aggregates, others, texts = {}, {}, {}
    for index = 1, count do
        local form, what = random_declaration(values)
        aggregates[index], others[index] = reel[form](what), by_handler(form, what)
        texts[index] = form .. " " .. reel.json(what)
    end
    reel.open(path, { flow = flow }):replay({ aggregates = aggregates }, {
        record = function(rec, trace)
            for _, other in ipairs(others) do
                other.look(rec, trace)
            end
        end,
    })
    local gathered = 0
    for index, aggregate in ipairs(aggregates) do
        local found = plain(aggregate:result())
        assert.are.same(plain(others[index].result()), found, path .. ": " .. texts[index])
        gathered = gathered + ((type(found) == "table" and next(found) or found ~= 0) and 1 or 0)
    end
    return gathered
end

describe("aggregates", function()
    teardown(helper.clean)

    it("gather what a handler gathers from each record and its trace, whatever they are told to", function()
        local gathered = 0
        for seed = 1, 25 do
            gathered = gathered + check_declarations(random_log.write(seed), 12)
        end
        for _, path in ipairs { imported_log.write(), helper.log("orders"), helper.log("archived"), helper.log("edge"),
            "tests/fixtures/logs-engine/orders-killed-twice/wal", "tests/fixtures/logs-engine/orders-killed/wal" } do
            gathered = gathered + check_declarations(path, 12)
        end
        assert.is_true(gathered > 120, gathered .. " of 372 gathered anything")
    end)
end)

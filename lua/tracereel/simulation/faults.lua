-- What goes wrong at certain records of certain traces: a scenario's `faults`.
local failure = require "tracereel.util.failure"
local tables = require "tracereel.util.tables"
local units = require "tracereel.util.units"
local values = require "tracereel.simulation.values"

local faults = {}

---In the order in which they are tried.
faults.kinds = { "error", "lost", "delay", "crash" }

-- Each kind of fault: what its value is checked by, as a field of the compiled fault.
local kinds = {
    error = function(fault, value, where)
        fault.error = values.text(value, where)
    end,
    lost = function(_, value, where)
        if value ~= true then
            values.refuse("%s: true expected, got %s", where, failure.got(value))
        end
    end,
    delay = function(fault, value, where)
        fault.ns = values.duration(value, where)
    end,
    crash = function(fault, value, where)
        fault.ns = values.duration(value, where)
    end,
}

-- How they are called.
local names = {
    error = function(fault)
        return ('an error "%s"'):format(fault.error)
    end,
    lost = function()
        return "a lost record"
    end,
    delay = function(fault)
        return "a delay of " .. fault.words or units.duration(fault.ns)
    end,
    crash = function(fault)
        return ("a crash, %s down"):format(fault.words or units.duration(fault.ns))
    end,
}

local known_keys = { trace = true, record = true }
for kind in pairs(kinds) do
    known_keys[kind] = true
end

-- A trace is named by its number or by its id.
local function check_trace(trace, fault, where)
    if math.type(trace) == "integer" then
        fault.number = values.whole(trace, 1, math.maxinteger, where)
        return
    end
    local digits = type(trace) == "string" and trace:gsub("-", ""):lower() or ""
    if not (#digits == 32 and digits:match("^%x+$")) then
        values.refuse("%s: a trace's id, or its number by arrival from 1, expected, got %s", where, failure.got(trace))
    end
    fault.number, fault.id = 0, digits
end

local function check_fault(given, where)
    values.known_keys(given, known_keys, where)
    local fault = { record = values.whole(given.record, 1, math.maxinteger, where .. ".record") }
    check_trace(given.trace, fault, where .. ".trace")
    for kind, check in pairs(kinds) do
        if given[kind] ~= nil then
            if fault.kind then
                values.refuse("%s: one of error, lost, delay and crash expected, got two", where)
            end
            fault.kind = kind
            check(fault, given[kind], ("%s.%s"):format(where, kind))
        end
    end
    if not fault.kind then
        values.refuse("%s: one of error, lost, delay and crash expected", where)
    end
    return fault
end

-- The order in which the engine looks for them. Those of one record stay in the scenario's order.
local function comes_before(a, b)
    if a.number ~= b.number then
        return a.number < b.number
    elseif a.id ~= b.id then -- only those with the number 0 have one
        return a.id < b.id
    elseif a.record ~= b.record then
        return a.record < b.record
    end
    return a.place < b.place
end

---Checks a scenario's faults; what the engine takes goes into `into.compiled`.
function faults.check(value, into)
    if type(value) ~= "table" then
        values.refuse('faults: a list like { { trace = 1, record = 5, crash = "10s" } } expected, got a %s',
            type(value))
    end
    local compiled, count = {}, tables.count(value)
    if count ~= #value then
        values.refuse("faults: a list expected: its keys are 1 to %d", count)
    end
    for place, given in ipairs(value) do
        compiled[place] = check_fault(given, ("faults[%d]"):format(place))
        compiled[place].place = place
    end
    table.sort(compiled, comes_before)
    into.compiled.faults = compiled
end

---A scenario's compiled faults and others, in the engine's order.
---@param own table[]
---@param others table[]
---@return table[]
function faults.joined(own, others)
    local all = table.move(own, 1, #own, 1, {})
    for index, fault in ipairs(others) do
        all[#all + 1] = tables.joined({ place = #own + index }, fault)
    end
    table.sort(all, comes_before)
    return all
end

---How a fault is called in a sentence.
---@param fault table compiled
---@return string
function faults.describe(fault)
    return names[fault.kind](fault)
end

---A fault as a scenario says it, in Lua.
---@param fault table compiled
---@param id string of its trace
---@return string
function faults.source(fault, id)
    local value = fault.kind == "error" and ("%q"):format(fault.error):gsub("\\\n", "\\n")
        or fault.kind == "lost" and "true" or ("%q"):format(fault.words or ("%dns"):format(fault.ns))
    return ("{ trace = %q, record = %d, %s = %s }"):format(id, fault.record, fault.kind, value)
end

return faults

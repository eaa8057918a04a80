-- The search for the smallest set of faults that makes a trace miss its goal: breadth first, so that no set is
-- smaller than the first one found.
local fault_sets = {}

-- Which records a kind of fault is tried at.
local applies = {
    error = function(record)
        return record.type == "node_done"
    end,
    lost = function(record)
        return record.type ~= "trace_start" -- without it there is no trace to be judged
    end,
    delay = function(record)
        return record.type == "trace_resumed"
    end,
    crash = function()
        return true
    end,
}

-- Calls visit(number, record, kind) for each further fault, at a record from `from` on, until it answers with false.
local function each_further(records, from, kinds, visit)
    for number = from, #records do
        local record = records[number]
        for _, kind in ipairs(kinds) do
            if applies[kind](record) and not visit(number, record, kind) then
                return false
            end
        end
    end
    return true
end

local function count_further(records, from, kinds)
    local count = 0
    each_further(records, from, kinds, function()
        count = count + 1
        return true
    end)
    return count
end

-- Where a further fault may be: a record that was delayed leaves its number to another.
local function next_from(fault)
    return fault.kind == "delay" and fault.record or fault.record + 1
end

local function with_fault(history, fault)
    local faults = table.move(history.faults, 1, #history.faults, 1, {})
    faults[#faults + 1] = fault
    return faults
end

-- A point of the curve for each record; an existing point is kept.
local function add_points(points, records)
    for number = #points + 1, #records do
        local record = records[number]
        points[number] = { record = number, type = record.type, node_id = record.node_id, time_ns = record.time_ns,
            tried = 0, failing = 0, kinds = {} }
    end
end

local function note_in_curve(point, kind, fails)
    local of_kind = point.kinds[kind] or { tried = 0, failing = 0 }
    point.kinds[kind] = of_kind
    for _, counted in ipairs { point, of_kind } do
        counted.tried = counted.tried + 1
        counted.failing = counted.failing + (fails and 1 or 0)
    end
end

-- A history that further faults are put into. Its records are not kept, because there may be very many of both: it is
-- simulated again when its turn comes.
local function new_history(faults, seed, records, kinds)
    local from = #faults > 0 and next_from(faults[#faults]) or 1
    return { faults = faults, seed = seed, from = from, possible = count_further(records, from, kinds) }
end

-- Tries one set; false where the search ends with it. With one fault all are tried, for the curve; with more the first
-- that fails is enough.
local function try(search, level, history, number, record, kind)
    if search.tried == search.budget then
        search.ended_by = "budget"
        return false
    end
    local faults = with_fault(history, search.fault(kind, number, record))
    local future = search.run(faults, history.seed)
    search.tried = search.tried + 1
    level.tried = level.tried + 1
    level.failing = level.failing + (future.holds and 0 or 1)
    if level.faults == 1 then
        note_in_curve(search.points[number], kind, not future.holds)
    end
    if not future.holds then
        search.found = search.found or { faults = faults, seed = history.seed }
        return level.faults == 1
    end
    local key = ("%d %s"):format(history.seed, future.key)
    if level.faults < search.max_faults and not search.seen[key] then
        search.seen[key] = true
        level.next[#level.next + 1] = new_history(faults, history.seed, future.records, search.kinds)
    end
    return true
end

local function try_level(search, level, histories)
    for _, history in ipairs(histories) do
        local records = search.run(history.faults, history.seed).records
        local went_on = each_further(records, history.from, search.kinds, function(number, record, kind)
            return try(search, level, history, number, record, kind)
        end)
        if not went_on then
            return
        end
    end
end

local function new_level(faults, histories)
    local level = { faults = faults, possible = 0, tried = 0, failing = 0, next = {} }
    for _, history in ipairs(histories) do
        level.possible = level.possible + history.possible
    end
    return level
end

---@class tracereel.fault_search
---@field levels { faults: integer, possible: integer, tried: integer, failing: integer }[]
---@field points table[] of the curve, one for each record without a fault
---@field found { faults: table[], seed: integer }|nil
---@field ended_by "found"|"budget"|"space"
---@field tried integer futures

---@class tracereel.fault_search_settings
---@field seeds integer[]
---@field futures table<integer, table> without a fault, by seed
---@field run fun(faults: table[], seed: integer): table a future
---@field fault fun(kind: string, number: integer, record: table): table
---@field kinds string[]
---@field budget integer
---@field max_faults integer

---@param settings tracereel.fault_search_settings
---@return tracereel.fault_search
function fault_sets.search(settings)
    local search = setmetatable({ levels = {}, points = {}, seen = {}, tried = 0 }, { __index = settings })
    local histories = {}
    for index, seed in ipairs(settings.seeds) do
        local future = settings.futures[seed]
        histories[index] = new_history({}, seed, future.records, settings.kinds)
        search.seen[("%d %s"):format(seed, future.key)] = true
        add_points(search.points, future.records)
    end
    for faults = 1, settings.max_faults do
        local level = new_level(faults, histories)
        if level.possible == 0 then
            break
        end
        search.levels[faults] = level
        try_level(search, level, histories)
        if search.found or search.ended_by then
            break
        end
        histories = level.next
    end
    search.ended_by = search.ended_by or (search.found and "found") or "space"
    return search
end

return fault_sets

-- The search for the smallest plan of faults that makes a trace miss its goal: breadth first, so that no plan is
-- smaller than the first one found.
local fault_plans = {}

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

-- All plans that have one fault more than the history's, at a later record.
local function each_longer(history, kinds, visit)
    for number = history.from, #history.records do
        local record = history.records[number]
        for _, kind in ipairs(kinds) do
            if applies[kind](record) and not visit(number, record, kind) then
                return false
            end
        end
    end
    return true
end

local function count_longer(histories, kinds)
    local count = 0
    for _, history in ipairs(histories) do
        each_longer(history, kinds, function()
            count = count + 1
            return true
        end)
    end
    return count
end

-- Where a further fault may be: a record that was delayed leaves its number to another.
local function next_from(fault)
    return fault.kind == "delay" and fault.record or fault.record + 1
end

local function longer_plan(history, fault)
    local plan = table.move(history.plan, 1, #history.plan, 1, {})
    plan[#plan + 1] = fault
    return plan
end

-- The curve before anything was tried: a point for each record of the longest history.
local function new_points(histories)
    local points = {}
    for _, history in ipairs(histories) do
        for number = #points + 1, #history.records do
            local record = history.records[number]
            points[number] = { record = number, type = record.type, node_id = record.node_id,
                time_ns = record.time_ns, tried = 0, failing = 0, kinds = {} }
        end
    end
    return points
end

local function note_in_curve(point, kind, fails)
    local of_kind = point.kinds[kind] or { tried = 0, failing = 0 }
    point.kinds[kind] = of_kind
    for _, counted in ipairs { point, of_kind } do
        counted.tried = counted.tried + 1
        counted.failing = counted.failing + (fails and 1 or 0)
    end
end

-- Tries all plans of one more fault than those of the histories. With one fault all are tried, for the curve; with
-- more the first that fails is enough.
local function try_level(search, histories, level)
    local longer = {}
    for _, history in ipairs(histories) do
        local went_on = each_longer(history, search.kinds, function(number, record, kind)
            if search.tried == search.budget then
                search.ended_by = "budget"
                return false
            end
            local plan = longer_plan(history, search.fault(kind, number, record))
            local future = search.run(plan, history.seed)
            search.tried = search.tried + 1
            level.tried = level.tried + 1
            level.failing = level.failing + (future.holds and 0 or 1)
            if level.faults == 1 then
                note_in_curve(search.points[number], kind, not future.holds)
            end
            if not future.holds then
                search.found = search.found or { plan = plan, seed = history.seed, history = history }
                return level.faults == 1
            end
            local key = ("%d %s"):format(history.seed, future.key)
            if not search.seen[key] then
                search.seen[key] = true
                longer[#longer + 1] = { plan = plan, seed = history.seed, records = future.records,
                    from = next_from(plan[#plan]) }
            end
            return true
        end)
        if not went_on then
            break
        end
    end
    return longer
end

---@class tracereel.fault_search
---@field levels { faults: integer, possible: integer, tried: integer, failing: integer }[]
---@field points table[] of the curve, one for each record without a fault
---@field found { plan: table[], seed: integer, history: table }|nil
---@field ended_by "found"|"budget"|"space"
---@field tried integer futures

---@class tracereel.fault_search_settings
---@field seeds integer[]
---@field futures table<integer, table> without a fault, by seed
---@field run fun(plan: table[], seed: integer): table a future
---@field fault fun(kind: string, number: integer, record: table): table
---@field kinds string[]
---@field budget integer
---@field most_faults integer

---@param settings tracereel.fault_search_settings
---@return tracereel.fault_search
function fault_plans.search(settings)
    local search = setmetatable({ levels = {}, seen = {}, tried = 0 }, { __index = settings })
    local histories = {}
    for index, seed in ipairs(settings.seeds) do
        local future = settings.futures[seed]
        histories[index] = { plan = {}, seed = seed, records = future.records, from = 1 }
        search.seen[("%d %s"):format(seed, future.key)] = true
    end
    search.points = new_points(histories)
    for faults = 1, settings.most_faults do
        local level = { faults = faults, possible = count_longer(histories, settings.kinds), tried = 0, failing = 0 }
        if level.possible == 0 then
            break
        end
        search.levels[faults] = level
        histories = try_level(search, histories, level)
        if search.found or search.ended_by then
            break
        end
    end
    search.ended_by = search.ended_by or (search.found and "found") or "space"
    return search
end

return fault_plans

-- Where nodes wait for a place to run in: how many run at once at most, in all traces or in each, and since when every
-- place had been taken when a node began.
local places = {}

-- Where fewer of the starts than this found every place taken until then, there was no queue: the peak of a log in
-- which nobody waits is reached for a moment only.
local min_taken_share = 0.1

-- A place is given on within a moment; a pause that is short beside what runs is no free place.
local max_pause_share = 0.05

local function median(list)
    table.sort(list)
    return list[(#list + 1) // 2] or 0
end

-- The starts and ends of the runs in order of time. At one time ends come first, but that of a run which begins and
-- ends at once: another can take its place at the same time.
local function events_of(runs)
    local events = {}
    for place, run in ipairs(runs) do
        events[#events + 1] = { at = run.began_ns, change = 1, run = run, place = place }
        events[#events + 1] = { at = run.ended_ns, change = run.ended_ns == run.began_ns and 0 or -1, place = place }
    end
    table.sort(events, function(a, b)
        if a.at ~= b.at then
            return a.at < b.at
        elseif a.change ~= b.change then
            return a.change < b.change
        end
        return a.place < b.place
    end)
    for index = #events, 1, -1 do
        local event = events[index]
        if event.change == 1 and event.run.ended_ns == event.at then
            event.change = 0 -- it takes no time, so that it takes no place from anyone
        end
    end
    return events
end

local function peak_of(events)
    local running, peak = 0, 0
    for _, event in ipairs(events) do
        running = running + event.change
        peak = math.max(peak, running)
    end
    return peak
end

-- By how much a start follows the latest end, of those starts that bring the number that runs back to its peak.
local function pauses_of(events, peak)
    local running, freed_ns, pauses = 0, nil, {}
    for _, event in ipairs(events) do
        if event.change < 0 and running == peak then
            freed_ns = event.at
        end
        running = running + event.change
        if event.change > 0 and running == peak and freed_ns then
            pauses[#pauses + 1] = event.at - freed_ns
        end
    end
    return pauses
end

-- Adds to `idle`, by run, when a place was last free before it began. Returns for how many that is before the start.
local function note_idle(events, peak, pause_ns, idle)
    local running, free_since, idle_ns, taken = 0, math.mininteger, math.mininteger, 0
    for _, event in ipairs(events) do
        if running < peak and (free_since == math.mininteger or event.at - free_since > pause_ns) then
            idle_ns = event.at
        end
        if event.run then
            idle[event.run] = math.max(idle[event.run] or math.mininteger, idle_ns)
            taken = taken + (idle_ns < event.at and 1 or 0)
        end
        if running == peak and event.change < 0 then
            free_since = event.at
        end
        running = running + event.change
    end
    return taken
end

-- What is known of one kind of place: those that all traces share, or those that each has for itself.
local function scope_of(groups, name)
    local scope = { name = name, capacity = 0, taken = 0, starts = 0, idle = {} }
    local all_events, pauses, durations = {}, {}, {}
    for index, runs in ipairs(groups) do
        all_events[index] = events_of(runs)
        scope.capacity = math.max(scope.capacity, peak_of(all_events[index]))
        for _, run in ipairs(runs) do
            durations[#durations + 1] = run.ended_ns - run.began_ns
        end
    end
    for _, events in ipairs(all_events) do
        table.move(pauses_of(events, scope.capacity), 1, #events, #pauses + 1, pauses)
    end
    local pause_ns = 4 * median(pauses)
    if pause_ns > max_pause_share * median(durations) then
        pause_ns = 0
    end
    for index, events in ipairs(scope.capacity > 0 and all_events or {}) do
        scope.taken = scope.taken + note_idle(events, scope.capacity, pause_ns, scope.idle)
        scope.starts = scope.starts + #groups[index]
    end
    return scope
end

---@class tracereel.flow_places
---@field is_told boolean whether the log says when nodes were ready; where it does, the rest can be missing
---@field name string|nil "nodes": shared by all traces; "nodes_per_trace": each trace has as many for itself
---@field capacity integer|nil how many there are
---@field taken integer|nil how many of the runs began when no place had been free until then
---@field starts integer|nil
---@field idle table<table, integer>|nil by run: the latest time, not after its start, until which a place was free

---Finds the places that nodes waited for.
---@param traces table[][] by trace: its runs, each with began_ns and ended_ns
---@return tracereel.flow_places|nil nil where nobody seems to have waited
function places.find(traces)
    local together = {}
    for _, runs in ipairs(traces) do
        table.move(runs, 1, #runs, #together + 1, together)
    end
    local shared, own = scope_of({ together }, "nodes"), scope_of(traces, "nodes_per_trace")
    local found = own.taken > shared.taken and own or shared
    if found.taken < min_taken_share * found.starts or found.taken == 0 then
        return nil
    end
    return found
end

return places

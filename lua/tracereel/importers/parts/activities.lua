-- What event logs say of activities, as attempts of nodes. Where an activity of a case begins while an earlier one of
-- the same name still runs, it is another instance of the node; where it begins later, it is another attempt.
local Activities = {}
Activities.__index = Activities

local activities = {}

---@param out tracereel.import.out
---@param place_of fun(event: table): string where an event stands in its input
---@return table keeps what is open from one input to the next
function activities.new(out, place_of)
    return setmetatable({
        out = out,
        place_of = place_of,
        traces = {},       -- those that may be closed, each once, in the order in which they came
        is_noted = {},
        is_closed = {},
        open = {},         -- of each trace: by activity, what has begun and not ended
        open_counts = {},
        has_start = {},    -- activities of which a start was seen
        has_only_ends = {},
        held = {},         -- by activity: ends without a start, while it is not known what they are
    }, Activities)
end

---Puts events into the order of their times; those of one time stay as they are.
---@param events { at: integer }[]
function activities.sort(events)
    for number, event in ipairs(events) do
        event.number = number
    end
    table.sort(events, function(a, b)
        if a.at ~= b.at then
            return a.at < b.at
        end
        return a.number < b.number
    end)
end

---To be called for each trace that has events, before them.
function Activities:note(trace)
    if not self.is_noted[trace] then
        self.is_noted[trace] = true
        self.traces[#self.traces + 1] = trace
    end
end

local lane_names = setmetatable({}, {
    __index = function(names, lane)
        names[lane] = ("%d"):format(lane)
        return names[lane]
    end,
})

-- "2" for the second of several at one time; the first has the source's own name, or none.
local function instance_of_lane(instance, lane)
    if lane == 1 then
        return instance
    end
    return instance and instance .. " " .. lane_names[lane] or lane_names[lane]
end

---An activity that has begun, and of which no end will come.
function Activities:stays_open(trace)
    self.open_counts[trace] = (self.open_counts[trace] or 0) + 1
end

local function state_of(self, trace, activity, instance)
    local of_trace = self.open[trace]
    if not of_trace then
        of_trace = {}
        self.open[trace] = of_trace
    end
    local key = instance and activity .. "\0" .. instance or activity
    local state = of_trace[key]
    if not state then
        -- `running` in the order of the starts; `scheduled` times that no start has taken.
        state = { running = {}, scheduled = {}, is_taken = {} }
        of_trace[key] = state
    end
    return state
end

local function begin(trace, state, event)
    local lane = 1
    while state.is_taken[lane] do
        lane = lane + 1
    end
    local instance = instance_of_lane(event.instance, lane)
    trace:start(event.activity, {
        at = event.at,
        instance = instance,
        scheduled = table.remove(state.scheduled, 1) or event.scheduled,
        attempt = event.attempt,
        resource = event.resource or state.assigned,
        metadata = event.metadata,
    })
    state.assigned = nil
    return lane, instance
end

local function take_oldest(self, trace, state)
    local oldest = table.remove(state.running, 1)
    if oldest then
        state.is_taken[oldest.lane] = nil
        self.open_counts[trace] = self.open_counts[trace] - 1
    end
    return oldest
end

-- An activity of which the log has no starts at all takes no time; where it has starts, one end without a start says
-- nothing of how long it took. Which it is may only be known later: that many ends of one activity wait for it.
local max_held_ends = 10000

local function write_instant(trace, state, event, kind)
    local _, instance = begin(trace, state, event)
    if kind then
        trace:error(event.activity, { at = event.at, instance = instance, kind = kind, message = event.message })
    else
        trace:done(event.activity, { at = event.at, instance = instance })
    end
end

local function write_held(self, activity)
    for _, held in ipairs(self.held[activity]) do
        write_instant(held.trace, held.state, held.event, held.kind)
    end
    self.held[activity] = {}
end

local function drop_end(self, event)
    self.out:dropped("ends without a start, of activities that have starts", self.place_of(event))
end

local function end_alone(self, trace, state, event, kind)
    local activity = event.activity
    event.scheduled = table.remove(state.scheduled, 1)
    if self.has_start[activity] then
        return drop_end(self, event)
    elseif self.has_only_ends[activity] then
        return write_instant(trace, state, event, kind)
    end
    local held = self.held[activity] or {}
    self.held[activity] = held
    held[#held + 1] = { trace = trace, state = state, event = event, kind = kind }
    if #held > max_held_ends then
        self.has_only_ends[activity] = true
        write_held(self, activity)
    end
end

local steps = {}

function steps.start(self, trace, state, event)
    local lane, instance = begin(trace, state, event)
    self.has_start[event.activity] = true
    state.is_taken[lane] = true
    state.running[#state.running + 1] = { lane = lane, instance = instance }
    self.open_counts[trace] = (self.open_counts[trace] or 0) + 1
end

function steps.complete(self, trace, state, event)
    local begun = take_oldest(self, trace, state)
    if not begun then
        return end_alone(self, trace, state, event)
    end
    trace:done(event.activity, { at = event.at, instance = begun.instance, metadata = event.metadata })
end

function steps.error(self, trace, state, event)
    local begun = take_oldest(self, trace, state)
    if not begun then
        return end_alone(self, trace, state, event, event.transition)
    end
    trace:error(event.activity, { at = event.at, instance = begun.instance, kind = event.transition,
        metadata = event.metadata })
end

function steps.schedule(_, _, state, event)
    table.insert(state.scheduled, event.at)
end

function steps.assign(_, _, state, event)
    state.assigned = event.resource
end

-- It has not run, or what happened has no other word: it takes no time.
function steps.instant(_, trace, state, event)
    event.metadata = event.metadata or {}
    event.metadata["lifecycle:transition"] = event.transition
    write_instant(trace, state, event)
end

function steps.withdraw(_, trace, state, event)
    write_instant(trace, state, event, "withdraw")
end

function steps.suspend(self, trace, state, event)
    for _, running in ipairs(state.running) do
        if not running.is_suspended then
            running.is_suspended = true
            trace:wait(event.activity, { at = event.at, instance = running.instance, kind = "suspended" })
            return
        end
    end
    self.out:dropped("suspensions of activities that do not run", self.place_of(event))
end

function steps.resume(self, trace, state, event)
    for _, running in ipairs(state.running) do
        if running.is_suspended then
            running.is_suspended = nil
            trace:resume(event.activity, { at = event.at, instance = running.instance })
            return
        end
    end
    self.out:dropped("resumptions of activities that are not suspended", self.place_of(event))
end

-- The standard lifecycle of XES, and what others call its transitions.
local step_of = {
    start = steps.start, begin = steps.start, started = steps.start,
    complete = steps.complete, completed = steps.complete, ["end"] = steps.complete, finish = steps.complete,
    ate_abort = steps.error, pi_abort = steps.error, abort = steps.error,
    schedule = steps.schedule, enable = steps.schedule, scheduled = steps.schedule,
    assign = steps.assign, reassign = steps.assign,
    suspend = steps.suspend, resume = steps.resume, withdraw = steps.withdraw,
}

---An event of an activity. The events of a trace come in the order of their times.
---@param event { activity: string, transition: string|nil, at: integer, instance: string|nil, resource: string|nil,
---  scheduled: integer|nil, metadata: table|nil }
function Activities:event(trace, event)
    local transition = event.transition and event.transition:lower() or "complete"
    local step = step_of[transition] or steps.instant
    step(self, trace, state_of(self, trace, event.activity, event.instance), event)
    if transition == "pi_abort" and not self.is_closed[trace] then
        self.is_closed[trace] = true
        trace:close("cancelled", { at = event.at })
    end
end

local function report_schedules(self, trace)
    local of_trace = self.open[trace]
    if not of_trace then
        return
    end
    for key, state in tracereel.sorted(of_trace) do
        for _ = 1, #state.scheduled do
            self.out:dropped("schedules of activities that never start", ("%s in trace %s"):format(
                key:gsub("\0.*", ""), trace.id))
        end
        state.scheduled = {}
    end
end

---No more events come of the traces noted so far: those in which nothing is open are closed.
function Activities:close_traces()
    for _, trace in ipairs(self.traces) do
        report_schedules(self, trace)
        if (self.open_counts[trace] or 0) == 0 and not self.is_closed[trace] then
            trace:close("complete")
        end
    end
    self.traces = {}
end

---Forgets what it knows of the traces noted so far, after closing them.
function Activities:forget_traces()
    self:close_traces()
    self.open, self.open_counts, self.is_noted, self.is_closed = {}, {}, {}, {}
end

---At the end of all inputs: what did not fit is reported.
function Activities:finish()
    for activity, held in tracereel.sorted(self.held) do
        if self.has_start[activity] then
            for _, one in ipairs(held) do
                drop_end(self, one.event)
            end
            self.held[activity] = {}
        else
            write_held(self, activity)
        end
    end
    self:close_traces()
end

return activities

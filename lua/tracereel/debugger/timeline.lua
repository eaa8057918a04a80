-- The state of the traces at any record of a tape. Going forward applies records; going back starts from a kept state.
--
-- States are kept at records whose number is a multiple of 16 (of more where more traces are open, or where they are
-- long, so that copying costs no more than applying). One whose number is an odd multiple of L stays while fewer than
-- 4 L records follow it. So at a distance d there is one within 2/3 d, their count grows with the logarithm of the
-- tape's length, and walking back through n records one by one applies O(n log n) records in all, not n * n / 2.
local failure = require "tracereel.util.failure"
local tracereel = require "tracereel"

local Timeline = {}
Timeline.__index = Timeline

local timeline = {}

local min_spacing = 16
local stays_for = 4
-- So many records of a trace take as long to copy as one takes to apply.
local records_copied = 16

local function copy(traces)
    local state = tracereel.state()
    for _, trace in ipairs(traces) do
        state:put(trace)
    end
    return state
end

function timeline.new(tape)
    local self = setmetatable({ tape = tape, number = 0, now_ns = 0, applied = 0, kept = {} }, Timeline)
    self.spacing = min_spacing
    self.state = copy(tape:initial_traces())
    self:keep()
    return self
end

-- Is a state of record `number` worth its memory when the timeline is at record `now`?
local function is_worth_keeping(number, now)
    return number == 0 or now - number < stays_for * (number & -number)
end

-- Keeps the state as it is now, and drops what is no longer worth its memory.
function Timeline:keep()
    local traces = self.state:traces()
    local stays = {}
    for _, moment in ipairs(self.kept) do
        if is_worth_keeping(moment.number, self.number) then
            stays[#stays + 1] = moment
        end
    end
    stays[#stays + 1] = { number = self.number, now_ns = self.now_ns, state = copy(traces) }
    self.kept = stays
    local cost = 0
    for _, trace in ipairs(traces) do
        cost = cost + 1 + trace.record_count // records_copied
    end
    self.spacing = min_spacing
    while self.spacing < cost do
        self.spacing = self.spacing * 2
    end
end

---Applies the next record: then `rec`, `trace` and `violations` are about it. False at the end.
function Timeline:step()
    if self.number == self.tape.count then
        return false
    end
    self.reader = self.reader or self.tape:reader(self.number + 1)
    local rec = self.reader()
    if not rec then
        failure.raise("interrupted", "the log could not be read on: interrupted, or changed meanwhile")
    end
    if self.tape:is_damaged_after(self.number) then
        self.state:note_damage()
    end
    self.rec = rec
    self.trace, self.violations = self.state:apply(rec)
    self.number = self.number + 1
    self.applied = self.applied + 1
    self.now_ns = math.ult(self.now_ns, rec.timestamp_ns) and rec.timestamp_ns or self.now_ns
    if self.number % self.spacing == 0 and is_worth_keeping(self.number, self.target or self.number) then
        self:keep()
    end
    return true
end

-- Back to the last kept state before the record of that number.
local function restore(self, number)
    while #self.kept > 1 and self.kept[#self.kept].number >= number do
        self.kept[#self.kept] = nil
    end
    local moment = self.kept[#self.kept]
    self.number, self.now_ns = moment.number, moment.now_ns
    self.state = copy(moment.state:traces())
    self.rec, self.trace, self.violations, self.reader = nil, nil, nil, nil
end

---Goes to where that many records are applied.
---@param number integer from 0 to the tape's count
function Timeline:go(number)
    if number < self.number then
        restore(self, number)
    end
    self.target = number -- states that would be dropped before it is reached are not kept
    while self.number < number do
        self:step()
    end
    self.target = nil
end

return timeline

-- The records that a debugger steps through, by number: those of a whole log, or of one trace. One pass over the log
-- notes where they are, and where errors, violations and gaps are; after that any stretch is read by itself.
local failure = require "tracereel.util.failure"
local gaps = require "tracereel.log.gaps"
local base = require "tracereel.base"

local Tape = {}
Tape.__index = Tape

local tape = {}

-- So many records are read, at most, to find one in the middle of a log.
local block_records = 1024

local function new(path, open_options)
    return setmetatable({
        path = path,
        open_options = open_options,
        count = 0,
        -- Numbers of records, ascending. A gap's is that of the record after it, or of the last.
        marks = { error = {}, violation = {}, gap = {} },
        -- What was met between record N and the next, by N.
        gaps_after = {},
        blocks = {},
    }, Tape)
end

local function add_mark(marks, number)
    if marks[#marks] ~= number then
        marks[#marks + 1] = number
    end
end

local function note_gap(self, gap)
    self.gaps_after[self.count] = self.gaps_after[self.count] or {}
    table.insert(self.gaps_after[self.count], gap)
    add_mark(self.marks.gap, self.count + 1)
end

-- A block begins where reading can begin: not inside the span of a broken record, which only who read its beginning
-- knows of.
local function note_block(self, rec, now_ns)
    local last = self.blocks[#self.blocks]
    if not last or self.count - last.number >= block_records and not rec.suspect then
        self.blocks[#self.blocks + 1] = {
            number = self.count, sequence = rec.sequence, offset = rec.offset, now_ns = now_ns,
        }
    end
end

local function note_error(self)
    return function(rec)
        if not self.is_meant or self.is_meant(rec.trace_id) then
            add_mark(self.marks.error, self.count + 1)
        end
    end
end

-- All records of one trace are kept; of a second one only the id.
local function keep(self, rec)
    self.trace_id = self.trace_id or rec.trace_id
    if self.trace_id == rec.trace_id then
        self.records[#self.records + 1] = rec
    else
        self.other_id = rec.trace_id
    end
end

local function scan(self, log)
    local now_ns = 0
    log:replay {
        node_error = note_error(self),
        trace_failed = note_error(self),
        record = function(rec)
            if self.is_meant and not self.is_meant(rec.trace_id) then
                return
            end
            self.count = self.count + 1
            if self.records then
                keep(self, rec)
            else
                note_block(self, rec, now_ns)
            end
            now_ns = math.ult(now_ns, rec.timestamp_ns) and rec.timestamp_ns or now_ns
        end,
        violation = function(rec)
            if not self.is_meant or self.is_meant(rec.trace_id) then
                add_mark(self.marks.violation, self.count)
            end
        end,
        gap = function(gap)
            note_gap(self, gap)
        end,
    }
    if self.other_id then
        failure.raise("usage", "several traces begin like that (%s, %s); give more of the id", self.trace_id,
            self.other_id)
    end
    local gap_marks = self.marks.gap
    if gap_marks[#gap_marks] == self.count + 1 then
        gap_marks[#gap_marks] = nil
        add_mark(gap_marks, self.count)
    end
end

-- A test by id is asked once for each trace.
local function remembered(test)
    local answers = {}
    return function(id)
        if answers[id] == nil then
            answers[id] = test(id)
        end
        return answers[id]
    end
end

---@param log tracereel.log
---@param open_options tracereel.open_options those that it was opened with
---@param is_meant? fun(id: string): boolean where only one trace is stepped through
function tape.of(log, open_options, is_meant)
    local self = new(log.path, open_options)
    if is_meant then
        self.is_meant, self.records = remembered(is_meant), {}
    end
    scan(self, log)
    return self
end

---The traces that are open before the first record: those of a snapshot.
---@return tracereel.trace[]
function Tape:initial_traces()
    local log = base.open(self.path, self.open_options)
    log:replay({}, { to_ns = 0 })
    local traces = {}
    for _, trace in ipairs(log:traces()) do
        if not self.is_meant or self.is_meant(trace.id) then
            traces[#traces + 1] = trace
        end
    end
    return traces
end

-- The last block for which is_before holds; blocks are in order of all their members.
local function find_block(self, is_before)
    local low, high = 1, #self.blocks
    while low < high do
        local middle = (low + high + 1) // 2
        if is_before(self.blocks[middle]) then
            low = middle
        else
            high = middle - 1
        end
    end
    return self.blocks[low]
end

local function open_block(self, block)
    if block == self.blocks[1] then
        return base.open(self.path, self.open_options):records()
    end
    return base.open(self.path, { from = { sequence = block.sequence, offset = block.offset } }):records()
end

---An iterator of the records from that number on.
---@param number integer from 1 to the tape's count
---@return fun(): tracereel.rec|nil
function Tape:reader(number)
    if self.records then
        return function()
            number = number + 1
            return self.records[number - 1]
        end
    end
    local block = find_block(self, function(candidate)
        return candidate.number <= number
    end)
    local pull = open_block(self, block)
    for _ = block.number, number - 1 do
        pull()
    end
    return pull
end

local function find(self, block, test)
    local number = block and block.number or 1
    for rec in self:reader(number) do
        if test(rec) then
            return number
        elseif number >= self.count then
            break
        end
        number = number + 1
    end
end

---The number of the first record at a position or after it; nil where there is none.
---@param position tracereel.position
function Tape:at_position(position)
    local function is_before(place)
        return place.sequence < position.sequence or
            place.sequence == position.sequence and place.offset < position.offset
    end
    if self.count == 0 then
        return nil
    end
    return find(self, find_block(self, is_before), function(rec)
        return not is_before(rec)
    end)
end

---The number of the first record at which log time is that or later; nil where there is none.
function Tape:at_time(time_ns)
    if self.count == 0 then
        return nil
    end
    return find(self, find_block(self, function(block)
        return math.ult(block.now_ns, time_ns)
    end), function(rec)
        return not math.ult(rec.timestamp_ns, time_ns)
    end)
end

---The nearest mark of a kind after the number, or before it.
---@param kind "error"|"violation"|"gap"
---@param number integer
---@param is_forward boolean
---@return integer|nil
function Tape:mark(kind, number, is_forward)
    local marks = self.marks[kind]
    local low, high = 1, #marks + 1 -- the first that is above `number` (forward), or not below it
    while low < high do
        local middle = (low + high) // 2
        if marks[middle] > number or not is_forward and marks[middle] == number then
            high = middle
        else
            low = middle + 1
        end
    end
    return marks[is_forward and low or low - 1]
end

---Was something durable lost between the record of that number and the next?
function Tape:is_damaged_after(number)
    return gaps.any_damage(self.gaps_after[number] or {})
end

return tape

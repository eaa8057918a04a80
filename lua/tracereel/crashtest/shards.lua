-- The questions of a crash test shared out among processes, by traces: what each has found, as a value for the parent,
-- and all of them as one. docs/crashtest.md says why that is what one process finds.
local failure = require "tracereel.util.failure"
local findings = require "tracereel.crashtest.findings"
local workers = require "tracereel.cli.workers"

local shards = {}

local function place_of(rec)
    return { type = rec.type, node_id = rec.node_id, segment = rec.segment, offset = rec.offset }
end

-- One combination that was met, without what only its own process can hold.
local function value_of(met)
    return { key = met.key, shape = met.shape, count = met.count, number = met.number, rec = place_of(met.rec),
        trace_id = met.trace_id, is_tainted = met.is_tainted, record_count = met.record_count, kind = met.kind,
        described = met.described, plan_key = met.plan_key, result = met.result, is_long = met.is_long }
end

---What a pass over one shard has found.
---@param test table of crashtest
---@param asked integer how often the script was asked
---@return table plain
function shards.part(test, asked)
    local all, unexamined = {}, {}
    for index, met in ipairs(test.met) do
        all[index] = value_of(met)
    end
    for key, met in pairs(test.unexamined) do
        unexamined[key] = { kind = met.kind, count = met.count }
    end
    return { asked = asked, met = all, unexamined = unexamined, unexamined_shapes = test.unexamined_shapes,
        untried_count = test.untried_count, differs = test.differs, groups = test.findings.groups }
end

local Whole = {}
Whole.__index = Whole

-- Is the combination new? Otherwise it is counted with the one that is there, if both say the same.
function Whole:add_met(met)
    local of_key = self.by_key[met.key] or {}
    self.by_key[met.key] = of_key
    local known = of_key[met.shape]
    if not known then
        of_key[met.shape] = met
    elseif known.is_unexamined or known.is_long or met.is_long or known.result ~= met.result then
        self.differs = true
    elseif met.number < known.number then
        met.count = met.count + known.count
        of_key[met.shape] = met
    else
        known.count = known.count + met.count
    end
end

function Whole:add_unexamined(key, shape)
    local of_key = self.by_key[key] or {}
    self.by_key[key] = of_key
    self.differs = self.differs or of_key[shape] ~= nil
    of_key[shape] = { is_unexamined = true }
end

function Whole:add(part)
    self.differs = self.differs or part.differs
    self.asked, self.untried_count = self.asked + part.asked, self.untried_count + part.untried_count
    for _, met in ipairs(part.met) do
        self:add_met(met)
    end
    for key, list in pairs(part.unexamined_shapes) do
        for _, shape in ipairs(list) do
            self:add_unexamined(key, shape)
        end
    end
    for key, met in pairs(part.unexamined) do
        local known = self.unexamined[key] or { kind = met.kind, count = 0 }
        known.count = known.count + met.count
        self.unexamined[key] = known
    end
    self.groups[#self.groups + 1] = part.groups
end

-- The combinations in the order in which they were met, and how many states they have.
function Whole:give(test)
    local all, is_state = {}, {}
    test.state_count = 0
    for _, of_key in pairs(self.by_key) do
        for shape, met in pairs(of_key) do
            all[#all + 1] = not met.is_unexamined and met or nil
            test.state_count = test.state_count + (is_state[shape] and 0 or 1)
            is_state[shape] = true
        end
    end
    table.sort(all, function(a, b)
        return a.number < b.number
    end)
    test.met, test.unexamined, test.untried_count = all, self.unexamined, self.untried_count
    test.findings = findings.joined(self.groups)
    return self.asked
end

-- Of scripts that fail in several shards: what fails first in the log, as in one process.
local function raise_first(parts)
    local first
    for _, part in ipairs(parts) do
        if part.failure and (not first or part.number < first.number) then
            first = part
        end
    end
    if first then
        local problem = first.failure
        error(failure.new(problem.kind, problem.message, problem.traceback), 0)
    end
end

---Asks in several processes. Returns how often it was asked; nil where only one process can tell the answer: the
---shards do not find the same of the same combination.
---@param test table of crashtest; gets what was found
---@param count integer of processes
---@param work fun(shard: tracereel.shard): table, integer|nil what shards.part gives; or a failure of the script, and
---  the number of the record
---@return integer|nil asked
function shards.ask(test, count, work)
    local units, parts = {}, {}
    for index = 1, count do
        units[index] = { index = index - 1, count = count }
    end
    workers.map_all {
        count = count,
        units = units,
        name = function(unit)
            return ("shard %d of %d"):format(unit.index, unit.count)
        end,
        work = function(unit)
            local part, number = work(unit)
            if number then
                return { number = number, failure = { kind = part.kind, message = part.message,
                    traceback = part.traceback } }
            end
            return part
        end,
        take = function(_, part)
            parts[#parts + 1] = part
        end,
    }
    raise_first(parts)
    local whole = setmetatable({ by_key = {}, unexamined = {}, untried_count = 0, asked = 0, groups = {} }, Whole)
    for _, part in ipairs(parts) do
        whole:add(part)
    end
    return not whole.differs and whole:give(test) or nil
end

return shards

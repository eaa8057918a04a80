-- The smallest log for which a script still fails, by trace and then by record.
local base = require "tracereel.base"
local copy = require "tracereel.extract.copy"
local failure = require "tracereel.util.failure"
local output = require "tracereel.cli.output"
local smallest = require "tracereel.extract.smallest"
local temporary_directory = require "tracereel.util.temporary_directory"

local minimizing = {}

-- What a failure says, without what differs from log to log: where the record is, ids, numbers. The line of the script
-- stays.
local function signature(problem)
    local message = (problem.message or ""):gsub("wal_%x+", "#")
    local place = message:match("[^%s:]+%.lua:%d+") or ""
    return place .. " " .. message:gsub("%x+%-%x+%-%x+%-%x+%-%x+", "#"):gsub("%d+", "#")
end

-- A script that runs out of what it may use, or that nobody waits for any more, has not failed as it did.
local is_of_run = { limit = true, interrupted = true, io = true }

local Minimizing = {}
Minimizing.__index = Minimizing

---@param path string of the log
---@param run_script fun(log: tracereel.log) raises where it fails
function minimizing.new(path, run_script)
    return setmetatable({ path = path, run_script = run_script, trials = 0,
        directory = temporary_directory.directory() }, Minimizing)
end

---How the script fails for a log: nil where it does not.
---@param path string
---@return string|nil signature
---@return string|nil message
function Minimizing:failure_of(path)
    local ran, problem = failure.xpcall(output.without_prints, function()
        self.run_script(base.open(path, { compressed = false }))
    end)
    if ran then
        return nil
    end
    problem = failure.same(problem)
    if is_of_run[problem.kind] then
        error(problem, 0)
    end
    return signature(problem), problem.message
end

-- Does it fail in the same way for a part of the log at self.path?
function Minimizing:fails_with(query)
    self.trials = self.trials + 1
    temporary_directory.clear(self.directory)
    query.is_free, query.has_no_gaps = true, self.has_no_gaps
    copy.new(base.open(self.path), self.directory, query):run()
    return self:failure_of(self.directory) == self.expected
end

local function set(list)
    local items = {}
    for _, item in ipairs(list) do
        items[item] = true
    end
    return items
end

-- The log's traces, as many ids as there are, in the order of their first records; and how many records it has.
local function inventory(path)
    local ids, is_known, count = {}, {}, 0
    base.open(path):replay { record = function(rec)
        count = count + 1
        if not is_known[rec.trace_id] then
            is_known[rec.trace_id] = true
            ids[#ids + 1] = rec.trace_id
        end
    end }
    return ids, count
end

---Finds which part of the log is enough. Raises where the script does not fail for all of it.
---@return table query of copy.new, for the log at `path`
function Minimizing:find()
    local message
    self.expected, message = self:failure_of(self.path)
    if not self.expected then
        failure.raise("usage", "--minimize: the script does not fail for %s: there is nothing to look for", self.path)
    end
    self.message = message
    local ids, count = inventory(self.path)
    self.has_no_gaps = true
    self.has_no_gaps = self:fails_with {}
    ids = smallest.part(ids, function(some)
        return self:fails_with { ids = set(some) }
    end)
    local numbers, number, is_meant = {}, 0, set(ids)
    base.open(self.path):replay { record = function(rec)
        number = number + 1
        numbers[#numbers + 1] = is_meant[rec.trace_id] and number or nil
    end }
    numbers = smallest.part(numbers, function(some)
        return self:fails_with { numbers = set(some) }
    end)
    self.record_count, self.of_records = #numbers, count
    return { numbers = set(numbers), is_free = true, has_no_gaps = self.has_no_gaps }
end

return minimizing

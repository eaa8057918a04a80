-- Units of work, each in a process of its own: what they write comes in the order of the units, as from one process.
local core = require "tracereel.core"
local failure = require "tracereel.util.failure"
local host = require "tracereel.util.host"
local output = require "tracereel.cli.output"
local progress = require "tracereel.cli.progress"

local workers = {}

local is_worker = false

---A number of processes as it is written, for argparse: "auto", or 0, for the cores that this process may use.
---@param text string
---@return integer|nil count
---@return string|nil problem
function workers.parse_count(text)
    local max_count = 4096
    local count = text == "auto" and 0 or text:match("^%d+$") and math.tointeger(tonumber(text))
    if not count or count > max_count then
        return nil, ('"%s" is neither a number of processes (at most %d) nor auto'):format(text, max_count)
    end
    return count > 0 and count or host.cores()
end

---@param command table
---@param help string what is shared among the processes
function workers.define(command, help)
    command:option("-j --jobs", help .. " 0 or auto: as many as there are cores."):argname("<N>")
        :convert(workers.parse_count):default("1"):show_default(true)
end

-- A failure as a table of its parts, and back.
local function parts_of(problem)
    return { kind = problem.kind, message = problem.message, traceback = problem.traceback }
end

-- What a worker's process does for a unit: the text of what `work` returns, or of what it raised. A limit, and a second
-- interrupt, unwind through here: the parent learns of those from the process's end.
local function answer(work, unit)
    local worked, value = failure.xpcall(work, unit)
    if output.failed then
        host.give_up(output.failed.errno)
    end
    return core.cbor_encode(worked and { value = value } or { failure = parts_of(value) })
end

-- In a worker's process: units from one number to another, until an interrupt.
local function do_units(job, first, last)
    is_worker = true
    io.stdout:setvbuf("full", 65536)
    for number = first, last do
        host.finish_unit(answer(job.work, job.units[number]))
        if host.interrupted() then
            return
        end
    end
end

-- What a worker wrote to a stream, piece by piece.
local function copy(worker, stream, first, last, write)
    while first < last do
        local chunk, problem = worker:read(stream, first, last)
        if not chunk then
            failure.raise("io", "cannot read a temporary file: %s", problem)
        elseif chunk == "" then
            return
        end
        write(chunk)
        first = first + #chunk
    end
end

local function read_value(worker, first, last)
    local parts = {}
    copy(worker, "value", first, last, function(chunk)
        parts[#parts + 1] = chunk
    end)
    return core.cbor_decode(table.concat(parts))
end

-- Why a worker that has ended has left no value.
local function loss(how, detail, name)
    if how == "signal" then
        return failure.new("io", ("%s: the process that did this was ended by %s: nothing of it is shown; try it again")
            :format(name, detail))
    elseif how == "disk" then
        return failure.new("io", ("%s: cannot write a temporary file (TMPDIR says where): %s"):format(name, detail))
    elseif how == "limit" then
        return failure.new("limit", "a limit set for the script was reached")
    elseif how == "interrupted" then
        return failure.new("interrupted", name .. ": interrupted before it was done")
    end
    return failure.new("io", name .. ": the process that did this ended without a result")
end

---@class tracereel.job
---@field count integer how many processes at a time
---@field units any[]
---@field name fun(unit: any): string what a message calls it
---@field work fun(unit: any): any what is done in a process of its own; what it returns is plain
---@field take fun(unit: any, value: any): boolean|nil called in the order of the units; true: no more is wanted
---@field failed nil|fun(unit: any, problem: tracereel.failure): boolean|nil the same for what was raised instead

local function take(job, unit, value, problem)
    if not problem then
        return job.take(unit, value)
    elseif job.failed then
        return job.failed(unit, problem)
    end
    error(problem, 0)
end

local function map_here(job)
    for _, unit in ipairs(job.units) do
        local worked, value = failure.xpcall(job.work, unit)
        if take(job, unit, worked and value or nil, not worked and value or nil) or host.interrupted() then
            return
        end
    end
end

local Pool = {}
Pool.__index = Pool

local max_units_of_one = 64

-- How many units the next worker gets. A process costs as much as some small logs: so several while there are many, and
-- one by one at the end, so that none has to wait for another.
function Pool:share()
    local left = #self.job.units - self.begun
    return math.max(1, math.min(max_units_of_one, left // (self.max_count * 2)))
end

-- Begins units from one number to another. nil where the system has no process for them, and what it says.
local function begin(job, first, last)
    local worker, problem = host.start_worker(function()
        do_units(job, first, last)
    end)
    return worker and { worker = worker, first = first, last = last, stdout = 0, stderr = 0, value = 0 }, problem
end

-- Begins what may be begun: so many workers at a time, and as many again that have ended and wait for their turn.
function Pool:fill()
    local running = 0
    for index = 1, #self.line do
        running = running + (self.line[index].worker:ended() and 0 or 1)
    end
    while self.begun < #self.job.units and running < self.max_count and #self.line < 2 * self.max_count
        and not host.interrupted() do
        local last = self.begun + self:share()
        local one, problem = begin(self.job, self.begun + 1, last)
        if not one and #self.line == 0 then
            failure.raise("io", "cannot start a process: %s", problem)
        elseif not one then
            return -- there is one when another has ended
        end
        self.line[#self.line + 1], self.begun, running = one, last, running + 1
    end
end

-- Shows what a worker has written for a unit, and takes its value. False where it has none.
function Pool:take_unit(one, number)
    local stdout_end, stderr_end, first, last = one.worker:unit(one.value)
    if not stdout_end then
        return false
    end
    copy(one.worker, "stdout", one.stdout, stdout_end, output.write)
    copy(one.worker, "stderr", one.stderr, stderr_end, output.talk)
    one.stdout, one.stderr, one.value = stdout_end, stderr_end, last
    local answered = read_value(one.worker, first, last)
    local problem = answered.failure
    self.is_done = take(self.job, self.job.units[number], answered.value, problem
        and failure.new(problem.kind, problem.message, problem.traceback))
    return true
end

-- After the last unit of a worker that has a value: none other was begun, or it was lost. What it said is shown; its
-- data is none, because it ends anywhere. The units after it are for another worker, which comes before all others.
function Pool:take_loss(one, number)
    local how, detail = one.worker:ended()
    if how == "done" then
        return -- it was interrupted
    end
    copy(one.worker, "stderr", one.stderr, math.maxinteger, output.talk)
    local unit = self.job.units[number]
    self.is_done = take(self.job, unit, nil, loss(how, detail, self.job.name(unit)))
    if number < one.last and not self.is_done and not host.interrupted() then
        local rest, problem = begin(self.job, number + 1, one.last)
        if not rest then
            failure.raise("io", "cannot start a process: %s", problem)
        end
        table.insert(self.line, 1, rest)
    end
end

function Pool:take_first()
    local one = table.remove(self.line, 1)
    for number = one.first, one.last do
        local is_taken = self:take_unit(one, number)
        if not is_taken then
            self:take_loss(one, number)
        end
        if not is_taken or self.is_done then
            break
        end
    end
    one.worker:close()
end

function Pool:run()
    self:fill()
    while self.line[1] and not self.is_done do
        if self.line[1].worker:ended() then
            self:take_first()
        else
            host.wait_for_workers()
        end
        self:fill()
    end
end

---Does all units, in `count` processes. After an interrupt those under way come to their end, and no other is begun.
---Raises what `take` and `failed` raise; then no worker is left.
---@param job tracereel.job
function workers.map(job)
    if job.count <= 1 or #job.units <= 1 or is_worker then
        return map_here(job)
    end
    output.remember_terminal()
    progress.clear()
    host.begin_workers()
    local ran, problem = failure.xpcall(Pool.run, setmetatable({ job = job, begun = 0, line = {},
        max_count = math.min(job.count, host.max_workers()) }, Pool))
    host.end_workers()
    if not ran then
        error(problem, 0)
    end
end

---As map, where all units are wanted: an interrupt raises.
---@param job tracereel.job without failed
function workers.map_all(job)
    local taken_count = 0
    local counted = setmetatable({
        take = function(unit, value)
            job.take(unit, value)
            taken_count = taken_count + 1
        end,
    }, { __index = job })
    workers.map(counted)
    if taken_count < #job.units then
        failure.raise("interrupted", "interrupted: what was asked for was not finished")
    end
end

return workers

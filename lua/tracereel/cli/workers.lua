-- Units of work, done by several processes: what they write comes in the order of the units, as from one process.
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

-- In a worker's process: units as the parent gives them, until there are no more or an interrupt comes.
local function do_units(job)
    is_worker = true
    io.stdout:setvbuf("full", 65536)
    for number in host.next_unit do
        host.finish_unit(answer(job.work, job.units[number]))
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
---@field count integer how many processes
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

-- Units that are under way, or done and not shown yet, for each process: a unit that takes long keeps the processes of
-- others busy for so long.
local max_held_units = 4

-- What of a worker's files was shown is given back once it is this much.
local max_shown_bytes = 256 * 1024

---@class tracereel.pool_member
---@field worker userdata
---@field last integer number of the unit that it was given last
---@field held_count integer units that it was given and that are not shown yet
---@field stdout integer offsets: what is before them is shown
---@field stderr integer
---@field value integer

-- One more worker; nil where the system has no process for it, or there may be no more.
function Pool:start()
    if #self.members >= self.max_count or self.lost_count >= self.max_count then
        return nil
    end
    local worker, problem = host.start_worker(function()
        do_units(self.job)
    end)
    if not worker and #self.members == 0 then
        failure.raise("io", "cannot start a process: %s", problem)
    elseif not worker then
        self.max_count = #self.members -- those that there are do it
        return nil
    end
    local member = { worker = worker, last = 0, held_count = 0, stdout = 0, stderr = 0, value = 0 }
    self.members[#self.members + 1] = member
    return member
end

local function has_shown_much(member)
    return member.stdout + member.stderr + member.value > max_shown_bytes
end

-- A worker that has nothing to do. One whose files have become large, and whose unit is the next to be shown, is given
-- none before that: its files can be emptied then.
function Pool:idle()
    local next_owner = self.owners[self.shown + 1]
    for _, member in ipairs(self.members) do
        if not member.worker:is_busy() and not (member == next_owner and has_shown_much(member)) then
            return member
        end
    end
    return self:start()
end

-- Takes away those that have ended. Of one that has units which are not shown, the files are needed still.
function Pool:remove_ended()
    for index = #self.members, 1, -1 do
        local member = self.members[index]
        if member.worker:ended() then
            table.remove(self.members, index)
            self:leave(member)
        end
    end
end

function Pool:leave(member)
    if member.held_count == 0 then
        member.worker:close()
    else
        member.is_lost = true
        self.lost_count = self.lost_count + 1
    end
end

-- Gives units to whoever has none, in their order.
function Pool:give()
    self:remove_ended()
    local unit_count = #self.job.units
    local max_begun = self.shown + max_held_units * self.max_count
    while self.begun < math.min(unit_count, max_begun) and not host.interrupted() do
        local member = self:idle()
        if not member then
            return
        end
        if member.held_count == 0 and has_shown_much(member) and member.worker:forget() then
            member.stdout, member.stderr, member.value = 0, 0, 0
        end
        if member.worker:give(self.begun + 1) then
            self.begun = self.begun + 1
            self.owners[self.begun] = member
            member.last, member.held_count = self.begun, member.held_count + 1
        else
            self:remove_ended()
        end
    end
    if (self.begun == unit_count or host.interrupted()) and not self.is_dismissed then
        self:dismiss()
    end
end

-- No more units are begun: who has nothing to do need not stay.
function Pool:dismiss()
    self.is_dismissed = true
    for _, member in ipairs(self.members) do
        member.worker:dismiss()
    end
end

-- Shows what a worker has written for a unit, and takes its value. False where it has none.
function Pool:take_unit(member, number)
    local stdout_end, stderr_end, first, last = member.worker:unit(member.value)
    if not stdout_end then
        return false
    end
    copy(member.worker, "stdout", member.stdout, stdout_end, output.write)
    copy(member.worker, "stderr", member.stderr, stderr_end, output.talk)
    member.stdout, member.stderr, member.value = stdout_end, stderr_end, last
    local answered = read_value(member.worker, first, last)
    local problem = answered.failure
    self.is_done = take(self.job, self.job.units[number], answered.value, problem
        and failure.new(problem.kind, problem.message, problem.traceback))
    return true
end

-- A unit that a worker was given and has no value for: it was not begun, or lost. What the worker said is shown; its
-- data is none, because it ends anywhere.
function Pool:take_loss(member, number)
    local how, detail = member.worker:ended()
    if how == "done" then
        if host.interrupted() then
            return
        end
        how = "interrupted" -- it alone was: this unit, which it had been given, is not done
    end
    copy(member.worker, "stderr", member.stderr, math.maxinteger, output.talk)
    local unit = self.job.units[number]
    self.is_done = take(self.job, unit, nil, loss(how, detail, self.job.name(unit)))
end

-- Takes the next unit in the order, which its worker has done, or will not do any more.
function Pool:take_next()
    local number = self.shown + 1
    local member = self.owners[number]
    self.owners[number], self.shown = nil, number
    if not self:take_unit(member, number) then
        self:take_loss(member, number)
    end
    member.held_count = member.held_count - 1
    if member.is_lost and member.held_count == 0 then
        self.lost_count = self.lost_count - 1
        member.worker:close()
    end
end

function Pool:run()
    self:give()
    while self.shown < self.begun and not self.is_done do
        local next_number = self.shown + 1
        local member = self.owners[next_number]
        if member.last ~= next_number or not member.worker:is_busy() then
            self:take_next()
        else
            host.wait_for_workers()
        end
        self:give()
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
    local ran, problem = failure.xpcall(Pool.run, setmetatable({ job = job, begun = 0, shown = 0, members = {},
        owners = {}, lost_count = 0, max_count = math.min(job.count, host.max_workers()) }, Pool))
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

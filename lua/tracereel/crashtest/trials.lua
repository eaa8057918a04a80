-- Recovery tried out on small logs: does every decision converge, and does an interrupted recovery lead to the same
-- end? Once for each state and decision, and once for each plan, that differ in more than ids and times.
local disk_states = require "tracereel.crashtest.disk_states"
local failure = require "tracereel.util.failure"
local files = require "tracereel.util.files"
local judge = require "tracereel.crashtest.judge"
local recovery = require "tracereel.recovery"
local repair = require "tracereel.recovery.repair"
local segment_name = require "tracereel.log.segment_name"
local temporary_directory = require "tracereel.util.temporary_directory"
local small_log = require "tracereel.crashtest.small_log"
local base = require "tracereel.base"
local view = require "tracereel.recovery.view"
local workers = require "tracereel.cli.workers"

local trials = {}

local max_records_with_others, max_tried_with_others = 2000, 100

local Trials = {}
Trials.__index = Trials

local function trace_of(made, trace_id)
    for _, one in ipairs(made.traces) do
        if one.entry.trace_id == trace_id then
            return one
        end
    end
end

-- Decides for the log in the directory, and gives the plan and what it says of the trace. nil and the problem where
-- recovery refuses, or the script fails.
local function decide(self, directory, trace_id)
    local options = self.options
    local called, made = pcall(recovery.decide, base.open(directory), self.script, {
        given = options.given,
        script_text = options.script_text,
        check_stop = options.check_stop,
    })
    if not called then
        options.check_stop(made)
        if not failure.is(made) or made.kind ~= "refused" and made.kind ~= "script" then
            error(made, 0)
        end
        return nil, made.message
    end
    local one = trace_of(made, trace_id)
    if one and one.entry.source == "error" then
        return nil, one.entry.error
    end
    return made, one
end

-- The view of the only trace that the log in the directory has.
local function view_of_log(directory)
    local last
    local log = base.open(directory)
    log:replay {
        record = function(_, trace)
            last = trace or last
        end,
    }
    return view.of(last), log:stats()
end

-- Cuts what is torn, as repair does.
local function repair_files(directory)
    local found = repair.find(base.open(directory), false)
    for _, segment in ipairs(found.segments) do
        local path = directory .. "/" .. segment.name
        local whole, kept = assert(files.read(path)), {}
        for index, stretch in ipairs(segment.kept) do
            kept[index] = whole:sub(stretch.offset + 1, stretch.offset + stretch.length)
        end
        small_log.write_file(path, table.concat(kept))
    end
end

-- Recovers the log in the directory completely: repair, decide, write. nil and the problem where that fails.
local function recover_to_end(self, directory, trace_id)
    repair_files(directory)
    local made, one = decide(self, directory, trace_id)
    if not made then
        return nil, one
    elseif one and #one.records > 0 then
        local segments = base.open(directory).segments
        small_log.write_file(directory .. "/" .. segment_name.of(segments[#segments].sequence + 1),
            small_log.bytes(one.records))
    end
    local ended, statistics = view_of_log(directory)
    if statistics.damaged then
        return nil, "the log looks damaged afterwards"
    end
    return ended
end

local converges, is_same_end = "every decision converges", "interrupted recovery leads to the same end"

local function add_problem(self, met, check, reason)
    self.findings:add(check, reason, met, met.described, met.count)
end

-- What is wrong with the end that is reached from a state on disk; nil where it is the expected one.
local function problem_of_state(self, directory, trace_id, expected, state)
    small_log.fill(directory, state.files)
    local ended, problem = recover_to_end(self, directory, trace_id)
    local difference = ended and view.difference(expected, ended)
    return (problem or difference) and ("%s: %s"):format(state.name, problem or difference)
end

-- A piece of the trace's next record, or of its last one again: what a crash inside of it leaves.
local function torn_tail(records, place)
    local bytes = (records[place + 1] or records[place]):bytes()
    return bytes:sub(1, #bytes - 1 - #bytes // 3)
end

-- Interrupts the recovery of a history in every state on disk. Gives how many these were, and what is wrong with them;
-- nil and the problem where nothing is there to compare with.
local function interrupt(self, directory, trace_id, history, tail, one)
    small_log.fill(directory, { [small_log.first_segment] = history })
    local expected, problem = recover_to_end(self, directory, trace_id)
    if not expected then
        return nil, problem
    end
    local states = #one.records > 0 and disk_states.of_apply(history, small_log.bytes(one.records)) or {}
    for _, state in ipairs(disk_states.of_repair(history, tail)) do
        states[#states + 1] = state
    end
    local problems = {}
    for _, state in ipairs(states) do
        problems[#problems + 1] = problem_of_state(self, directory, trace_id, expected, state)
    end
    return #states, problems
end

local function is_decided_so(met, one)
    return one ~= nil and judge.key(one.decision, one.trace) == met.key
end

local function range(last)
    local numbers = {}
    for number = 1, last do
        numbers[number] = number
    end
    return numbers
end

-- Decides for all traces that the log had by then, for scripts that know something of other traces. Each of these reads
-- and decides so much that only few are made, near the beginning of the log. Nothing is interrupted.
local function try_with_others(self, met)
    local is_affordable = met.number <= max_records_with_others and self.tried_with_others < max_tried_with_others
    if is_affordable then
        self.tried_with_others = self.tried_with_others + 1
        local bytes = small_log.bytes(self.log:pick(range(met.number)))
        small_log.fill(self.directory, { [small_log.first_segment] = bytes })
        local made, one = decide(self, self.directory, met.trace_id)
        if not made and one:find(met.trace_id, 1, true) then
            add_problem(self, met, converges, one)
            return
        elseif made and is_decided_so(met, one) then
            self.converged = self.converged + 1
            return
        end
    end
    self.untried.other_traces = self.untried.other_traces + 1
end

-- Why a state cannot be made again from the trace's own records; nil where it can.
local function obstacle(met, records)
    if met.is_tainted then
        return "tainted"
    elseif not records[1] or records[1].type ~= "trace_start" then
        return "snapshot"
    end
end

-- The records of the lives of those met, up to the one after each, read in one pass: by their numbers.
local function fetch_records(history, log, all)
    local numbers, is_wanted = {}, {}
    for _, met in ipairs(all) do
        for _, number in ipairs((history:life(met.number, 1))) do
            numbers[#numbers + 1] = not is_wanted[number] and number or nil
            is_wanted[number] = true
        end
    end
    table.sort(numbers)
    local record_of = {}
    for index, rec in ipairs(log:pick(numbers)) do
        record_of[numbers[index]] = rec
    end
    return record_of
end

-- The records of one that was met, and how many of them the log had by then. They are not kept: those of all that were
-- met are the square of a long trace's.
local function records_of(self, met)
    local records = {}
    local numbers, place = self.history:life(met.number, 1)
    for index, number in ipairs(numbers) do
        records[index] = self.record_of[number]
    end
    return records, place
end

-- What is done in a process of its own works in a directory of its own.
local function in_directory(self, index, work)
    local directory = ("%s/%d"):format(self.directory, index)
    small_log.make_directory(directory)
    local value = work(directory)
    temporary_directory.remove(directory)
    return value
end

-- Decides for the trace's history alone: what came of it, as a value for another process.
local function try(self, met, directory)
    local records, place = records_of(self, met)
    local why_not = obstacle(met, records)
    if why_not then
        return { untried = why_not }
    end
    small_log.fill(directory, { [small_log.first_segment] = small_log.bytes(records, place) })
    local made, one = decide(self, directory, met.trace_id)
    return { problem = not made and one or nil, is_decided = made ~= nil and is_decided_so(met, one) }
end

-- The same, and its recovery interrupted.
local function try_interrupted(self, met, directory)
    local records, place = records_of(self, met)
    local history = small_log.bytes(records, place)
    small_log.fill(directory, { [small_log.first_segment] = history })
    local made, one = decide(self, directory, met.trace_id)
    if not made then
        return { problem = one }
    end
    local count, problems = interrupt(self, directory, met.trace_id, history, torn_tail(records, place), one)
    return { problem = not count and problems or nil, count = count, problems = count and problems or nil }
end

-- Does work for each of those met, in several processes; gives what came of each.
local function for_each(self, list, work)
    local units, results = {}, {}
    for index = 1, #list do
        units[index] = index
    end
    workers.map_all {
        count = self.options.trial_jobs,
        units = units,
        name = function(index)
            return ("combination %d of %d"):format(index, #list)
        end,
        work = function(index)
            return in_directory(self, index, function(directory)
                return work(self, list[index], directory)
            end)
        end,
        take = function(index, value)
            results[list[index]] = value
        end,
    }
    return results
end

-- The first one of each plan that converges.
local function first_of_plans(all, tried)
    local first, is_known = {}, {}
    for _, met in ipairs(all) do
        if tried[met].is_decided and not is_known[met.plan_key] then
            is_known[met.plan_key] = true
            first[#first + 1] = met
        end
    end
    return first
end

local function note_interrupted(self, met, interrupted)
    if interrupted.problem then
        add_problem(self, met, converges, interrupted.problem)
        return
    end
    for _, problem in ipairs(interrupted.problems) do
        add_problem(self, met, is_same_end, problem)
    end
    self.plans, self.disk_states = self.plans + 1, self.disk_states + interrupted.count
end

-- What came of one that was met, in the order in which they were met.
local function note(self, met, tried, interrupted)
    if tried.untried then
        self.untried[tried.untried] = self.untried[tried.untried] + 1
    elseif tried.problem then
        add_problem(self, met, converges, tried.problem)
    elseif not tried.is_decided then
        try_with_others(self, met)
    else
        self.converged = self.converged + 1
        if interrupted then
            note_interrupted(self, met, interrupted)
        end
    end
end

---Tries every state and decision that was met and can be written.
---@param test table of crashtest: met, findings, options, history
---@param log tracereel.log
---@param script { load: fun(): table }
---@return { plans: integer, disk_states: integer, converged: integer, untried: table<string, integer> }
function trials.run(test, log, script)
    local self = setmetatable({
        options = test.options,
        findings = test.findings,
        log = log,
        script = script,
        plans = 0,
        disk_states = 0,
        converged = 0,
        tried_with_others = 0,
        untried = { tainted = 0, snapshot = 0, other_traces = 0, long_traces = test.untried_count },
        history = test.history,
    }, Trials)
    local all = {}
    for _, met in ipairs(test.met) do
        all[#all + 1] = met.plan_key and met or nil
    end
    self.record_of = fetch_records(test.history, log, all)
    self.directory = temporary_directory.directory()
    local tried = for_each(self, all, try)
    local interrupted = for_each(self, first_of_plans(all, tried), try_interrupted)
    for _, met in ipairs(all) do
        note(self, met, tried[met], interrupted[met])
    end
    temporary_directory.remove(self.directory)
    return self
end

return trials

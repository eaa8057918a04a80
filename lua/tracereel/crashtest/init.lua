-- A recovery script against every crash that a log could have ended in. One pass gathers what becomes of each trace, a
-- second one asks the script after every record; what is the same but for ids and times is examined once.
-- What is covered, and why that is all of it: docs/crashtest.md.
local core = require "tracereel.core"
local decision = require "tracereel.script.decision"
local failure = require "tracereel.util.failure"
local judge = require "tracereel.crashtest.judge"
local logs = require "tracereel.cli.logs"
local answer = require "tracereel.recovery.answer"
local script_arguments = require "tracereel.script.arguments"
local shards = require "tracereel.crashtest.shards"
local steps = require "tracereel.crashtest.steps"
local trials = require "tracereel.crashtest.trials"
local findings = require "tracereel.crashtest.findings"

local crashtest = {}

local Test = {}
Test.__index = Test

local function wrong_verdict(verdict)
    failure.raise("script", "check: true, nil, false, or a text that says what is wrong expected, got a %s",
        type(verdict))
end

-- What a script answered, as recovery takes it.
local function checked(given, default)
    given = given == nil and default or given
    local problem = decision.problem(given)
    if problem then
        failure.raise("script", "%s", problem)
    end
    return decision.is_plain_default(given) and default or given
end

-- Looks at a state and a decision that were not met before; and now and then again, because only their shapes are
-- known to be the same. In a shard what is found must be the same each time: only then it does not matter which ones of
-- all shards' states are looked at.
local function examine(self, met, trace, chosen)
    local judged = judge.examine(trace, chosen, self.options)
    met.problems = #judged.problems > 0 and judged.problems or nil
    met.open_once = #judged.open_once > 0 and judged.open_once or nil
    met.is_noteworthy = met.problems ~= nil or met.open_once ~= nil
    met.plan_key = judged.plan_key
    if self.is_shard then
        local result = core.cbor_encode(judged)
        self.differs = self.differs or met.result ~= nil and met.result ~= result
        met.result = result
    end
end

-- All combinations of a kind of decision that are not examined, because they are of a long trace. What --once says of
-- the engine's own decision is known without that.
local function unexamined(self, chosen)
    local kind = chosen.kind
    local is_noteworthy = decision.is_plain_default(chosen) and #self.options.once > 0
    local key = is_noteworthy and "once" or kind
    local met = self.unexamined[key]
    if not met then
        met = { kind = kind, count = 0, next_number = math.maxinteger, is_noteworthy = is_noteworthy,
            is_unexamined = true }
        self.unexamined[key] = met
    end
    self.untried_count = self.untried_count + 1
    return met
end

local function note_unexamined(self, key, shape)
    local list = self.unexamined_shapes[key] or {}
    self.unexamined_shapes[key] = list
    list[#list + 1] = shape
end

local function new_met(self, key, shape, number, rec, trace, chosen)
    local is_examined = steps.is_due(self.steps, rec, trace, chosen)
    local met = is_examined and { key = key, shape = shape, count = 0, next_number = 1, number = number, rec = rec,
        trace_id = trace.id, is_tainted = trace.tainted, record_count = trace.record_count, kind = chosen.kind,
        described = findings.describe(chosen), is_long = steps.is_long(trace) } or unexamined(self, chosen)
    self.by_key[key][shape] = met
    if not is_examined then
        note_unexamined(self, key, shape)
    end
    self.met[#self.met + 1] = is_examined and met or nil
    if not self.shapes[shape] then
        self.shapes[shape] = true
        self.state_count = self.state_count + 1
    end
    return met
end

local function note(self, check, reason, number, rec, trace, chosen)
    self.findings:add(check, reason, { number = number, rec = rec, trace_id = trace.id,
        record_count = trace.record_count }, findings.describe(chosen))
end

local function note_problems(self, problems, number, rec, trace, chosen)
    for _, problem in ipairs(problems) do
        note(self, problem.check, problem.reason, number, rec, trace, chosen)
    end
end

-- Nodes that may run, and have not run as far as the trace's state shows: they may have before the trace began again,
-- or before the crash, whose records are missing.
local function note_unseen(self, open_once, number, rec, trace, chosen)
    for _, node in ipairs(open_once) do
        local may_have_run = trace.restart_count > 0 and trace:node(node) ~= nil
        if self.history:has_run(number, node, may_have_run) then
            note(self, judge.once_check(node), ("node %d had run when the crash came, which the trace does not tell "
                .. "any more, and would run again"):format(node), number, rec, trace, chosen)
        end
    end
end

local function note_verdict(self, verdict, number, rec, trace, chosen)
    if verdict ~= false and type(verdict) ~= "string" then
        wrong_verdict(verdict)
    end
    note(self, "check", verdict or "the script's check does not hold", number, rec, trace, chosen)
end

-- The least power of two above a number.
local function next_power(number)
    local power = 1
    while power <= number do
        power = power * 2
    end
    return power
end

-- Judges a decision that was not met in this state before, that has something wrong, or that is due to be looked at:
-- once among the 2nd and 3rd record of the log, among the 4th to 7th, 8th to 15th ... A shard can tell that by itself.
local function judge_met(self, met, count, number, rec, trace, chosen)
    if number >= met.next_number and (count == 1 or not steps.is_long(trace)) then
        met.next_number = next_power(number)
        examine(self, met, trace, chosen)
    end
    local judged = met.is_unexamined and judge.engine_once(trace, self.options.once) or met
    if judged.problems then
        note_problems(self, judged.problems, number, rec, trace, chosen)
    end
    if judged.open_once then
        note_unseen(self, judged.open_once, number, rec, trace, chosen)
    end
end

local function met_for(self, key, shape, number, rec, trace, chosen)
    self.by_key[key] = self.by_key[key] or {}
    return self.by_key[key][shape] or new_met(self, key, shape, number, rec, trace, chosen)
end

-- What the asker calls where there is something to say or to look at. All else it does by itself.
local function asker_of(self)
    local plain = {}
    self.by_key.default = plain
    local function on_default(shape, count, number, rec, trace, chosen)
        local met = plain[shape] or new_met(self, "default", shape, number, rec, trace, chosen)
        judge_met(self, met, count, number, rec, trace, chosen)
        return met.next_number, met.is_noteworthy
    end
    local function on_other(shape, number, rec, trace, chosen)
        local met = met_for(self, judge.key(chosen, trace), shape, number, rec, trace, chosen)
        met.count = met.count + 1
        if number >= met.next_number or met.is_noteworthy then
            judge_met(self, met, met.count, number, rec, trace, chosen)
        end
    end
    return self.history:asker(decision.default, answer.ask, self.recover, checked, self.check,
        on_default, on_other,
        function(verdict, number, rec, trace, chosen)
            note_verdict(self, verdict, number, rec, trace, chosen)
        end, function(trace)
            self.steps[trace] = nil
        end)
end

-- What was left to the engine was counted by the asker.
local function add_counts(self, asker)
    for shape, count in pairs(asker:counts()) do
        local met = self.by_key.default[shape]
        met.count = met.count + count
    end
end

local own_frame = ("\n\t%s:"):format(debug.getinfo(1, "S").short_src)

-- The part of a traceback that is about the script; nil where there is none.
local function script_part(traceback, path)
    local own = traceback and traceback:find(own_frame, 1, true)
    local part = own and traceback:sub(1, own - 1)
    while part and part:find("\n\t%[C%]:[^\n]*$") do -- what called the script
        part = part:gsub("\n\t%[C%]:[^\n]*$", "")
    end
    return part and part:find(path, 1, true) and part or nil
end

-- An error of the script's own, with what was called; log:replay has added the place.
local function explain(self, problem)
    local _, calling = self.asker:progress()
    if not failure.is(problem) or problem.kind ~= "script" then
        error(problem, 0)
    elseif calling == "own" then
        error(("%s\n%s"):format(problem.message, problem.traceback), 0)
    end
    local message = calling and problem.message:gsub("%(in record at", ("(in %s after"):format(calling))
        or problem.message
    error(failure.new("script", ("%s: %s"):format(self.name, message), script_part(problem.traceback, self.path)), 0)
end

local function pass(self, one, log)
    script_arguments.check_given({ one }, self.options.given)
    core.set_script(1)
    one:start(self.options.given, log)
    self.recover, self.check, self.name, self.path = one.table.recover, one.table.check, one.name, one.path
    local handlers = one:handlers()
    local has_handlers = next(handlers) ~= nil
    local step, asker = asker_of(self)
    self.asker = asker
    local ours = { record = core.fields("trace", step) }
    local called, problem = pcall(log.replay, log, table.unpack(has_handlers and { handlers, ours } or { ours }))
    if not called then
        explain(self, problem)
    elseif logs.interrupted() then
        failure.raise("interrupted", "interrupted after %d records", log:record_count())
    end
    add_counts(self, asker)
end

-- How many crashes there can be: after each record, inside each, and with up to `lost` missing before that.
local function crash_points(record_count, lost)
    local most = math.min(lost, record_count)
    return { after = record_count, inside = record_count,
        lost = most * record_count - most * (most - 1) // 2 }
end

local function decisions_of(self)
    local counts = setmetatable({}, { __jsontype = "object" })
    for _, all in ipairs { self.met, self.unexamined } do
        for _, met in pairs(all) do
            counts[met.kind] = (counts[met.kind] or 0) + met.count
        end
    end
    return counts
end

-- What a pass finds, and what it needs for that.
local function new_test(options, history)
    return setmetatable({ options = options, history = history, findings = findings.new(), by_key = {}, met = {},
        shapes = {}, state_count = 0, steps = {}, unexamined = {}, unexamined_shapes = {}, untried_count = 0 }, Test)
end

-- In a process of its own: what a shard gives, or the script's failure and the number of its record.
local function shard_pass(options, history, script, shard)
    local self = new_test(options, history)
    self.is_shard = true
    local passed, problem = failure.pcall(pass, self, script.load(), options.open_shard(shard))
    local asked, _, number = 0, nil, 0
    if self.asker then
        asked, _, number = self.asker:progress()
    end
    if passed then
        return shards.part(self, asked)
    elseif failure.is(problem) and problem.kind == "script" then
        return problem, number
    end
    error(problem, 0)
end

-- Asks at every record, in as many processes as may be. Gives the test, and how often it has asked.
local function ask(options, history, log, script)
    local test = new_test(options, history)
    if options.jobs > 1 then
        local asked = shards.ask(test, options.jobs, function(shard)
            return shard_pass(options, history, script, shard)
        end)
        if asked then
            return test, asked
        end
        test = new_test(options, history)
    end
    pass(test, script.load(), log)
    return test, (test.asker:progress())
end

---@param log tracereel.log a directory or a file, not read yet
---@param script { load: fun(): table } makes a fresh script
---@param options { given: table, once: integer[], lost: integer, allow_rerun: boolean, script_text: string,
---  check_stop: fun(problem: any), jobs: integer, trial_jobs: integer,
---  open_shard: (fun(shard: tracereel.shard): tracereel.log)|nil } jobs: processes that ask, each with the log of
---  open_shard; trial_jobs: processes that try
---@return table result what was covered, and `findings`
function crashtest.run(log, script, options)
    local history = log:history(options.lost)
    local now_ns = log:stats().now_ns
    options.timestamp_ns = now_ns == -1 and now_ns or now_ns + 1
    local self, asked = ask(options, history, log, script)
    local tried = trials.run(self, log, script)
    return {
        records = #self.history,
        crash_points = crash_points(#self.history, options.lost),
        states = self.state_count,
        asked = asked,
        distinct_decisions = #self.met + self.untried_count,
        decisions = decisions_of(self),
        plans = tried.plans,
        disk_states = tried.disk_states,
        converged = tried.converged,
        untried = tried.untried,
        max_tried_records = steps.max_records,
        findings = self.findings:sorted(),
        history = self.history,
    }
end

return crashtest

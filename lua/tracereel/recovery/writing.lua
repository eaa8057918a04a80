-- What apply, undo and repair have in common: the log is locked, what an interrupted command left is finished, every
-- change has a line in the journal before and after it.
local core = require "tracereel.core"
local engine_view = require "tracereel.log.engine_view"
local exit_codes = require "tracereel.cli.exit_codes"
local failure = require "tracereel.util.failure"
local files = require "tracereel.util.files"
local host = require "tracereel.util.host"
local journal = require "tracereel.recovery.journal"
local logs = require "tracereel.cli.logs"
local output = require "tracereel.cli.output"
local plan = require "tracereel.recovery.plan"
local repair = require "tracereel.recovery.repair"
local tables = require "tracereel.util.tables"
local base = require "tracereel.base"
local tracereel = require "tracereel"
local unfinished = require "tracereel.log.unfinished"
local unread = require "tracereel.log.unread"

local writing = {}

local Writing = {}
Writing.__index = Writing

local function now_text()
    return tracereel.time(host.now_ns())
end

local function user_number()
    local file = io.open("/proc/self/status", "r")
    local text = file and file:read("a") or ""
    if file then
        file:close()
    end
    local number = text:match("\nUid:%s*(%d+)")
    return number and "user " .. number
end

-- Who runs the program, as far as the system says.
local function operator_of(given)
    return given or os.getenv("SUDO_USER") or os.getenv("LOGNAME") or os.getenv("USER") or user_number() or "unknown"
end

local function lock(directory)
    if not host.lock_log then
        failure.raise("usage", "a log can be changed by the program tracereel only")
    end
    local locked, result = pcall(host.lock_log, directory)
    if locked then
        return result
    elseif failure.is(result) and result.kind == "locked" then
        failure.raise("refused", "%s", result.message)
    end
    error(result, 0)
end

---Locks a log, so that the engine cannot start meanwhile. Raises "refused" where another process has locked it. With
---`is_dry_run` it is only looked whether it could be locked: nothing is written, and nothing kept from starting.
---@param directory string
---@param options { action: string, operator: string|nil, is_dry_run: boolean }
---@return table writing to be closed
function writing.begin(directory, options)
    local self = setmetatable({
        directory = directory:gsub("(.)/+$", "%1"),
        action = options.action,
        operator = operator_of(options.operator),
        tool = "tracereel " .. tracereel.version,
        is_dry_run = options.is_dry_run or false,
        finished_intents = {},
    }, Writing)
    local locked = lock(directory)
    self.next_name = locked:next_name()
    if self.is_dry_run then
        local _, problem = failure.pcall(function()
            journal.read(self.directory)
            locked:preflight(journal.file_name)
        end)
        self.preflight_problem = problem
        locked:close()
        return self
    end
    self.locked = locked
    self.time = now_text()
    self.finished_intents = journal.finish_interrupted(locked, self.directory, self.time)
    return self
end

function Writing:close()
    if self.locked then
        self.locked:close()
        self.locked = nil
    end
end

-- A log that was read only in part, because of an interrupt, must not be acted on.
local function check_interrupt()
    if host.interrupted() then
        failure.raise("interrupted", "interrupted; nothing more was written")
    end
end

local fate = { done = "had taken place", abandoned = "had not taken place" }

---Begins, calls `carry_out(writing)`, and always releases the log.
---@param directory string
---@param options table of writing.begin
---@param carry_out fun(writing: table): integer exit code
---@return integer
function writing.with(directory, options, carry_out)
    local is_unfinished = unfinished.words(directory)
    if is_unfinished then
        failure.raise("refused", "refused: %s", is_unfinished)
    end
    local self = writing.begin(directory, options)
    for _, intent in ipairs(self.finished_intents) do
        output.say("an earlier %s was interrupted; it %s (%s)", intent.action, fate[intent.state],
            journal.subject(intent))
    end
    local ran, result = failure.xpcall(function()
        unread.say(self:open_whole(), output.say)
        return carry_out(self)
    end)
    self:close()
    check_interrupt()
    if not ran then
        error(result, 0)
    end
    return result
end

---A plan from its file, or a failure: "refused" where it is not one that can be trusted.
---@param path string
---@return table
function writing.read_plan(path)
    local read, problem, is_unreadable = plan.read(path)
    if not read then
        failure.raise(is_unreadable and "io" or "refused", "%s: %s", path, problem)
    end
    return read
end

---For a command about a plan: reads it, then as writing.with.
---@param action "apply"|"undo"
---@param parsed table the command's options: plan, log and those of writing.define_options
---@param carry_out fun(writing: table, parsed: table, made: table): integer exit code
---@return integer
function writing.with_plan(action, parsed, carry_out)
    local made = writing.read_plan(parsed.plan)
    local options = { action = action, operator = parsed.operator, is_dry_run = parsed.dry_run }
    return writing.with(parsed.log, options, function(self)
        return carry_out(self, parsed, made)
    end)
end

---The options that the three commands share.
function writing.define_options(command)
    command:option("--operator", "The name to record in the journal and the records. Default: the user's name.")
        :argname("<NAME>")
    command:flag("--dry-run", "Check and verify everything, but write nothing.")
    command:flag("--json", "Print one JSON object.")
end

---The intent of an interrupted command like this one, for that plan, that had taken place: nothing is left to do.
---@param plan_id string
---@return table|nil
function Writing:finished(plan_id)
    for _, intent in ipairs(self.finished_intents) do
        if intent.action == self.action and intent.plan == plan_id and intent.state == "done" then
            return intent
        end
    end
end

---The log as it is now and as the engine reads it, not read yet.
---@return tracereel.log
function Writing:open()
    return engine_view.open(self.directory)
end

---The log as it is now, with its archived segments: for what is about files and not about traces.
---@return tracereel.log
function Writing:open_whole()
    return base.open(self.directory)
end

---What goes into the metadata of records.
---@param plan_id string
function Writing:provenance(plan_id)
    return { action = self.action, operator = self.operator, plan = plan_id, time = self.time or now_text(),
        tool = self.tool }
end

local past = { apply = "applied", undo = "undone" }

local function refuse_done(entry, directory, already, advice)
    failure.raise("refused", "this plan was %s%s: at %s by %s, as %s/%s; %s", past[entry.action], already, entry.time,
        entry.operator, directory, entry.segment, advice)
end

---What an operator should know before why a plan is refused: was this done already, by this command or its
---opposite? Raises "refused" then.
---@param made table the plan
function Writing:check_history(made)
    local entries = journal.read(self.directory)
    local last, pending = journal.last_done(entries, made.id), journal.pending(entries)[1]
    if pending then
        failure.raise("refused", "an earlier %s was interrupted; without --dry-run this command finds out what became "
            .. "of it", pending.action)
    elseif last and last.action == self.action and last.traces == made.summary.changed then
        refuse_done(last, self.directory, " already", "nothing is left to do")
    elseif last and last.action == "undo" and self.action == "apply" then
        refuse_done(last, self.directory, "", "make a new plan with tracereel recover")
    end
end

---The exit code of a command that came to its end; prints a warning about a damaged log.
---@param log tracereel.log read to its end
function writing.exit_code(log)
    local statistics = log:stats()
    if not statistics.damaged then
        return exit_codes.ok
    end
    logs.say_damage(log)
    return exit_codes.damaged
end

---Carries out `change` between its two lines in the journal. A change that failed is looked at: it may be in place.
---@param entry table what the journal says of it besides who does it
---@param change fun(intent: table): string|nil "abandoned" where nothing was changed after all; else it may leave out
---  arenas of the intent
function Writing:change(entry, change)
    check_interrupt()
    entry.action, entry.operator, entry.tool, entry.time = self.action, self.operator, self.tool, self.time
    local intent = journal.open(self.locked, entry)
    local changed, result = pcall(change, intent)
    if not changed then
        pcall(journal.finish_interrupted, self.locked, self.directory, now_text())
        if failure.is(result) and result.kind == "locked" then
            failure.raise("refused", "%s", result.message)
        end
        error(result, 0)
    end
    local closed, close_problem = pcall(journal.close, self.locked, intent, result or "done", now_text())
    if not closed then
        failure.raise("io", "the change of %s is in place, but the journal does not say so yet: %s; give the command "
            .. "again", journal.subject(intent), failure.text(close_problem))
    end
end

---Adds a segment of records after the log.
---@param records tracereel.rec[] at least one
---@param about table plan, plan_sha256, traces: what the journal says besides
---@return string name of the segment
---@return integer size_bytes
function Writing:add_segment(records, about)
    local name = self.locked:next_name()
    local parts = {}
    for index, rec in ipairs(records) do
        parts[index] = rec:bytes()
    end
    local bytes = table.concat(parts)
    local entry = tables.joined({
        segment = name, size_bytes = #bytes, sha256 = core.sha256(bytes), records = #records,
    }, about)
    self:change(entry, function()
        self.locked:add_segment(bytes)
    end)
    return name, #bytes
end

---A command's answer for `--json`.
function Writing:answer(answer)
    answer.action, answer.log, answer.done = self.action, self.directory, not self.is_dry_run
    return tracereel.json(answer)
end

---Raises "refused" where the log that was read ends in a torn record.
function Writing:check_end(log, advice)
    local torn = repair.torn_end(log:gaps())
    if torn then
        failure.raise("refused", "%s/%s: the log ends in a torn record (%s, %d bytes at offset %d), and after a new "
            .. "segment that would look like damage; %s", self.directory, torn.segment, torn.class, torn.length,
            torn.offset, advice)
    end
end

---Raises "refused" where no segment can follow the highest one.
function Writing:check_room()
    if not self.next_name then
        failure.raise("refused", "%s: its last segment has the largest number there is, so none can follow it; let the "
            .. "engine start a new log", self.directory)
    end
end

---Of a dry run that would write: raises what the first write would fail on, where that can be known.
function Writing:check_preflight()
    if self.preflight_problem then
        error(self.preflight_problem, 0)
    end
end

local function kept_bytes(path, kept)
    local whole, problem = files.read(path)
    if not whole then
        failure.raise("io", "%s", problem)
    end
    local parts = {}
    for index, stretch in ipairs(kept) do
        parts[index] = whole:sub(stretch.offset + 1, stretch.offset + stretch.length)
    end
    return whole, table.concat(parts)
end

---Cuts what repair.find has found, one segment after the other.
---@param found table with names chosen
function Writing:cut(found)
    for _, segment in ipairs(found.segments) do
        local whole, kept = kept_bytes(self.directory .. "/" .. segment.name, segment.kept)
        local entry = {
            segment = segment.name, size_bytes = #kept, sha256 = core.sha256(kept),
            replaces = { size_bytes = #whole, sha256 = core.sha256(whole) },
            original = segment.original, cut = segment.cut_name, cuts = segment.cuts, tainted = found.tainted,
        }
        self:change(entry, function()
            repair.rewrite(self.locked, segment)
        end)
    end
    local problem = repair.check(self.directory, found)
    if problem then
        failure.raise("io", "after the repair: %s; the original segments are kept as *.original", problem)
    end
end

return writing

-- `tracereel undo`: writes the records that bring the traces of an applied plan back to their state before it; with
-- --arenas, sets back the write positions that the last mending has set.
local exit_codes = require "tracereel.cli.exit_codes"
local failure = require "tracereel.util.failure"
local mending = require "tracereel.recovery.mending"
local options = require "tracereel.cli.options"
local output = require "tracereel.cli.output"
local text = require "tracereel.util.text"
local tracereel = require "tracereel"
local undoing = require "tracereel.recovery.undo"
local unmending = require "tracereel.recovery.unmending"
local writing = require "tracereel.recovery.writing"

local undo = { name = "undo" }

function undo.define(command)
    command:argument("files", "The plan that was applied (none with --arenas), then the directory of segments that it "
        .. "was applied to."):argname("<PLAN|LOG>"):args("0-2")
    options.log_arenas(command, "Instead of a plan, undo the last correction of the arenas' write positions.")
    command:flag("--partial", "Skip traces that have moved on since, instead of refusing the whole plan.")
    writing.define_options(command)
end

-- All or nothing, unless the operator asks for what can be had.
local function check_refused(self, parsed, made, refused, undone)
    if #refused > 0 and #undone == 0 then
        self:check_history(made)
    end
    for _, one in ipairs(refused) do
        output.say("trace %s: %s", one.trace_id, one.reason)
    end
    if #refused > 0 and (not parsed.partial or #undone == 0) then
        failure.raise("refused", "nothing was undone: %s cannot be brought back%s", text.count(#refused, "trace"),
            #undone > 0 and (", and %d could; --partial undoes those"):format(#undone) or "")
    end
end

local function report(self, parsed, answer)
    if parsed.json then
        output.line(self:answer(answer))
    elseif answer.records == 0 then
        output.line("nothing to undo: the plan changed no trace")
    else
        output.line(("%s %s: %s for %s"):format(self.is_dry_run and "would write" or "wrote", answer.segment,
            text.count(answer.records, "record"), text.count(answer.traces, "trace")))
    end
end

local function carry_out(self, parsed, made)
    local finished = self:finished(made.id)
    if finished then
        report(self, parsed, { plan = made.id, traces = finished.traces, records = finished.records, refused = {},
            segment = finished.segment })
        return exit_codes.ok
    end
    local log = self:open()
    local undone, refused = undoing.compile(made, log, self:provenance(made.id))
    check_refused(self, parsed, made, refused, undone)
    local records = {}
    for _, one in ipairs(undone) do
        table.move(one.records, 1, #one.records, #records + 1, records)
    end
    if #records > 0 then
        self:check_room()
        self:check_end(log, "run tracereel repair first")
        self:check_preflight()
    end
    if #records > 0 and not self.is_dry_run then
        self:add_segment(records, { plan = made.id, plan_sha256 = made.sha256, traces = #undone })
    end
    local refused_ids = {}
    for index, one in ipairs(refused) do
        refused_ids[index] = one.trace_id
    end
    report(self, parsed, { plan = made.id, traces = #undone, records = #records, refused = refused_ids,
        segment = #records > 0 and self.next_name or tracereel.null })
    return writing.exit_code(log)
end

-- ---- arenas ----

local function report_arenas(self, parsed, found)
    if parsed.json then
        output.line(self:answer { arenas = mending.to_object(found) })
        return
    end
    mending.show(found, not self.is_dry_run)
    mending.tell_refused(found, output.line)
    if #found.stale == 0 then
        output.line("no arena's write position was set back")
    elseif not self.is_dry_run then
        output.line(("undone: %s"):format(text.count(#found.stale, "arena")))
    end
end

local function take_back(self, parsed)
    local found, undoes = unmending.find(self, self:open(), parsed.arenas[1])
    if #found.refused > 0 and (not parsed.partial or #found.stale == 0) then
        for _, one in ipairs(found.refused) do
            output.say("%s", one.reason)
        end
        failure.raise("refused", "nothing was undone: %s cannot be set back%s", text.count(#found.refused, "arena"),
            #found.stale > 0 and (", and %d could; --partial undoes those"):format(#found.stale) or "")
    end
    if #found.stale > 0 then
        self:check_preflight()
    end
    local refused_before = #found.refused
    if not self.is_dry_run then
        mending.carry_out(self, found, undoes)
    end
    report_arenas(self, parsed, found)
    -- Those that --partial leaves out were named before; what another process has taken meanwhile was not.
    return #found.refused > refused_before and exit_codes.refused or exit_codes.ok
end

-- Which of the words is which.
local function sort_files(parsed)
    local files = parsed.files
    if parsed.arenas then
        if #files > 1 then
            failure.raise("usage", "--arenas undoes no plan: give the log alone")
        end
        parsed.log = files[1]
        options.resolve_log_arenas(parsed, "log")
    elseif #files < 2 then
        failure.raise("usage", "give the plan that was applied, and then the directory of segments; or --arenas "
            .. "and the directory")
    else
        parsed.plan, parsed.log = files[1], files[2]
    end
end

---@param parsed table
---@return integer exit code
function undo.run(parsed)
    sort_files(parsed)
    if not parsed.arenas then
        return writing.with_plan("undo", parsed, carry_out)
    end
    local settings = { action = "undo", operator = parsed.operator, is_dry_run = parsed.dry_run }
    return writing.with(parsed.log, settings, function(self)
        return take_back(self, parsed)
    end)
end

return undo

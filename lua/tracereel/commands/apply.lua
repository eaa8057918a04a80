-- `tracereel apply`: writes the records of a plan after the log it was made for, all of them or none.
local engine_reader = require "tracereel.log.engine_reader"
local exit_codes = require "tracereel.cli.exit_codes"
local failure = require "tracereel.util.failure"
local mending = require "tracereel.recovery.mending"
local metadata = require "tracereel.recovery.metadata"
local of_log = require "tracereel.flow.of_log"
local options = require "tracereel.cli.options"
local output = require "tracereel.cli.output"
local plan = require "tracereel.recovery.plan"
local proof = require "tracereel.recovery.proof"
local repair = require "tracereel.recovery.repair"
local repaired = require "tracereel.recovery.repaired"
local text = require "tracereel.util.text"
local tracereel = require "tracereel"
local writing = require "tracereel.recovery.writing"

local apply = {
    name = "apply",
    takes = "a plan, then the log that it was made for",
}

function apply.define(command)
    command:argument("plan", "A plan written by tracereel recover."):argname("<PLAN>")
    command:argument("log", "The directory of segments that the plan was made for."):argname("<LOG>")
    command:flag("--repair", "First cut torn records and correct stale write positions of arenas, as tracereel repair "
        .. "--arenas --yes does.")
    options.arenas(command)
    command:flag("--no-arenas", "With --repair: do not change the arenas.")
    of_log.define_rule(command)
    writing.define_options(command)
end

-- The records as they will be in the log: with who writes them, where there is room for that. Proven once more,
-- because these are the ones that count.
local function signed_records(self, made, log)
    local provenance, records = self:provenance(made.id), {}
    local traces = plan.handles(made, log:traces())
    for index, one in ipairs(made.traces) do
        local signed = {}
        for number, rec in ipairs(one.records) do
            signed[number] = metadata.stamp(rec, provenance)
        end
        local _, difference = proof.prove(traces[index], signed, one.after)
        if difference then
            failure.raise("refused", "trace %s: the records do not lead to the state after: %s", one.entry.trace_id,
                difference)
        end
        table.move(signed, 1, #signed, #records + 1, records)
    end
    return records
end

-- The arenas to be mended: for the states that the plan leads to. nil where they are not to be looked at, or not found.
local function find_stale(self, parsed, made, log)
    if not parsed.repair or parsed.no_arenas then
        return nil
    end
    local where, problem = mending.locate(self.directory, parsed.arenas)
    if not where then
        output.say("%s: no write position was looked at; --arenas DIR says where they are, --no-arenas that none are "
            .. "meant", problem)
        return nil
    end
    local after = {}
    for _, one in ipairs(made.traces) do
        after[one.entry.trace_id] = one.after
    end
    local found = mending.find(where, log:traces(), after)
    mending.check_unlocked(found)
    return found
end

-- A log that ends in a torn record must be repaired first.
local function find_torn(self, parsed, log)
    if parsed.repair then
        return repair.find(self:open_whole(), false)
    end
    self:check_end(log, "add --repair to cut it first (the original is kept)")
    return { segments = {} }
end

local function repair_where_needed(self, torn, stale)
    if self.is_dry_run then
        return
    elseif #torn.segments > 0 then
        repair.choose_names(torn, self.directory)
        self:cut(torn)
    end
    if stale then
        mending.carry_out(self, stale)
    end
end

local function segment_names(segments)
    local names = {}
    for index, segment in ipairs(segments) do
        names[index] = segment.name
    end
    return names
end

local function report(self, parsed, answer, stale)
    if parsed.json then
        answer.arenas = stale and mending.to_object(stale) or nil
        output.line(self:answer(answer))
        return
    end
    for _, name in ipairs(answer.repaired) do
        output.line(("%s %s"):format(self.is_dry_run and "would repair" or "repaired", name))
    end
    if stale and #stale.stale > 0 then
        mending.show(stale, not self.is_dry_run)
    end
    output.line(("plan %s: %s of %d to change"):format(answer.plan:sub(1, 12), text.count(answer.traces, "trace"),
        answer.open_traces))
    if answer.records == 0 then
        output.line("nothing to write: the engine does all that the plan wants by itself")
    else
        output.line(("%s %s: %s, %d bytes"):format(self.is_dry_run and "would write" or "wrote", answer.segment,
            text.count(answer.records, "record"), answer.size_bytes))
    end
end

local function total_bytes(records)
    local total = 0
    for _, rec in ipairs(records) do
        total = total + #rec
    end
    return total
end

local function tell_engines_view(self)
    local log = self:open()
    log:replay {}
    local words = engine_reader.refusal_words(log)
    if words then
        output.say("%s; `tracereel repair` shows what can be done about it", words)
    end
end

local function carry_out(self, parsed, made)
    if (parsed.arenas or parsed.no_arenas) and not parsed.repair then
        failure.raise("usage", "--arenas and --no-arenas say what --repair does: add --repair")
    end
    local finished = self:finished(made.id)
    if finished then
        report(self, parsed, { plan = made.id, traces = made.summary.changed,
            open_traces = plan.open_traces(made), repaired = {}, records = finished.records,
            segment = finished.segment, size_bytes = finished.size_bytes })
        return exit_codes.ok
    end
    local log = self:open()
    local originals = repaired.originals(self.directory, made.log)
    local holds, problem = plan.verify(made, log, originals)
    if not holds then
        self:check_history(made)
        failure.raise("refused", "%s; make a new plan with tracereel recover", problem)
    end
    for _, line in ipairs(repaired.words(made.log, originals)) do
        output.say("%s", line)
    end
    local records = signed_records(self, made, log)
    if #records > 0 then
        self:check_room()
    end
    local stale = find_stale(self, parsed, made, log)
    local torn = find_torn(self, parsed, log)
    repair_where_needed(self, torn, stale)
    if stale then
        mending.tell_refused(stale, function(line)
            output.say("%s", line)
        end)
    end
    if #records + #torn.segments + (stale and #stale.stale or 0) > 0 then
        self:check_preflight()
    end
    if #records > 0 and not self.is_dry_run then
        self:add_segment(records, { plan = made.id, plan_sha256 = made.sha256, traces = made.summary.changed })
    end
    report(self, parsed, { plan = made.id, traces = made.summary.changed, open_traces = plan.open_traces(made),
        repaired = segment_names(torn.segments), records = #records, size_bytes = total_bytes(records),
        segment = #records > 0 and self.next_name or tracereel.null }, stale)
    if #torn.segments == 0 or not self.is_dry_run then
        tell_engines_view(self)
    end
    return writing.exit_code(log)
end

---@param parsed table
---@return integer exit code
function apply.run(parsed)
    of_log.check_rule(parsed, parsed.log, "apply")
    return writing.with_plan("apply", parsed, carry_out)
end

return apply

-- `tracereel undo`: writes the records that bring the traces of an applied plan back to their state before it.
local exit_codes = require "tracereel.exit_codes"
local failure = require "tracereel.failure"
local output = require "tracereel.output"
local text = require "tracereel.render.text"
local tracereel = require "tracereel"
local undoing = require "tracereel.recovery.undo"
local writing = require "tracereel.recovery.writing"

local undo = { name = "undo", summary = "Bring the traces of an applied plan back to their state before it." }

function undo.define(command)
    command:argument("plan", "A plan that was applied."):argname("<PLAN>")
    command:argument("log", "The directory of segments that it was applied to."):argname("<LOG>")
    command:flag("--partial", "Leave out traces that have moved on, instead of refusing all.")
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
        self:check_foreseen()
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

---@param parsed table
---@return integer exit code
function undo.run(parsed)
    return writing.with_plan("undo", parsed, carry_out)
end

return undo

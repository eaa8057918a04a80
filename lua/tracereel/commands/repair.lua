-- `tracereel repair`: cuts what a crash has torn out of a log, so that the engine can open it again; with --arenas it
-- also sets stale write positions, so that the engine reads what its nodes put out.
local archive_name = require "tracereel.util.archive_name"
local exit_codes = require "tracereel.cli.exit_codes"
local failure = require "tracereel.util.failure"
local logs = require "tracereel.cli.logs"
local mending = require "tracereel.recovery.mending"
local options = require "tracereel.cli.options"
local output = require "tracereel.cli.output"
local repairing = require "tracereel.recovery.repair"
local text = require "tracereel.util.text"
local tracereel = require "tracereel"
local writing = require "tracereel.recovery.writing"

local repair = { name = "repair" }

function repair.define(command)
    command:argument("log", "A directory of segments."):argname("<LOG>"):args("?")
    options.log_arenas(command, "Also move the write positions of open traces' arenas to the end of the last output.")
    command:flag("--yes -y", "Carry out the repair; without it, only show what would be done.")
    command:flag("--cut-corrupt", "Also cut corrupt stretches. Their bytes are saved, but no reader finds them any "
        .. "more.")
    writing.define_options(command)
end

local function cut_objects(cuts)
    local objects = {}
    for index, cut in ipairs(cuts) do
        objects[index] = { class = cut.class, offset = cut.offset, length = cut.length }
    end
    return objects
end

local function left_object(gap)
    return { class = gap.class, segment = gap.segment, offset = gap.offset, length = gap.length }
end

local function to_json(found, mended, directory, is_done)
    local segments, left = {}, {}
    for index, segment in ipairs(found.segments) do
        segments[index] = {
            segment = segment.name, size_bytes = segment.size_bytes, cut_bytes = segment.cut_bytes,
            cuts = cut_objects(segment.cuts), original = segment.original, cut = segment.cut_name,
        }
    end
    for index, gap in ipairs(found.left) do
        left[index] = left_object(gap)
    end
    return tracereel.json { action = "repair", log = directory, done = is_done, records = found.records,
        segments = segments, left = left, tainted = found.tainted,
        arenas = mended and mending.to_object(mended) or nil }
end

local function reason_to_stay(gap)
    if gap.class == "missing_segment" then
        return ""
    elseif archive_name.is_one(gap.segment) then
        return " (compressed, not rewritten)"
    end
    return " (--cut-corrupt cuts it)"
end

local function show(found, is_done)
    local verb = is_done and "cut" or "would cut"
    for _, segment in ipairs(found.segments) do
        for _, cut in ipairs(segment.cuts) do
            output.line(("%s %d bytes at %s:%d (%s)"):format(verb, cut.length, segment.name, cut.offset, cut.class))
        end
        output.wrapped(("  %d of %d bytes stay; the original is kept as %s, what is cut as %s"):format(
            segment.size_bytes - segment.cut_bytes, segment.size_bytes, segment.original, segment.cut_name), "    ")
    end
    for _, gap in ipairs(found.left) do
        output.wrapped(("stays%s: %s"):format(reason_to_stay(gap), logs.gap_line(gap)))
    end
    if #found.tainted > 0 then
        output.line(("%s open across the damage; nothing will mark %s any more:"):format(
            text.count(#found.tainted, "trace was", "traces were"), #found.tainted == 1 and "it" or "them"))
        for _, id in ipairs(found.tainted) do
            output.line("  " .. id)
        end
    end
end

-- What remains to be said of the two things that a repair does: the log, and the arenas where they are asked for.
local function conclude(found, mended, parsed, is_done)
    local is_needed = #found.segments > 0 or mended and #mended.stale > 0
    if #found.segments == 0 then
        output.line("nothing to repair: no segment is torn")
    elseif is_done then
        output.line(("repaired: %s, as many as before"):format(text.count(found.records, "readable record")))
    end
    if mended and #mended.stale == 0 then
        output.line(#mended.refused == 0 and "nothing to mend: no arena's write position is stale"
            or "no arena was mended")
    elseif mended and is_done then
        output.line(("mended: %s; tracereel undo --arenas takes it back"):format(text.count(#mended.stale, "arena")))
    end
    if is_needed and not is_done and not parsed.dry_run then
        output.line("nothing was changed; tracereel repair --yes does it")
    end
end

local function find_stale(self, parsed)
    if not parsed.arenas then
        return nil
    end
    local where, problem = mending.locate(self.directory, parsed.arenas[1])
    if not where then
        failure.raise("usage", "%s: %s; give --arenas DIR", self.directory, problem)
    end
    return mending.find(where, self:open():traces())
end

local function exit_code(found, mended)
    local code = repairing.leaves_damage(found) and exit_codes.damaged or exit_codes.ok
    return mended and #mended.refused > 0 and exit_codes.graver(code, exit_codes.refused) or code
end

local function carry_out(self, parsed, is_meant)
    local found = repairing.find(self:open_whole(), parsed.cut_corrupt)
    local mended = find_stale(self, parsed)
    repairing.choose_names(found, self.directory)
    local is_needed = #found.segments > 0 or mended and #mended.stale > 0
    local is_done = is_meant and is_needed or false
    if is_done then
        self:cut(found)
        if mended then
            mending.carry_out(self, mended)
        end
    end
    if parsed.json then
        output.line(to_json(found, mended, self.directory, is_done))
    else
        show(found, is_done)
        if mended then
            mending.show(mended, is_done)
            mending.tell_refused(mended, output.line)
        end
        conclude(found, mended, parsed, is_done)
    end
    if is_needed then
        self:check_preflight()
    end
    return exit_code(found, mended)
end

---@param parsed table
---@return integer exit code
function repair.run(parsed)
    options.resolve_log_arenas(parsed, "log")
    local is_meant = parsed.yes and not parsed.dry_run or false
    local settings = { action = "repair", operator = parsed.operator, is_dry_run = not is_meant }
    return writing.with(parsed.log, settings, function(self)
        return carry_out(self, parsed, is_meant)
    end)
end

return repair

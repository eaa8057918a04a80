-- Going through the logs of a command line: each is opened, read and judged by itself, and one that cannot be read does
-- not keep the others from being read.
local engine_view = require "tracereel.log.engine_view"
local exit_codes = require "tracereel.cli.exit_codes"
local failure = require "tracereel.util.failure"
local host = require "tracereel.util.host"
local listed_logs = require "tracereel.util.listed_logs"
local options = require "tracereel.cli.options"
local output = require "tracereel.cli.output"
local shard = require "tracereel.cli.shard"
local text = require "tracereel.util.text"
local base = require "tracereel.base"
local unfinished = require "tracereel.log.unfinished"
local units = require "tracereel.util.units"
local unread = require "tracereel.log.unread"

local logs = {}

---Raises where a command line has no log.
---@param paths string[]
---@param command? { name: string, takes: string|nil } takes: more than logs, and of two words nobody can tell which is
---  missing
function logs.check_has_log(paths, command)
    if #paths == 0 then
        local takes = command and command.takes
        failure.raise("usage", "no log: %s", takes and ("%s takes %s"):format(command.name, takes)
            or "give a directory of segments, a segment, a .gz or .zst, or - for standard input")
    end
end

---Adds the log of --segments-from to the others of a command line that takes it.
---@param parsed table
---@param command table of check_has_log
function logs.take_listed(parsed, command)
    if parsed.segments_from then
        local paths = parsed.logs or parsed.files
        listed_logs.add(parsed.segments_from)
        paths[#paths + 1] = parsed.segments_from
    end
    if parsed.logs then
        logs.check_has_log(parsed.logs, command)
    end
end

---Was an interrupt asked for (by SIGINT)?
function logs.interrupted()
    return host.interrupted()
end

---One line about a gap, for a person.
function logs.gap_line(gap)
    if gap.class == "missing_segment" then
        local more = gap.missing_count > 1 and (" and %d more"):format(gap.missing_count - 1) or ""
        return ("%s%s: %s: %s"):format(gap.segment, more, gap.class, text.clean(gap.detail))
    end
    return ("%s:%d: %s, %d bytes: %s"):format(gap.segment, gap.offset, gap.class, gap.length, text.clean(gap.detail))
end

---What JSON says of a gap: a missing segment has neither place nor length.
function logs.gap_object(gap)
    if gap.class == "missing_segment" then
        return { class = gap.class, segment = gap.segment }
    end
    return { class = gap.class, segment = gap.segment, offset = gap.offset, length = gap.length }
end

---A gap handler that reports each gap on standard error.
function logs.say_gap(gap)
    output.say("%s", logs.gap_line(gap))
end

---"1 corrupt (69 bytes), 1 missing_segment": what was lost.
function logs.damage_summary(statistics)
    local parts = {}
    for class, count in units.sorted(statistics.gaps) do
        if count > 0 and base.gap_classes[class] then
            parts[#parts + 1] = ("%d %s"):format(count, class)
        end
    end
    return table.concat(parts, ", ")
end

---Tells on standard error that a log is damaged, or that the engine does not read all of it.
---@param log tracereel.log
function logs.say_damage(log)
    local statistics = log:stats()
    local hidden = statistics.gaps.missing_segment > 0 and engine_view.hidden_between(log) or {}
    if #hidden > 0 then
        output.say("%s: the engine does not read %s, between segments that it reads: its knowledge of traces "
            .. "that were open there is incomplete", log.path, table.concat(hidden, ", "))
    end
    if statistics.gaps.missing_segment > #hidden or statistics.gaps.corrupt > 0 then
        output.say("%s is damaged: %s; `tracereel check` lists what was lost", log.path,
            logs.damage_summary(statistics))
    end
end

---The text that keeps the outputs of a command about several logs apart: before the first, the second and so on.
function logs.heading(title, index)
    output.write(index > 1 and "\n" or "", output.paint("bold", "== " .. text.clean(title) .. " =="), "\n")
end

---What a visitor of a log gets.
---@param path string
---@param parsed { logs: table } all logs
function logs.context_of(path, parsed)
    -- What a JSON object begins with: the log's name, where there is more than one.
    return { path = path, json_start = #parsed.logs > 1 and ('{"log":%s,'):format(base.json(path)) or "{" }
end

-- What of a log is said after it was visited, and what that means for the exit code.
local function judge(log, context, code)
    local speaks = shard.speaks(log.shard)
    if speaks and not context.has_told_unread then
        unread.say(log, output.say)
    end
    local is_unfinished = unfinished.words(context.path)
    if is_unfinished then
        code = exit_codes.graver(code, exit_codes.damaged)
        if speaks and not context.has_told_unfinished then
            output.say("%s", is_unfinished)
        end
    end
    if log:stats().damaged then
        code = exit_codes.graver(code, exit_codes.damaged)
        if speaks and not context.has_told_damage then
            logs.say_damage(log)
        end
    end
    return code
end

local function visit_one(path, parsed, index, visit)
    local log = base.open(path, options.to_read(parsed, path))
    if #parsed.logs > 1 and not parsed.json then
        logs.heading(path, index)
    end
    local context = logs.context_of(path, parsed)
    local code, value = visit(log, context)
    return judge(log, context, code or exit_codes.ok), value
end

---JSON text of an object, with the log's name in it where there is more than one log.
function logs.with_log(context, object)
    return context.json_start == "{" and object or context.json_start .. object:sub(2)
end

---The exit code of a failure that is about one log alone, or about what was made of several, which is said here; any
---other is raised again.
---@param problem tracereel.failure
---@return integer
function logs.code_of_failure(problem)
    local code = exit_codes.of_failure(problem)
    if not code or output.failed or problem.kind == "limit" or problem.kind == "usage" then
        error(problem, 0)
    end
    output.say("%s", problem.message)
    if problem.traceback then
        io.stderr:write(failure.script_part(problem.traceback), "\n")
    end
    return code
end

-- What is visited by itself: each log, or each of so many parts of one log's traces.
local function visits_of(parsed)
    local visits = {}
    if parsed.shards then
        for index = 0, parsed.shards - 1 do
            visits[index + 1] = { index = 1, path = parsed.logs[1], shard = { index = index, count = parsed.shards } }
        end
        return visits
    end
    for index, path in ipairs(parsed.logs) do
        visits[index] = { index = index, path = path, shard = parsed.shard }
    end
    return visits
end

local function name_of(unit)
    return unit.shard and ("%s, shard %s"):format(unit.path, shard.text(unit.shard)) or unit.path
end

---Calls visit(log, context) for each log of the parsed command line, or, where `parsed.shards` says how many there are
---to be, for each shard of the only one; in as many processes as `parsed.jobs` says. Where a shard or `take` fails, all
---is lost, and no other is visited.
---@param parsed table options.logs and those of options.reading
---@param visit fun(log: tracereel.log, context: table): integer|nil, any the log's exit code, where it is not the usual
---  one, and a value
---@param take? fun(value: any, context: table) in the order of the logs, and in this process: with each value
---@return integer exit code: the gravest of all
---@return boolean is_lost a shard has failed: what was taken is a part of an answer
function logs.each(parsed, visit, take)
    local code, is_lost = exit_codes.ok, false
    local function note(_, problem)
        code = exit_codes.graver(code, logs.code_of_failure(problem))
        is_lost = parsed.shards ~= nil
        return is_lost
    end
    local function visit_unit(unit)
        parsed.shard = unit.shard
        local visited, result, value = failure.xpcall(visit_one, unit.path, parsed, unit.index, visit)
        if not visited and parsed.shards then
            error(result, 0) -- it may be the same in each: the parent says it once
        elseif not visited then
            return { code = logs.code_of_failure(result) }
        elseif logs.interrupted() then
            result = exit_codes.graver(result, exit_codes.interrupted) -- of a worker alone, its parent does not know
            if not parsed.follow and shard.speaks(unit.shard) then
                output.say("interrupted: the answer may lack a part of %s", unit.path)
            end
        end
        return { code = result, value = value }
    end
    require "tracereel.cli.workers".map { -- here, because plain lua5.4 has no processes
        count = parsed.jobs or 1, units = visits_of(parsed), name = name_of, work = visit_unit, failed = note,
        take = function(unit, visited)
            code = exit_codes.graver(code, visited.code)
            if take and visited.value ~= nil then
                local taken, problem = failure.xpcall(take, visited.value, logs.context_of(unit.path, parsed))
                if not taken then
                    note(unit, problem)
                    is_lost = true
                    return true
                end
            end
        end,
    }
    return logs.interrupted() and exit_codes.graver(code, exit_codes.interrupted) or code, is_lost
end

return logs

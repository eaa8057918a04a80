-- What the engine makes of a log: would it recover from it, and where would it go on writing? Its reader opens every
-- file whose name is a plain segment's, in order of numbers, and walks from record to record by their lengths. Whatever
-- it cannot open, and a length that cannot be, makes it give up the whole log; a record whose checksum or type is wrong
-- is skipped with a warning; a segment that is missing is not noticed. Its writer reads nothing.
local archive_name = require "tracereel.util.archive_name"
local core = require "tracereel.core"
local files = require "tracereel.util.files"
local listed_logs = require "tracereel.util.listed_logs"
local segment_name = require "tracereel.log.segment_name"
local tables = require "tracereel.util.tables"
local text = require "tracereel.util.text"
local base = require "tracereel.base"

local engine_reader = {}

local Reader = {}
Reader.__index = Reader

-- The writer begins a new segment where the last one has more.
local max_reopened_bytes = 32 * 1024 * 1024

---Notes the gaps of a log while it is read: through a segment without one the engine's reader gets as any other.
---@param reads_part boolean|nil the log is not read from its beginning to its end
function engine_reader.new(reads_part)
    return setmetatable({ has_gap = {}, missing = {}, reads_part = reads_part }, Reader)
end

---@param gap tracereel.gap
function Reader:note(gap)
    self.has_gap[gap.segment] = true
    if gap.class == "missing_segment" then
        self.missing[gap.segment] = true
    end
end

local function is_directory(log)
    return log.path ~= "-" and files.is_directory(log.path)
end

-- Every plain file of the log, by number: { name, path, sequence, is_unread }. And how many are archived.
local function plain_files(log)
    if not is_directory(log) then
        local segment = log.segments[1]
        return { { name = segment.name, path = log.path, sequence = segment.sequence } }, 0
    end
    local now, plain, compressed = base.open(log.path), {}, 0
    local function add(list, is_unread)
        for _, one in ipairs(list) do
            if one.compressed then
                compressed = compressed + (is_unread and 0 or 1)
            else
                plain[#plain + 1] = { name = one.name, path = log.path .. "/" .. one.name, sequence = one.sequence,
                    is_unread = is_unread }
            end
        end
    end
    add(now.segments, false)
    add(now.unread, true)
    table.sort(plain, function(a, b)
        if a.sequence ~= b.sequence then
            return math.ult(a.sequence, b.sequence)
        end
        return a.name < b.name
    end)
    return plain, compressed
end

-- What keeps the engine from reading this file at all; nil where it opens it.
local function problem_of_file(file)
    local kind = files.kind(file.path)
    if not kind then
        return ("it cannot open %s: nothing is there by that name (a link to nowhere?)"):format(file.name)
    elseif kind == "a pipe" then
        return ("it waits for ever at %s: that is a pipe"):format(file.name)
    elseif kind ~= "a file" then
        return ("it cannot read %s: that is %s"):format(file.name, kind)
    end
    local opened, problem = files.open(file.path)
    if not opened then
        return ("it cannot open %s: %s"):format(file.name, problem:sub(#file.path + 3))
    end
    opened:close()
end

local function refusal(file, walk)
    local meets = walk.length < walk.min_length and ("where %d is the minimum"):format(walk.min_length)
        or ("where %d bytes are left"):format(walk.left)
    return ("at %s:%d it meets a record length of %d, %s"):format(file.name, walk.offset, walk.length, meets)
end

local function add_walk(verdict, file)
    local walk = core.engine_walk(file.path, file.name)
    verdict.skipped = verdict.skipped + walk.skipped
    verdict.passed_over = verdict.passed_over + walk.passed_over
    verdict.misread = verdict.misread + walk.misread
    if walk.refused then
        verdict.reason, verdict.segment, verdict.offset = refusal(file, walk), file.name, walk.offset
    end
end

local function read_as_engine(self, verdict, plain)
    for index, file in ipairs(plain) do
        local before = plain[index - 1]
        if before and before.sequence == file.sequence then
            verdict.same_number[#verdict.same_number + 1] = { before.name, file.name }
        end
        verdict.reason = problem_of_file(file)
        if verdict.reason then
            verdict.segment = file.name
        elseif self.has_gap[file.name] or file.is_unread or self.reads_part then
            add_walk(verdict, file)
        end
        if verdict.reason then
            return
        end
    end
end

-- The file that the engine's writer opens: the highest number in the engine's own sixteen digits, or the next one.
local function find_end(verdict, log, plain)
    local last = plain[#plain]
    local number = last and last.sequence or 0
    local name = segment_name.of(number)
    local path = log.path .. "/" .. name
    local kind = files.kind(path)
    local size, problem = 0, nil
    if kind == "a file" then
        size, problem = files.size(path)
    end
    if size and size > max_reopened_bytes then
        name = segment_name.of(number + 1)
        kind = files.kind(log.path .. "/" .. name)
    end
    verdict.append_to = name
    verdict.appends = not problem and (kind == nil or kind == "a file")
    verdict.append_problem = problem and problem:sub(#log.path + 2)
        or not verdict.appends and ("%s is %s"):format(name, kind) or nil
    for _, segment in ipairs(base.open(log.path).segments) do
        if segment.compressed and name == archive_name.split(segment.name) then
            verdict.archived_beside = segment.name
        end
    end
end

---@class tracereel.engine_verdict
---@field recovers boolean|nil nil of a pipe
---@field reason string|nil why it does not
---@field segment string|nil
---@field offset integer|nil
---@field skipped integer stretches that it skips with a warning
---@field passed_over integer records that can be read, and that a wrong length takes it past
---@field misread integer records that it reads inside of others
---@field missing integer segments that are missing, which it does not notice
---@field compressed integer archived segments, which it does not read
---@field same_number string[][] pairs of files with one number, which it reads both
---@field appends boolean|nil nil where the log is no directory
---@field append_to string|nil the file that it appends to
---@field append_problem string|nil
---@field archived_beside string|nil an archived segment with the number of that file

---What the engine makes of the log.
---@param log tracereel.log read to its end, its gaps noted
---@return tracereel.engine_verdict
function Reader:verdict(log)
    local verdict = { skipped = 0, passed_over = 0, misread = 0, missing = 0, compressed = 0, same_number = {} }
    local is_there = is_directory(log) or files.kind(log.path) == "a file"
    if not is_there or listed_logs.has(log.path) then
        return verdict
    end
    local plain, compressed = plain_files(log)
    verdict.compressed = compressed
    read_as_engine(self, verdict, plain)
    for _, file in ipairs(plain) do
        self.missing[file.name] = nil
    end
    verdict.missing = tables.count(self.missing)
    verdict.recovers = verdict.reason == nil
    if is_directory(log) then
        find_end(verdict, log, plain)
    end
    return verdict
end

-- What it does that a reader of the log would not expect.
local function remarks_of(verdict)
    local remarks = {}
    local function add(is_so, form, ...)
        remarks[#remarks + 1] = is_so and form:format(...) or nil
    end
    add(verdict.skipped > 0, "skip %s", text.count(verdict.skipped, "broken record"))
    add(verdict.passed_over > 0, "be taken past %s that can be read by a wrong length",
        text.count(verdict.passed_over, "record"))
    add(verdict.misread > 0, "read %s inside of others", text.count(verdict.misread, "record"))
    add(verdict.missing > 0, "not notice that a segment is missing")
    add(verdict.compressed > 0, "not read the compressed segments")
    for _, pair in ipairs(verdict.same_number) do
        add(true, "read both %s and %s, in no certain order", pair[1], pair[2])
    end
    return remarks
end

---One sentence about recovery.
---@param verdict tracereel.engine_verdict
---@return string
function engine_reader.recovery_words(verdict)
    if verdict.recovers == nil then
        return "whether the engine would recover from it cannot be said of a pipe, or of a list of segments"
    elseif not verdict.recovers then
        return "the engine would refuse to recover from this log: " .. text.clean(verdict.reason)
    end
    local remarks = remarks_of(verdict)
    if #remarks == 0 then
        return "the engine would recover from this log, and read all of it"
    end
    return "the engine would recover from this log, but " .. text.clean(table.concat(remarks, ", "))
end

---The sentence for a reader who relies on recovery: the engine would refuse.
---@param log tracereel.log read to its end; where it has gaps it is read again
---@return string|nil words nil where the engine recovers from it
function engine_reader.refusal_words(log)
    local reader = engine_reader.new()
    if log:stats().gap_bytes > 0 and log.path ~= "-" then
        base.open(log.path, { compressed = false }):replay {
            gap = function(gap)
                reader:note(gap)
            end,
        }
    end
    local verdict = reader:verdict(log)
    return verdict.recovers == false and engine_reader.recovery_words(verdict) or nil
end

---What it would do with the log as a writer.
---@param verdict tracereel.engine_verdict
---@return string[] lines none where nothing can be said
function engine_reader.append_lines(verdict)
    if verdict.appends == nil then
        return {}
    elseif not verdict.appends then
        return { "it could not append to it: " .. verdict.append_problem }
    end
    local lines = { ("it would append to it%s, to %s: opening for writing reads nothing"):format(
        verdict.recovers and "" or " all the same", verdict.append_to) }
    if verdict.archived_beside then
        lines[#lines + 1] = verdict.archived_beside
            .. " has the number of that file: it would then be taken for a copy, and not be read"
    end
    if not verdict.recovers then
        lines[#lines + 1] = "refused are recovery, inspection, and every resume by a person, whose approval is lost: "
            .. "its hook leaves the store before the log is read"
    end
    return lines
end

return engine_reader

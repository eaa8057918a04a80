-- Cuts what a crash has torn out of a log: which stretches of which segments, and how.
local archive_name = require "tracereel.util.archive_name"
local core = require "tracereel.core"
local failure = require "tracereel.util.failure"
local files = require "tracereel.util.files"
local gaps = require "tracereel.log.gaps"
local base = require "tracereel.base"

local repair = {}

-- What no reader can read.
repair.is_cut_always = { torn_tail = true, zero_tail = true, torn_write = true }

-- The stretches of a segment that must go, in order and not touching.
local function add_cut(segments, name, offset, length, class)
    local segment = segments[name]
    if not segment then
        segment = { name = name, cuts = {} }
        segments[name] = segment
        segments[#segments + 1] = segment
    end
    segment.cuts[#segment.cuts + 1] = { offset = offset, length = length, class = class }
end

local function size_of(path)
    local size, problem = files.size(path)
    return size or failure.raise("io", "%s", problem)
end

-- A repair writes a new file and renames it into the segment's place, and the original to a name beside it. For a link
-- that would replace the link, or write to another directory, of another file system or another log.
local function check_is_no_link(path)
    if core.is_link(path) then
        failure.raise("refused", "%s: it is a symbolic link: a repair would put a file in its place and leave what it "
            .. "leads to torn; put the file itself there first: cp --remove-destination \"$(readlink -f FILE)\" FILE",
            path)
    end
end

-- What stays of a segment, and where the cut stretches are in the file that keeps them.
local function complete(segment, directory)
    check_is_no_link(directory .. "/" .. segment.name)
    segment.size_bytes = size_of(directory .. "/" .. segment.name)
    segment.kept, segment.cut_bytes = {}, 0
    local position = 0
    for _, cut in ipairs(segment.cuts) do
        if cut.offset > position then
            segment.kept[#segment.kept + 1] = { offset = position, length = cut.offset - position }
        end
        segment.cut_bytes = segment.cut_bytes + cut.length
        position = cut.offset + cut.length
    end
    if segment.size_bytes > position then
        segment.kept[#segment.kept + 1] = { offset = position, length = segment.size_bytes - position }
    end
end

-- Once the damage is cut away, nothing shows which traces were open across it.
local function tainted_ids(log)
    local ids = {}
    for _, trace in ipairs(log:traces()) do
        if trace.tainted then
            ids[#ids + 1] = trace.id
        end
    end
    return ids
end

---What a repair would cut. The log is read to its end.
---@param log tracereel.log a directory's, not read yet
---@param cuts_corrupt boolean cut corrupt stretches, and the suspect records inside of them
---@return table found { segments = { name, size_bytes, cuts = { offset, length, class }, kept, cut_bytes },
---  left = gaps that stay, records = how many stay readable,
---  tainted = ids of traces that will not look tainted any more }
function repair.find(log, cuts_corrupt)
    local segments, left, suspects = {}, {}, 0
    local handlers = {}
    function handlers.gap(gap)
        local is_cut = repair.is_cut_always[gap.class] or cuts_corrupt and gap.class == "corrupt"
        if is_cut and not archive_name.is_one(gap.segment) then
            add_cut(segments, gap.segment, gap.offset, gap.length, gap.class)
        else
            left[#left + 1] = gap
        end
    end
    if cuts_corrupt then
        -- A text that only looks like a record must not become one.
        function handlers.record(rec)
            if rec.suspect and not archive_name.is_one(rec.segment) then
                add_cut(segments, rec.segment, rec.offset, #rec, "suspect")
                suspects = suspects + 1
            end
        end
    end
    log:replay(handlers)
    for _, segment in ipairs(segments) do
        complete(segment, log.path)
    end
    return {
        segments = segments,
        left = left,
        records = log:stats().records - suspects,
        tainted = cuts_corrupt and tainted_ids(log) or {},
    }
end

---Does something durable stay lost?
function repair.leaves_damage(found)
    return gaps.any_damage(found.left)
end

---Does the log end in what a crash leaves? A segment after it would make that look like damage.
---@param met tracereel.gap[]
---@return tracereel.gap|nil
function repair.torn_end(met)
    local last = met[#met]
    return last and (last.class == "torn_tail" or last.class == "zero_tail") and last or nil
end

-- The stretches of a segment, one after the other.
local function stretches_of(path, stretches)
    local file, problem = files.open(path)
    if not file then
        failure.raise("io", "%s", problem)
    end
    local parts = {}
    for _, stretch in ipairs(stretches) do
        local is_there
        is_there, problem = file:seek("set", stretch.offset)
        if is_there then
            parts[#parts + 1], problem = file:read(stretch.length)
        end
        if problem then
            file:close()
            failure.raise("io", "%s: %s", path, problem)
        end
    end
    file:close()
    return table.concat(parts)
end

local function is_taken(path)
    return files.exists(path) or core.is_link(path)
end

-- Is the cut kept there already, by a repair that was interrupted?
local function is_cut_kept(path, segment, directory)
    return not core.is_link(path) and files.size(path) == segment.cut_bytes
        and files.read(path) == stretches_of(directory .. "/" .. segment.name, segment.cuts)
end

-- Names that no segment has, the same number in both: free, or those that an interrupted repair of the same bytes gave.
local function choose(segment, directory)
    local number = 1
    while true do
        local ending = number == 1 and "" or "-" .. number
        local original, cut = segment.name .. ".original" .. ending, segment.name .. ".cut" .. ending
        local original_path, cut_path = directory .. "/" .. original, directory .. "/" .. cut
        local is_kept = is_taken(cut_path) and is_cut_kept(cut_path, segment, directory)
        if (is_kept or not is_taken(cut_path)) and (not is_taken(original_path)
            or core.is_same_file(original_path, directory .. "/" .. segment.name)) then
            segment.original, segment.cut_name, segment.is_cut_kept = original, cut, is_kept
            return
        end
        number = number + 1
    end
end

---Chooses, for each segment, the names of the files that keep the original and what is cut.
---@param found table from repair.find
---@param directory string
function repair.choose_names(found, directory)
    for _, segment in ipairs(found.segments) do
        choose(segment, directory)
    end
end

---Rewrites one segment without its cuts.
---@param locked userdata the log, locked
---@param segment table from repair.find, with names
function repair.rewrite(locked, segment)
    if segment.is_cut_kept then
        locked:sync() -- its name may not be durable yet
    else
        locked:save(segment.name, segment.cuts, segment.cut_name)
    end
    locked:replace_segment(segment.name, segment.kept, segment.original)
end

---Reads the log again: nil, or what is not as it was foreseen.
---@param directory string
---@param found table from repair.find
---@return string|nil
function repair.check(directory, found)
    local again = repair.find(base.open(directory), false)
    if #again.segments > 0 then
        local segment = again.segments[1]
        return ("%s/%s: still torn at offset %d"):format(directory, segment.name, segment.cuts[1].offset)
    elseif again.records ~= found.records then
        return ("%s: %d records expected, %d found"):format(directory, found.records, again.records)
    end
end

return repair

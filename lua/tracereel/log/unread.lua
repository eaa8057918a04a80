-- Files of a log that are not read, because another one has the same number: what an archiver that was interrupted
-- leaves beside the plain segment, or a copy under another name.
local failure = require "tracereel.util.failure"
local files = require "tracereel.util.files"
local base = require "tracereel.base"

local unread = {}

---Tells of each on standard error.
function unread.say(log, say)
    for _, file in ipairs(log.unread) do
        say("%s/%s is not read: %s has the same number; `tracereel check` compares them", log.path, file.name,
            file.read_instead)
    end
end

local function records_of(log, name)
    local path = log.path .. "/" .. name
    -- Opened as a log, a pipe would be waited for.
    local file, problem = files.open(path)
    if not file then
        failure.raise("io", "%s", problem)
    end
    file:close()
    return base.open(path):records()
end

local function first_of_its_own(log, file)
    local next_read = records_of(log, file.read_instead)
    for rec in records_of(log, file.name) do
        local read = next_read()
        if not read or read.offset ~= rec.offset or read ~= rec then
            return rec
        end
    end
end

---The offset of the first record in the file that the one which is read instead does not have there; nil where there is
---none. Where the two cannot be compared: false, and why.
---@param log tracereel.log
---@param file tracereel.unread_segment
---@return integer|false|nil offset
---@return string|nil problem
function unread.compare(log, file)
    local compared, result = failure.pcall(first_of_its_own, log, file)
    if compared then
        return result and result.offset
    elseif failure.is(result) then
        return false, result.message
    end
    error(result, 0)
end

return unread

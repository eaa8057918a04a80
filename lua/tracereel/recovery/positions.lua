-- Write positions of arenas, set in place and looked at. A change is { trace_id, from_bytes, to_bytes }; both numbers
-- lie within the file, so they are small.
local arenas = require "tracereel.log.arenas"
local failure = require "tracereel.util.failure"
local host = require "tracereel.util.host"
local tracereel = require "tracereel"

local positions = {}

local problem_of_kind = { locked = "locked", io = "unreadable" }

-- An arena, locked; nil, the problem and its kind where it cannot be locked.
local function lock(path)
    if not host.lock_arena then
        failure.raise("usage", "an arena can be changed by the program tracereel only")
    end
    local locked, result = pcall(host.lock_arena, path)
    if locked then
        return result
    elseif failure.is(result) and problem_of_kind[result.kind] then
        return nil, result.message, problem_of_kind[result.kind]
    end
    error(result, 0)
end

---Why an arena could not be changed now: another process holds it, or the program must not write to it. Nothing is
---written.
---@param path string
---@return string|nil problem
---@return "locked"|"unreadable"|nil kind
function positions.obstacle(path)
    local locked, problem, kind = lock(path)
    if locked then
        locked:close()
    end
    return problem, kind
end

---Sets one write position, where it still is what it was when it was looked at. Raises where the change began and could
---not be ended.
---@param directory string
---@param change { trace_id: string, from_bytes: integer, to_bytes: integer }
---@return boolean|nil is_set
---@return string|nil problem
---@return string|nil kind
function positions.set(directory, change)
    local path = arenas.path(directory, change.trace_id)
    local locked <close>, problem, kind = lock(path)
    if kind == "unreadable" then
        failure.raise("io", "%s", problem)
    elseif not locked then
        return nil, problem, kind
    end
    local header, wrong = arenas.parse_header(change.trace_id, locked:read_header())
    if not header then
        return nil, ("%s: %s"):format(path, wrong), "damaged"
    elseif header.write_position_bytes ~= change.from_bytes then
        return nil, ("%s: its write position was %d, and is %s: another process is at work"):format(path,
            change.from_bytes, tracereel.unsigned(header.write_position_bytes)), "moved"
    end
    locked:set_write_position(change.to_bytes)
    return true
end

---Which changes are in place, found out where a command was interrupted; those are made durable. Raises where that
---cannot be found out.
---@param directory string
---@param changes table[]
---@return table[]
function positions.in_place(directory, changes)
    local found = {}
    for _, change in ipairs(changes) do
        local header, problem, kind = arenas.header(directory, change.trace_id)
        if kind == "unreadable" then
            failure.raise("io", "%s", problem)
        elseif header and header.write_position_bytes == change.to_bytes then
            local locked <close>, lock_problem, lock_kind = lock(arenas.path(directory, change.trace_id))
            if not locked then
                failure.raise(lock_kind == "locked" and "refused" or "io", "%s", lock_problem)
            end
            locked:sync()
            found[#found + 1] = change
        end
    end
    return found
end

local function is_position(value)
    return math.type(value) == "integer" and value >= 0
end

---Are these changes, as a journal has them? A trace's id becomes the name of a file.
---@param value any
---@return boolean
function positions.are_changes(value)
    for _, change in ipairs(type(value) == "table" and value or {}) do
        if type(change) ~= "table" or type(change.trace_id) ~= "string"
            or not change.trace_id:find("^%x%x%x%x%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x$")
            or not is_position(change.from_bytes) or not is_position(change.to_bytes) then
            return false
        end
    end
    return type(value) == "table" and #value > 0
end

return positions

-- A directory that appears complete or not at all: a log, several, or a log and what belongs to it. Where none is there
-- it is written beside its place and renamed into it. One that is there already keeps its owner, permissions and files:
-- the new ones are written in a directory inside, and moved up when they are complete.
local archive_name = require "tracereel.util.archive_name"
local core = require "tracereel.core"
local failure = require "tracereel.util.failure"
local files = require "tracereel.util.files"
local host = require "tracereel.host"
local output = require "tracereel.cli.output"
local unfinished = require "tracereel.log.unfinished"

local new_directory = {}

local NewDirectory = {}
NewDirectory.__index = NewDirectory

local locked_errno = 11

local function raise_io(form, ...)
    failure.raise("io", "cannot make %s", form:format(...))
end

local function names_in(path)
    local names, problem = host.list_directory(path)
    if not names then
        failure.raise("io", "cannot list %s", problem)
    end
    table.sort(names)
    return names
end

-- The name of a directory's last segment. Whether it can be read does not count.
local function last_segment(path)
    local last, last_number
    for _, name in ipairs(names_in(path)) do
        local digits = archive_name.split(name):match("^wal_%+?(%x+)%.log$")
        local number = digits and math.tointeger(tonumber("0x" .. digits))
        if number and (not last or not math.ult(number, last_number)) then
            last, last_number = name, number
        end
    end
    return last
end

---Why no log may be written into a directory; nil where it holds none.
---@param path string
---@return string|nil one sentence
function new_directory.holds_log(path)
    local last = files.is_directory(path) and last_segment(path)
    if not last then
        return nil
    end
    local rest = unfinished.within(path)
    return ("%s: it already holds segments, the last is %s; %s"):format(path, last, files.exists(rest)
        and rest .. " is what an interrupted command had still to move there: move it, or remove both"
        or "use a new directory")
end

---@param path string of a directory, which may be there
function new_directory.open(path)
    local place, problem = core.without_links((path:gsub("(.)/+$", "%1")))
    if not place then
        raise_io("%s", problem or path)
    end
    local is_there = files.exists(place)
    local work_path = is_there and unfinished.within(place) or unfinished.beside(place)
    local held, was_left, errno = core.unfinished_directory(work_path, path)
    if not held and errno == locked_errno then
        failure.raise("locked", "%s: another process is writing it, in %s; wait for that, or use another directory",
            path, work_path)
    elseif not held then
        raise_io("%s", was_left)
    elseif was_left then
        output.say("%s is removed: an interrupted command had left it", work_path)
    end
    return setmetatable({
        path = path, -- as the user calls it
        work_path = work_path, -- where to write
        place = place,
        is_there = is_there,
        held = held,
    }, NewDirectory)
end

---Where to write a file or a directory of that name. Raises where the name is taken.
---@param name string
---@return string
function NewDirectory:entry(name)
    if self.is_there and files.exists(self.place .. "/" .. name) then
        failure.raise("usage", "%s: it already holds `%s`; use a new directory", self.path, name)
    end
    return self.work_path .. "/" .. name
end

---What a path that is written to will be when it is in its place.
---@param path string
---@return string
function NewDirectory:final(path)
    return self.path:gsub("(.)/+$", "%1") .. path:sub(#self.work_path + 1)
end

local function sync(path)
    local synced, problem = core.sync_file(path)
    if not synced then
        failure.raise("io", "cannot make it durable: %s", problem)
    end
end

-- Waits until all that is in it is durable. Returns its names, sorted.
local function sync_all(path)
    local names = names_in(path)
    for _, name in ipairs(names) do
        local entry = path .. "/" .. name
        if files.is_directory(entry) then
            sync_all(entry)
        else
            sync(entry)
        end
    end
    sync(path)
    return names
end

---Gives up what was written: nothing of it is left.
function NewDirectory:drop()
    self.held:drop()
end

---Puts what was written in its place.
function NewDirectory:finish()
    local names = sync_all(self.work_path)
    local done, problem, _, state
    if self.is_there then
        done, problem, _, state = self.held:finish_in(self.place, names)
    else
        -- The system replaces nothing but an empty directory.
        done, problem, _, state = self.held:finish(self.place, true)
    end
    if not done then
        raise_io("%s", state and problem .. "; " .. state or problem)
    end
end

return new_directory

-- Where the logs of simulations go: into a directory that the user names, where they appear when all are complete, or
-- into a temporary one: there each log is removed after it was measured, and the rest at the end, also after an error.
local failure = require "tracereel.util.failure"
local host = require "tracereel.host"
local new_directory = require "tracereel.cli.new_directory"
local temporary_directory = require "tracereel.util.temporary_directory"

local workplace = {}

local Workplace = {}
Workplace.__index = Workplace

---@param directory string|nil where the logs stay; nil: nowhere
function workplace.open(directory)
    return setmetatable({ path = directory, is_temporary = not directory }, Workplace)
end

local function make(path)
    local made, problem, errno = host.make_directory(path)
    local exists = 17
    if not made and errno ~= exists then
        failure.raise("io", "cannot make a directory: %s", problem)
    end
end

-- Makes the directory at the first write.
function Workplace:_open()
    if self.is_temporary then
        self.scratch = self.scratch or temporary_directory.directory()
    else
        self.output = self.output or new_directory.open(self.path)
    end
end

---The directory for the only log that there will be.
---@return string
function Workplace:log()
    local problem = new_directory.holds_log(self.path)
    if problem then
        failure.raise("usage", "%s", problem)
    end
    self:_open()
    return self.output.work_path
end

---The path of a file or a directory in the user's directory.
---@param name string
---@return string
function Workplace:entry(name)
    self:_open()
    return self.is_temporary and self.scratch .. "/" .. name or self.output:entry(name)
end

-- What does not belong into a file's name is replaced.
local function file_name(name)
    return (name:gsub("[^%w=,._+-]", "_"))
end

---A directory that can be given to a simulation.
---@param name string of what is simulated
---@param run integer|nil one of several runs
---@return string
function Workplace:directory(name, run)
    local path = self:entry(file_name(name))
    if run then
        make(path)
        path = ("%s/run-%d"):format(path, run)
    end
    return path
end

---The final path of the log that was simulated under that name; nil where it does not stay.
---@param name string
---@return string|nil
function Workplace:final(name)
    return self.output and self.output:final(self.output.work_path .. "/" .. file_name(name))
end

---The log in that directory was measured.
function Workplace:done(directory)
    if self.is_temporary then
        temporary_directory.remove(directory)
    end
end

---All that there is to write was written: the user's directory has it from here on.
function Workplace:finish()
    if self.output then
        self.output:finish()
    end
end

---`local place <close> = workplace.open()`
function Workplace:__close()
    if self.scratch then
        temporary_directory.remove(self.scratch)
    end
end

return workplace

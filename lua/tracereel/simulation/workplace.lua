-- Where the logs of many simulations go: into a directory that the user names, or into a temporary one, of which each
-- log is removed as soon as it was measured, and the rest at the end, whatever that is.
local failure = require "tracereel.failure"
local host = require "tracereel.host"
local scratch = require "tracereel.scratch"

local workplace = {}

local Workplace = {}
Workplace.__index = Workplace

---@param directory string|nil where the logs stay; nil: nowhere
function workplace.open(directory)
    return setmetatable({ root = directory, is_temporary = not directory }, Workplace)
end

local function make(path)
    local made, problem, errno = host.make_directory(path)
    local exists = 17
    if not made and errno ~= exists then
        failure.raise("io", "cannot make a directory: %s", problem)
    end
end

---A directory that can be given to a simulation.
---@param name string of what is simulated; what does not belong into a file's name is replaced
---@param run integer|nil one of several runs
---@return string
function Workplace:directory(name, run)
    self.root = self.root or scratch.directory()
    make(self.root)
    local path = self.root .. "/" .. name:gsub("[^%w=,._+-]", "_")
    if run then
        make(path)
        path = ("%s/run-%d"):format(path, run)
    end
    return path
end

---The log in that directory was measured.
function Workplace:done(directory)
    if self.is_temporary then
        scratch.remove(directory)
    end
end

---`local place <close> = workplace.open()`
function Workplace:__close()
    if self.is_temporary and self.root then
        scratch.remove(self.root)
    end
end

return workplace

-- The recovery script that a command line names: a file, or one that comes with the program.
local bundled = require "tracereel.script.bundled"
local failure = require "tracereel.util.failure"
local files = require "tracereel.util.files"
local script = require "tracereel.script"
local script_modules = require "tracereel.script.modules"

local script_file = {}

---@class tracereel.script_file
---@field path string
---@field name string|nil of a bundled script
---@field is_bundled boolean

---The file that a word means; raises "usage" where it can be none.
---@param word string
---@return tracereel.script_file
function script_file.find(word)
    local path = not word:find("/", 1, true) and bundled.path(word)
    if path then
        return { path = path, name = word, is_bundled = true }
    elseif not word:match("%.lua$") then
        failure.raise("usage", "%s is no script: a file ending in .lua expected, or a bundled one", word)
    end
    return { path = word, is_bundled = false }
end

---Its contents; raises "usage" if there is no such file, and "io" if it cannot be read.
function script_file.text(file)
    local bytes, problem, errno = files.read(file.path)
    return bytes or failure.raise(files.is_no_file(errno) and "usage" or "io", "cannot read the script: %s", problem)
end

---A loader for recovery.decide, which loads the script anew as often as needed, and asks what it has required so far.
---@param file tracereel.script_file
---@param is_unsafe boolean|nil with the whole standard library
function script_file.loader(file, is_unsafe)
    local modules = script_modules.new(is_unsafe)
    return {
        load = function()
            local one = script.load(file.path, { name = file.name, unsafe = is_unsafe, modules = modules })
            if not one.table.recover then
                failure.raise("usage", "%s has no `recover = function(trace, default)`", file.path)
            end
            return one
        end,
        modules = function()
            return modules:list()
        end,
    }
end

return script_file

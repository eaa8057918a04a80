-- Directories for a while: in TMPDIR (or /tmp), and gone when they are no longer needed.
local failure = require "tracereel.util.failure"
local host = require "tracereel.host"

local temporary_directory = {}

local lent = {}

---A new empty directory, until temporary_directory.remove or temporary_directory.remove_all.
---@return string path
function temporary_directory.directory()
    local path, problem = host.make_temporary_directory()
    if not path then
        failure.raise("io", "cannot make a temporary directory (TMPDIR says where): %s", problem)
    end
    lent[path] = true
    return path
end

---Removes what is in a directory.
---@param directory string of temporary_directory.directory, or in one
function temporary_directory.clear(directory)
    for _, name in ipairs(host.list_directory(directory) or {}) do
        temporary_directory.remove(directory .. "/" .. name)
    end
end

---Removes a directory with what is in it, or a file.
---@param path string of temporary_directory.directory, or in one
function temporary_directory.remove(path)
    temporary_directory.clear(path)
    os.remove(path)
    lent[path] = nil
end

---Removes the directories that an error has left. Not within a script's limits: nothing runs there any more once one of
---them was reached.
function temporary_directory.remove_all()
    for directory in pairs(lent) do
        temporary_directory.remove(directory)
    end
end

return temporary_directory

-- Directories for a while: in TMPDIR (or /tmp), and gone when they are no longer needed.
local failure = require "tracereel.failure"
local host = require "tracereel.host"

local scratch = {}

local lent = {}

---A new empty directory, until scratch.remove or scratch.remove_all.
---@return string path
function scratch.directory()
    local path, problem = host.make_temporary_directory()
    if not path then
        failure.raise("io", "cannot make a temporary directory (TMPDIR says where): %s", problem)
    end
    lent[path] = true
    return path
end

---Removes what is in a directory.
---@param directory string of scratch.directory, or in one
function scratch.clear(directory)
    for _, name in ipairs(host.list_directory(directory) or {}) do
        scratch.remove(directory .. "/" .. name)
    end
end

---Removes a directory with what is in it, or a file.
---@param path string of scratch.directory, or in one
function scratch.remove(path)
    scratch.clear(path)
    os.remove(path)
    lent[path] = nil
end

---Removes the directories that an error has left. Not within a script's limits: nothing runs there any more once one of
---them was reached.
function scratch.remove_all()
    for directory in pairs(lent) do
        scratch.remove(directory)
    end
end

return scratch

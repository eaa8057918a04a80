-- Directories for a while: in TMPDIR (or /tmp), and gone when they are no longer needed.
local failure = require "tracereel.failure"
local host = require "tracereel.host"

local scratch = {}

local lent = {}

---A new empty directory, until scratch.remove or scratch.remove_all.
---@param purpose string a word for its name
---@return string path
function scratch.directory(purpose)
    local name = ("tracereel-%s-%x-%s"):format(purpose, host.now_ns(), tostring({}):match("%x+$"))
    local path = (os.getenv("TMPDIR") or "/tmp") .. "/" .. name
    local is_made, problem = host.make_directory(path)
    if not is_made then
        failure.raise("io", "cannot make a directory in TMPDIR (or /tmp): %s", problem)
    end
    lent[path] = true
    return path
end

---Removes the files of a directory.
function scratch.clear(directory)
    for _, name in ipairs(host.list_directory(directory) or {}) do
        os.remove(directory .. "/" .. name)
    end
end

---@param directory string of scratch.directory; it holds no other directory
function scratch.remove(directory)
    scratch.clear(directory)
    os.remove(directory)
    lent[directory] = nil
end

---Removes the directories that an error has left. Not within a script's limits: nothing runs there any more once one of
---them was reached.
function scratch.remove_all()
    for directory in pairs(lent) do
        scratch.remove(directory)
    end
end

return scratch

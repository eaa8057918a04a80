-- Files that are read by name. Anything other than a file, a pipe above all, is reported and not waited for. Pipes
-- without a name are read, as the shell makes them: <(command), /dev/stdin.
local core = require "tracereel.core"
local failure = require "tracereel.util.failure"
local host = require "tracereel.util.host"

local files = {}

---Raises, with the line of who called the caller, where a value is no path: what the system takes ends at a zero byte,
---and would be another path.
---@param what string the function that was given it
---@param value any
function files.check_path(what, value)
    if type(value) ~= "string" or value:find("\0", 1, true) then
        error(("%s: a path expected, got %s"):format(what, failure.got(value)), 3)
    end
end

---Opens a file for reading, as io.open does. Raises where the process is short of something, or the medium fails.
---@param path string
---@return file*|nil
---@return string|nil problem begins with the path
---@return integer|nil errno 0 where it is no file
function files.open(path)
    return core.open_file(path)
end

---The whole contents of a file. Raises as files.open does, and if it is open and cannot be read.
---@param path string
---@return string|nil
---@return string|nil problem begins with the path
---@return integer|nil errno as files.open has it
function files.read(path)
    local file, problem, errno = core.open_file(path)
    if not file then
        return nil, problem, errno
    end
    local text
    text, problem = file:read("a")
    file:close()
    return text or failure.raise("io", "%s: %s", path, problem)
end

---The same for a file that need not be there.
---@param path string
---@return string|nil
function files.read_if_there(path)
    local text, problem, errno = files.read(path)
    if not text and not files.is_absent(errno) then
        failure.raise("io", "%s", problem)
    end
    return text
end

---Writes bytes to a file: in place of what it holds, or after it. What a user asks for by name is a new_file.
---@param path string
---@param bytes string
---@param mode? "ab" after what it holds
---@return boolean|nil written
---@return string|nil problem begins with the path
function files.write(path, bytes, mode)
    local file, problem = io.open(path, mode or "wb")
    if not file then
        return nil, problem
    end
    local written, write_problem = file:write(bytes)
    local closed, close_problem = file:close()
    if not written or not closed then
        return nil, ("%s: %s"):format(path, write_problem or close_problem)
    end
    return true
end

---The size of a file. Raises as files.read does.
---@param path string
---@return integer|nil bytes
---@return string|nil problem begins with the path
function files.size(path)
    local file, problem = core.open_file(path)
    if not file then
        return nil, problem
    end
    local size
    size, problem = file:seek("end")
    file:close()
    return size or failure.raise("io", "%s: %s", path, problem)
end

local no_such_file_errno = 2
-- ENOENT, ENOTDIR, ENAMETOOLONG, ELOOP
local is_nothing = { [no_such_file_errno] = true, [20] = true, [36] = true, [40] = true }

---Is it said that nothing is there?
---@param errno integer|nil as files.open, files.read and host.list_directory return it
function files.is_absent(errno)
    return errno == no_such_file_errno
end

---Is it said that no file is there: nothing, or something else?
---@param errno integer|nil as files.open and files.read return it
function files.is_no_file(errno)
    return errno == 0 or is_nothing[errno] == true
end

---What is there, as "a file", "a directory", "a pipe". nil where nothing is; raises where that cannot be found out.
---@param path string
---@return string|nil
function files.kind(path)
    local kind, problem = core.file_kind(path)
    if not kind and problem then
        failure.raise("io", "%s", problem)
    end
    return kind
end

---Is anything there?
---@param path string
---@return boolean
function files.exists(path)
    return files.kind(path) ~= nil
end

---Is something there that is no file: a device, a pipe or a directory, which a rename must not replace?
---@param path string
---@return boolean
function files.is_special(path)
    local kind = files.kind(path)
    return kind ~= nil and kind ~= "a file"
end

---@param path string
---@return boolean
function files.is_directory(path)
    return files.kind(path) == "a directory"
end

---Has a directory an entry whose name begins and ends so? It is read as far as the first of them.
---@type fun(directory: string, beginning: string, ending: string): boolean|nil, string|nil nil and the problem where it
--- may not be listed
files.has_entry = core.has_entry

---The absolute path, without links; nil where nothing is there.
---@param path string
---@return string|nil
function files.real_path(path)
    if not host.real_path then
        return nil
    end
    local found, problem, errno = host.real_path(path)
    if not found and not is_nothing[errno] then
        failure.raise("io", "%s", problem)
    end
    return found
end

---The names of the Lua modules in a directory, in order.
---@param directory string
---@param what string what they are, for the message where it cannot be listed
---@param list_directory fun(path: string): string[]|nil, string?
---@return string[]
function files.module_names(directory, what, list_directory)
    local names = {}
    local file_names, problem = list_directory(directory)
    if not file_names then
        failure.raise("io", "cannot list %s: %s", what, problem)
    end
    for _, file_name in ipairs(file_names) do
        names[#names + 1] = file_name:match("^([%w_]+)%.lua$")
    end
    table.sort(names)
    return names
end

return files

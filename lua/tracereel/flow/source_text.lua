-- The text of a flow's file, which is no larger than a flow's can be.
local failure = require "tracereel.util.failure"
local files = require "tracereel.util.files"

local source_text = {}

---@param path string
---@param max_bytes integer
---@return string|nil text nil where there is no file
---@return string|nil problem why, then
function source_text.read_if_there(path, max_bytes)
    local file, problem, errno = files.open(path)
    if not file and files.is_absent(errno) then
        return nil, problem
    elseif not file then
        failure.raise(files.is_no_file(errno) and "usage" or "io", "flow %s", problem)
    end
    local text, read_problem = file:read(max_bytes + 1)
    file:close()
    if read_problem then
        failure.raise("io", "flow %s: %s", path, read_problem)
    elseif text and #text > max_bytes then
        failure.raise("usage", "flow %s: larger than %d bytes; is it a flow file?", path, max_bytes)
    end
    return text or ""
end

---The same of a file that must be there.
---@param path string
---@param max_bytes integer
---@return string
function source_text.read(path, max_bytes)
    local text, problem = source_text.read_if_there(path, max_bytes)
    return text or failure.raise("io", "flow %s", problem)
end

return source_text

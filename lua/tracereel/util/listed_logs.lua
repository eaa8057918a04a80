-- Paths of logs that are lists of segments: whoever opens such a log again must read it as one, too.
local listed_logs = {}

local is_listed = {}

---From here on the log of that path is what the list of segments in the file says.
---@param path string
function listed_logs.add(path)
    is_listed[path] = true
end

---@param path string
---@return boolean|nil
function listed_logs.has(path)
    return is_listed[path]
end

return listed_logs

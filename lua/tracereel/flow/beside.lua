-- The flow that a log brings along: tracereel.flow.lua among its segments. It is read as data: nothing in it is run.
local check = require "tracereel.flow.check"
local core = require "tracereel.core"
local failure = require "tracereel.util.failure"
local files = require "tracereel.util.files"
local source_text = require "tracereel.flow.source_text"

local beside = {}

---Its file's name.
beside.file_name = "tracereel.flow.lua"

-- 100,000 nodes take a tenth of it.
local max_file_bytes = 64 << 20

-- By path: what was read last, and from which text.
local last_read = {}

---Where a log's flow would be; nil for a pipe, and where there is no log.
---@param log_path string a directory, or one segment
---@return string|nil
function beside.path(log_path)
    local kind = log_path ~= "-" and files.kind(log_path)
    if kind == "a directory" then
        return log_path:gsub("(.)/+$", "%1") .. "/" .. beside.file_name
    elseif kind == "a file" then
        return (log_path:match("^(.*/)[^/]*$") or "") .. beside.file_name
    end
    return nil
end

local function flow_of(text, path)
    local read, value = failure.pcall(core.read_data, text, path)
    if not read and failure.is_memory(value) then
        error(failure.same(value), 0)
    elseif not read then
        failure.raise("usage", "flow %s", failure.text(value))
    end
    local checked, problem = check(value)
    if not checked then
        failure.raise("usage", "flow %s: %s", path, problem)
    end
    return checked
end

---The flow of a log. Raises where there is one that cannot be read, with its file and line.
---@param log_path string
---@return tracereel.flow|nil nil where the log has none
function beside.load(log_path)
    local path = beside.path(log_path)
    local text = path and source_text.read_if_there(path, max_file_bytes)
    if not text then
        return nil
    end
    local last = last_read[path]
    if not last or last.text ~= text then
        last = { text = text, flow = flow_of(text, path) }
        last_read[path] = last
    end
    return last.flow
end

---Does the flow say an order: does any node come after another? One that only has names says none.
---@param flow tracereel.flow
---@return boolean
function beside.has_order(flow)
    local count = 0
    for _, node in pairs(flow.nodes) do
        count = count + 1
        if #node.after > 0 then
            return true
        end
    end
    return count == 1
end

return beside

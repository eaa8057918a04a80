-- The scripts that come with the program, in the folder scripts/ beside this one: `tracereel run NAME LOG`.
local failure = require "tracereel.util.failure"
local files = require "tracereel.util.files"

local bundled = {}

local function directory()
    local own_path = package.searchpath("tracereel.script.bundled", package.path)
    return own_path and own_path:gsub("script/[^/]*$", "") .. "scripts/"
end

---The file of a bundled script; nil where there is none with that name.
---@param name string
---@return string|nil
function bundled.path(name)
    if not name:match("^[%w_]+$") or not directory() then
        return nil
    end
    local path = directory() .. name .. ".lua"
    return files.exists(path) and path or nil
end

---The names of all of them, in order.
---@param list_directory fun(path: string): string[]|nil, string?
function bundled.names(list_directory)
    local names = {}
    local file_names, problem = list_directory(directory())
    if not file_names then
        failure.raise("io", "cannot list the bundled scripts: %s", problem)
    end
    for _, file_name in ipairs(file_names) do
        names[#names + 1] = file_name:match("^([%w_]+)%.lua$")
    end
    table.sort(names)
    return names
end

return bundled

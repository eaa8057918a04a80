-- The scripts that come with the program, in the folder scripts/ beside this one: `tracereel run NAME LOG`.
local files = require "tracereel.util.files"

local bundled = {}

local own_path = select(2, ...) -- from `require`: to look for it again could fail
local directory = own_path:gsub("script/[^/]*$", "") .. "scripts/"

---The file of a bundled script; nil where there is none with that name.
---@param name string
---@return string|nil
function bundled.path(name)
    if not name:match("^[%w_]+$") then
        return nil
    end
    local path = directory .. name .. ".lua"
    return files.exists(path) and path or nil
end

---The names of all of them, in order.
---@param list_directory fun(path: string): string[]|nil, string?
function bundled.names(list_directory)
    return files.module_names(directory, "the bundled scripts", list_directory)
end

return bundled

-- The files that a script loads by `require`, with their hashes. Where it is loaded several times, one list is of all.
local core = require "tracereel.core"
local files = require "tracereel.util.files"

local Modules = {}
Modules.__index = Modules

local script_modules = {}

---@param is_unsafe boolean|nil the script has Lua's own `require`
function script_modules.new(is_unsafe)
    local self = setmetatable({ sums = {} }, Modules)
    if is_unsafe then
        -- What is loaded now is the program's own.
        self.before = {}
        for name in pairs(package.loaded) do
            self.before[name] = true
        end
    end
    return self
end

---A module was loaded from a text.
---@param name string as it was required
---@param text string
function Modules:add(name, text)
    self.sums[name] = core.sha256(text)
end

-- Lua's own `require` reports what it has loaded, including modules of modules.
local function add_loaded(self)
    for name in pairs(package.loaded) do
        local is_own = self.before[name] or name:find("^tracereel%f[.\0]")
        if not is_own and not self.sums[name] then
            local path = package.searchpath(name, package.path) or package.searchpath(name, package.cpath)
            local text = path and files.read_if_there(path)
            if text then
                self:add(name, text)
            end
        end
    end
end

---@return { name: string, sha256: string }[] in the order of names
function Modules:list()
    if self.before then
        add_loaded(self)
    end
    local list = {}
    for name, sum in pairs(self.sums) do
        list[#list + 1] = { name = name, sha256 = sum }
    end
    table.sort(list, function(a, b)
        return a.name < b.name
    end)
    return list
end

return script_modules

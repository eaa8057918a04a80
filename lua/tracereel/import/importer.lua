-- An importer: the Lua file that reads one kind of recording. Those that come with the program are in the folder
-- importers/ beside this one.
local failure = require "tracereel.util.failure"
local files = require "tracereel.util.files"
local script = require "tracereel.script"
local script_arguments = require "tracereel.script.arguments"
local units = require "tracereel.util.units"

local importer = {}

local type_of_key = {
    api = "number", summary = "string", args = "table", extensions = "table", detect = "function",
    import = "function", finish = "function",
}

local current_api = 1

local function check(value)
    if type(value) ~= "table" then
        return ("an importer returns a table with `import`; this file returned a %s"):format(type(value))
    end
    for key, member in units.sorted(value) do
        local wanted = type_of_key[key]
        if not wanted then
            return ("unknown key %s; known are %s"):format(failure.name(key), units.names(type_of_key))
        elseif type(member) ~= wanted then
            return ("%s: a %s expected, got a %s"):format(key, wanted, type(member))
        end
    end
    if value.api ~= current_api then
        return ("api = %d expected, got %s"):format(current_api, failure.got(value.api))
    elseif not value.import then
        return "`import`, a function(input, out, args), is missing"
    end
    for key, extension in units.sorted(value.extensions or {}) do
        if math.type(key) ~= "integer" or type(extension) ~= "string" or not extension:match("^%w[%w.]*$") then
            return 'extensions: a list of texts such as "csv" expected'
        end
    end
    return value.args and script_arguments.check(value.args) or nil
end

local Importer = {}
Importer.__index = Importer

local own_path = select(2, ...) -- from `require`: to look for it again could fail
local directory = own_path:gsub("import/[^/]*$", "") .. "importers/"

---The file of an importer: one that ends in .lua, or a bundled one by its name.
local function path_of(format)
    if format:match("%.lua$") then
        return format
    end
    local path = format:match("^[%w_]+$") and directory .. format .. ".lua"
    if not path or not files.exists(path) then
        failure.raise("usage", "--from %s: there is no importer of that name (tracereel import --list); one of your "
            .. "own is a file ending in .lua", format)
    end
    return path
end

---The names of the bundled importers, in order.
---@param list_directory fun(path: string): string[]|nil, string?
function importer.names(list_directory)
    return files.module_names(directory, "the bundled importers", list_directory)
end

local function no_log_time()
    return 0
end

---Loads an importer. Raises as script.load does.
---@param format string its name, or its file
---@param is_unsafe boolean|nil
function importer.load(format, is_unsafe)
    local path = path_of(format)
    local name = script.name_of(path)
    local value = script.value(path, name, no_log_time, is_unsafe)
    local wrong = check(value)
    if wrong then
        failure.raise("script", "%s: %s", path, wrong)
    end
    return setmetatable({
        name = name,
        path = path,
        table = value,
        summary = value.summary or "",
        arguments = value.args or {},
        extensions = value.extensions or {},
    }, Importer)
end

---Does it say that an input is for it?
---@param head string the input's beginning
---@param name string of its file
function Importer:detects(head, name)
    local detect = self.table.detect
    return detect ~= nil and script.call(self.name, "detect", detect, head, name) == true
end

---Calls its `import` for one input.
function Importer:import(input, out, values)
    script.call(self.name, "import", self.table.import, input, out, values)
end

---Calls its `finish`, where it has one, after the last input: for what only all of them together say.
function Importer:finish(out, values)
    if self.table.finish then
        script.call(self.name, "finish", self.table.finish, out, values)
    end
end

return importer

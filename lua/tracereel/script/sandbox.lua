-- The environment that a script runs in: what it needs to compute, and nothing that reaches files, processes or the
-- wall clock. So a script cannot harm the log that it judges, and gives the same answer twice. This guards against
-- accidents, not against somebody who is determined to break out.
local core = require "tracereel.core"
local failure = require "tracereel.util.failure"
local files = require "tracereel.util.files"
local host = require "tracereel.util.host"
local output = require "tracereel.cli.output"
local random = require "tracereel.util.random"
local text_methods = require "tracereel.script.text_methods"
local api = require "tracereel.api"
local traversal = require "tracereel.util.traversal"

local sandbox = {}

-- Kept now: whoever changes them later does not change what scripts get.
local real_getmetatable, real_setmetatable, real_load = getmetatable, setmetatable, load

local base_names = {
    "assert", "error", "ipairs", "pcall", "rawequal", "rawget", "rawlen", "rawset", "select", "tonumber", "type",
    "_VERSION",
}

local function copy(library, left_out)
    local copied = {}
    for name, value in pairs(library) do
        if not (left_out and left_out[name]) then
            copied[name] = value
        end
    end
    return copied
end

-- The strings' metatable is shared by the whole program.
local function safe_getmetatable(value)
    if type(value) == "string" then
        return false
    end
    return real_getmetatable(value)
end

-- Finalizers run where no limit reaches them.
local function safe_setmetatable(value, metatable)
    if type(metatable) == "table" and rawget(metatable, "__gc") ~= nil then
        error("setmetatable: __gc is not available to scripts (run with --unsafe)", 2)
    end
    -- Called from here it would name a line of this file.
    local called, result = pcall(real_setmetatable, value, metatable)
    if not called then
        error(result, 2)
    end
    return result
end

local function count_only(option)
    if option ~= "count" then
        error('collectgarbage: only "count" is available to scripts (run with --unsafe)', 2)
    end
    return collectgarbage("count")
end

local function checked_print(...)
    local texts = table.pack(...)
    for index = 1, texts.n do
        texts[index] = text_methods.tostring(texts[index])
    end
    output.print(table.concat(texts, "\t"))
end

local function collect(read)
    local pieces = {}
    while true do
        local piece = read()
        if piece == nil or piece == "" then
            return table.concat(pieces)
        elseif type(piece) ~= "string" then
            error("load: the reader must return strings", 3)
        end
        pieces[#pieces + 1] = piece
    end
end

-- Text only: a crafted binary chunk can crash Lua.
local function loader_for(environment)
    return function(chunk, name, _, ...)
        if type(chunk) == "function" then
            chunk = collect(chunk)
        elseif type(chunk) ~= "string" then
            error("load: a string or a function expected", 2)
        end
        if name ~= nil and type(name) ~= "string" and type(name) ~= "number" then
            error("load: the chunk's name must be a string", 2)
        end
        local chunk_environment = environment
        if select("#", ...) > 0 then
            chunk_environment = (...)
        end
        return real_load(chunk, name or "=(load)", "t", chunk_environment)
    end
end

---A file's text as a chunk. Raises "io" where the file is there and cannot be read, which no script can help.
---@return function|nil chunk
---@return string|nil problem
---@return string|nil text of a chunk
---@return boolean|nil is_no_file nothing is there, or something else than a file
function sandbox.load_file(path, environment)
    local text, problem, errno = files.read(path)
    if not text and not files.is_no_file(errno) then
        failure.raise("io", "cannot read the script: %s", problem)
    elseif not text then
        return nil, problem, nil, true
    elseif text:sub(1, 1) == "\27" then
        return nil, ("%s: this is compiled Lua; a script is loaded as text"):format(path)
    end
    -- A first line "#!..." stays a line, so that the numbers of lines are right.
    local chunk
    chunk, problem = real_load((text:gsub("^#[^\n]*", "")), "@" .. path, "t", environment)
    if failure.is_memory(problem) then
        error(failure.same(problem), 0)
    end
    return chunk, problem, text
end

local loading = {}

-- `require` for modules beside the script: one environment, loaded once, no way out of the directory.
local function require_for(environment, directory, provided, modules)
    local loaded = provided
    return function(name)
        if type(name) ~= "string" then
            error("require: a module's name expected", 2)
        end
        local value = loaded[name]
        if value == loading then
            error(('require: module "%s" requires itself'):format(name), 2)
        elseif value ~= nil then
            return value
        end
        if not name:match("^[%w_-]+$") and not name:match("^[%w_-]+[%w_.-]*[%w_-]+$") or name:find("..", 1, true) then
            error(('require: "%s" is not a module\'s name (letters, digits, _ - and single dots)'):format(name), 2)
        end
        local path = directory .. name:gsub("%.", "/") .. ".lua"
        local chunk, problem, text = sandbox.load_file(path, environment)
        if not chunk then
            error(('require: module "%s" cannot be loaded from beside the script: %s; installed modules and other '
                .. "directories need --unsafe"):format(name, problem), 2)
        elseif modules then
            modules:add(name, text)
        end
        loaded[name] = loading
        local called, result = pcall(chunk, name, path)
        loaded[name] = called and (result == nil and true or result) or nil
        if not called then
            error(result, 0)
        end
        return loaded[name]
    end
end

local not_for_scripts = { open = true, writer = true, arenas = true, script = true }

local function refuse_missing(_, name)
    if not_for_scripts[name] then
        error(("tracereel.%s is not available to scripts, which reach no files (run with --unsafe)"):format(name), 2)
    end
end

---The module as a script has it: records are made at the log's time, and nothing opens files.
---@param now fun(): integer the log's time
function sandbox.module(now, is_unsafe)
    local module = copy(api, not is_unsafe and not_for_scripts or nil)
    if not is_unsafe then
        real_setmetatable(module, { __index = refuse_missing, __metatable = false })
    end
    module.record = core.constructors(now)
    -- Tables of the module's own: what one script does to them must not reach another.
    for _, name in ipairs { "types", "violations", "gap_classes", "merge" } do
        module[name] = copy(module[name])
    end
    return module
end

local script_seed = 0x7265656C

local function math_library()
    local library = copy(math)
    local generator = random.new(script_seed)
    library.random, library.randomseed = core.framed(generator.draw), core.framed(generator.seed)
    return library
end

-- What differs from run to run in Lua's own library: the order of pairs, and addresses in texts.
local function add_repeatable(environment)
    environment.pairs, environment.next = traversal.pairs, traversal.next
    environment.tostring, environment.print = text_methods.tostring, checked_print
end

local function restricted(environment)
    for _, name in ipairs(base_names) do
        environment[name] = _G[name]
    end
    environment._G = environment
    add_repeatable(environment)
    environment.xpcall = host.xpcall or xpcall
    environment.getmetatable = safe_getmetatable
    environment.setmetatable = core.framed(safe_setmetatable)
    environment.collectgarbage = core.framed(count_only)
    environment.load = core.framed(loader_for(environment))
    environment.string = text_methods.library()
    environment.table = copy(table)
    environment.table.sort = core.sort
    if next(host) then -- in plain lua5.4 strings belong to others, too
        text_methods.install()
    end
    environment.math = math_library()
    environment.utf8 = copy(utf8)
    environment.coroutine = copy(host.coroutine or coroutine)
end

-- The whole standard library, with what makes limits work in coroutines.
local function unrestricted(environment, directory)
    environment.coroutine = host.coroutine or coroutine
    environment.xpcall = host.xpcall or xpcall
    add_repeatable(environment)
    environment.require = function(name)
        if name == "tracereel" then
            return environment.tracereel
        end
        local own_path = directory .. "?.lua;"
        if package.path:sub(1, #own_path) ~= own_path then
            package.path = own_path .. package.path
        end
        return require(name)
    end
    real_setmetatable(environment, { __index = _G })
end

---A fresh environment for one script.
---@param directory string where its modules are: empty, or ending in a slash
---@param now fun(): integer the log's time, for records that the script makes
---@param is_unsafe boolean|nil the whole standard library
---@param modules table|nil of script_modules: where modules that are loaded from beside the script are noted
---@return table
function sandbox.environment(directory, now, is_unsafe, modules)
    local environment = { tracereel = sandbox.module(now, is_unsafe) }
    if is_unsafe then
        unrestricted(environment, directory)
    else
        restricted(environment)
        environment.require = require_for(environment, directory, { tracereel = environment.tracereel }, modules)
    end
    return environment
end

return sandbox

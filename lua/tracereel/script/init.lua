-- A script: a file that returns a table of handlers. Loaded, checked, and started and finished with its errors placed.
local tables = require "tracereel.util.tables"
local core = require "tracereel.core"
local failure = require "tracereel.util.failure"
local files = require "tracereel.util.files"
local output = require "tracereel.cli.output"
local plain = require "tracereel.util.plain"
local sandbox = require "tracereel.script.sandbox"
local script_arguments = require "tracereel.script.arguments"
local text_methods = require "tracereel.script.text_methods"
local units = require "tracereel.util.units"

local script = {}

local current_api = 1

local is_script_key = tables.set(core.script_keys)
local is_handler_key = tables.set(core.handler_keys)

-- Keys that are not functions, and what they are instead. All others are functions.
local type_of_key = {
    api = "number",
    associative = "boolean",
    shard = "string",
    summary = "string",
    args = "table",
    every = "string or number",
    timing = "userdata",
    aggregates = "table",
    types = "string or table",
    nodes = "number, string or table",
    traces = "string or table",
    since_ns = "number",
    until_ns = "number",
}

local function known_keys()
    local keys = table.move(core.script_keys, 1, #core.script_keys, 1, {})
    table.sort(keys)
    return table.concat(keys, ", ")
end

local function check_key(key, value)
    if not is_script_key[key] then
        return ("unknown key %s; known are %s"):format(failure.name(key), known_keys())
    end
    local wanted = type_of_key[key] or "function"
    if wanted == "function" and type(value) == "userdata" then
        return core.declared_problem(value, key), key
    elseif not wanted:find(type(value), 1, true) then
        return ("%s: a %s expected, got a %s"):format(key, wanted, type(value))
    end
end

-- What a script has aggregated. nil, or the problem and its key.
local function check_aggregates(value)
    for name, one in units.sorted(value.aggregates or {}) do
        if failure.got(one) ~= "a tracereel.aggregate" then
            return ("aggregates: %s: an aggregate expected, such as tracereel.count_by { key = \"node_id\" }, got %s")
                :format(failure.name(name), failure.got(one)), "aggregates"
        end
    end
end

-- What a script says of how its results are put together, and what that excludes. nil, or the problem and its key.
local function check_merging(value)
    if value.shard and value.shard ~= "trace" then
        return ('shard: "trace" expected, got %s'):format(failure.got(value.shard)), "shard"
    end
    local needs_merge = { shard = not value.recover or value.finish ~= nil, associative = true }
    for _, key in ipairs { "shard", "associative" } do
        if value[key] and needs_merge[key] and not value.merge then
            return ("%s needs `merge`, which puts two results together: merge = function(a, b)"):format(key), key
        end
    end
    if value.shard and value.tick then
        return 'tick goes with the records of all traces: a script with shard = "trace" cannot have it', "tick"
    end
end

---Is what a script's file returned a script? nil, or the problem.
---@param value any
---@return string|nil problem
---@return string|nil key that it is about, where a line of the file can be told
function script.check(value)
    if type(value) ~= "table" then
        return ("a script returns a table of handlers; this file returned a %s"):format(type(value))
    end
    for key, member in units.sorted(value) do
        local problem, at = check_key(key, member)
        if problem then
            return problem, at
        end
    end
    if value.api ~= current_api then
        return ("api = %d expected, got %s"):format(current_api, failure.got(value.api))
    elseif value.tick and not value.every then
        return 'tick needs `every`, the time between ticks: every = "1s"'
    end
    for _, check in ipairs { check_aggregates, check_merging } do
        local problem, key = check(value)
        if problem then
            return problem, key
        end
    end
    return value.args and script_arguments.check(value.args) or nil
end

-- "FILE:LINE" where the file gives a key its value; "FILE" where no line says so.
local function place_of(path, key)
    local number = 0
    for line in (files.read(path) or ""):gmatch("([^\n]*)\n?") do
        number = number + 1
        local before = line:match("^(.-)%f[%w_]" .. key .. "%s*=[^=]")
        if before and not before:find("--", 1, true) then
            return ("%s:%d"):format(path, number)
        end
    end
    return path
end

local Script = {}
Script.__index = Script

---"slow" for "scripts/slow.lua".
function script.name_of(path)
    return (path:match("([^/]+)$") or path):gsub("%.lua$", "")
end

-- Calls a part of a script; an error becomes a failure with its position and traceback.
local function call(self, what, callee, ...)
    local results = table.pack(failure.xpcall(callee, ...))
    if results[1] then
        return table.unpack(results, 2, results.n)
    end
    local problem = results[2]
    if not failure.is_mistake(problem) then
        error(problem, 0)
    end
    error(failure.new("script", ("%s: %s (in %s)"):format(self.name, problem.message, what), problem.traceback), 0)
end

---Calls a function of a script's file; what it raises names the script and the part of it.
---@param name string the script's
---@param what string the part: "start"
function script.call(name, what, callee, ...)
    return call({ name = name }, what, callee, ...)
end

---What a script's file returns. Raises a failure of kind "script" where it cannot run, "usage" where there is no such
---file, "io" where it cannot be read.
---@param path string
---@param name string
---@param now fun(): integer the log's time
---@param is_unsafe boolean|nil
---@param modules table|nil of script_modules: notes what the script requires
---@return any
function script.value(path, name, now, is_unsafe, modules)
    local environment = sandbox.environment(path:match("^(.*/)") or "./", now, is_unsafe, modules)
    local chunk, problem, _, is_no_file = sandbox.load_file(path, environment)
    if is_no_file then
        failure.raise("usage", "cannot read the script: %s", problem)
    elseif not chunk then
        failure.raise("script", "%s", problem)
    end
    local value = call({ name = name }, "the script's file", chunk, path)
    local not_plain = plain.problem(value)
    if not_plain then
        failure.raise("script", "%s: %s", path, not_plain)
    end
    return value
end

---Loads a script. Raises what `script.value` raises, and "script" where it is not right.
---@param path string
---@param options? { unsafe: boolean, name: string, modules: table } modules as of script.value
function script.load(path, options)
    options = options or {}
    local self = setmetatable({ path = path, name = options.name or script.name_of(path),
        is_unsafe = options.unsafe }, Script)
    local function now()
        return self.log and self.log:stats().now_ns or 0
    end
    local value = script.value(path, self.name, now, options.unsafe, options.modules)
    local wrong, key = script.check(value)
    if wrong then
        failure.raise("script", "%s: %s", key and place_of(path, key) or path, wrong)
    end
    self.table = value
    self.summary = value.summary or ""
    self.arguments = value.args or {}
    return self
end

---What log:replay takes: the script's handlers and its filter.
---@return tracereel.handlers
function Script:handlers()
    local handlers = {}
    for key, value in pairs(self.table) do
        if is_handler_key[key] then
            handlers[key] = value
        end
    end
    return handlers
end

---@param given table<string, any> values for the script's arguments
---@param log tracereel.log
function Script:start(given, log)
    self.log = log
    local values = script_arguments.values(self.name, self.arguments, given)
    if self.table.start then
        call(self, "start", self.table.start, values, log)
    end
end

-- Name to result; nil where nothing is aggregated.
local function aggregated(self)
    local results
    for name, one in units.sorted(self.table.aggregates or {}) do
        results = results or {}
        results[name] = one:result()
    end
    return results
end

---@return any what the script's finish returned; of a script without one, what its aggregates hold
function Script:finish(log)
    local results = aggregated(self)
    if self.table.finish then
        return (call(self, "finish", self.table.finish, log, results))
    end
    return results
end

---What is printed of what the script's finish returned, or of several of these that were merged. `show` is called in an
---instance of its own: what it knew of the log's reading, it would not know after merging, or in another process.
---@param given table<string, any> values for the script's arguments
function Script:shown(result, given)
    if result == nil or not self.table.show then
        return result
    end
    local fresh
    output.without_prints(function()
        fresh = script.load(self.path, { name = self.name, unsafe = self.is_unsafe })
    end)
    text_methods.begin_numbers()
    return (call(self, "show", fresh.table.show, result,
        script_arguments.values(self.name, self.arguments, given)))
end

---What the script's `recover` answers for a trace; nil where it has none.
function Script:recover(trace, default)
    if self.table.recover then
        return (call(self, "recover", self.table.recover, trace, default))
    end
end

---Calls the handler of that name, if the script has it: for events that no log has.
function Script:handle(name, ...)
    local handler = self.table[name]
    if handler then
        call(self, name, handler, ...)
    end
end

function Script:can_merge()
    return self.table.merge ~= nil
end

---Can the traces of one log be shared out, and the results be merged?
function Script:can_shard()
    return self.table.shard == "trace"
end

---Can what was merged be merged again?
function Script:is_associative()
    return self.table.associative == true
end

---The results of two logs, or of two shards of one, as one. The script was not started: it has its arguments. One that
---only decides has no results.
---@param given table<string, any> values for the script's arguments
function Script:merge(a, b, given)
    text_methods.begin_numbers()
    local values = script_arguments.values(self.name, self.arguments, given)
    return self.table.merge and (call(self, "merge", self.table.merge, a, b, values))
end

return script

-- Scripts on one log: loaded afresh, started, one pass for all of them, finished.
local core = require "tracereel.core"
local failure = require "tracereel.util.failure"
local script = require "tracereel.script"
local shard = require "tracereel.cli.shard"
local tables = require "tracereel.util.tables"
local text_methods = require "tracereel.script.text_methods"

local runner = {}

---@param files { path: string, name: string|nil }[]
function runner.load(files, is_unsafe)
    local scripts = {}
    text_methods.begin_numbers()
    for index, file in ipairs(files) do
        scripts[index] = script.load(file.path, { name = file.name, unsafe = is_unsafe })
    end
    return scripts
end

local function as_list(value)
    return type(value) == "table" and value or value ~= nil and { value } or nil
end

-- What is in both lists; a list that is absent means everything.
local function narrowed(name, key, own, asked)
    own, asked = as_list(own), as_list(asked)
    if not own or not asked then
        return own or asked
    end
    local is_own, both = tables.set(own), {}
    for _, item in ipairs(asked) do
        if is_own[item] then
            both[#both + 1] = item
        end
    end
    if #both == 0 then
        failure.raise("usage", "%s looks at other %s than the command line asks for: no record is left", name, key)
    end
    return both
end

local function later(a, b)
    return a and b and (math.ult(a, b) and b or a) or a or b
end

local function earlier(a, b)
    return a and b and (math.ult(a, b) and a or b) or a or b
end

-- Raises where a script is to read a part of a log's traces that does not say that its results can be put together.
local function check_shard(one, log)
    if log.shard and not one:can_shard() then
        failure.raise("usage", '%s cannot be run on a shard of a log: a script that can says shard = "trace", and has '
            .. "`merge`", one.name)
    end
end

-- The script's handlers, with the command line's filter added to the script's. Every shard meets all gaps: the first
-- one shows them.
local function handlers_with(one, filter, log)
    local handlers = one:handlers()
    handlers.gap = shard.speaks(log.shard) and handlers.gap or nil
    for _, key in ipairs { "types", "nodes", "traces" } do
        handlers[key] = narrowed(one.name, key, handlers[key], filter[key])
    end
    handlers.since_ns = later(handlers.since_ns, filter.since_ns)
    handlers.until_ns = earlier(handlers.until_ns, filter.until_ns)
    return handlers
end

-- An error that is no failure yet is about the tables themselves, such as a filter of a type that does not exist.
local function replay_all(scripts, log, all)
    local called, problem = failure.pcall(log.replay, log, table.unpack(all))
    if called then
        return
    elseif failure.is(problem) then
        error(problem, 0)
    end
    local names = {}
    for index, one in ipairs(scripts) do
        names[index] = one.path
    end
    failure.raise("script", "%s: %s", table.concat(names, ", "), failure.text(problem))
end

---Starts the scripts and reads the log through their handlers, once for all of them.
---@param how? table the options of log:replay
function runner.read(scripts, log, given, filter, how)
    local all = {}
    for _, one in ipairs(scripts) do
        check_shard(one, log)
    end
    for index, one in ipairs(scripts) do
        core.set_script(index)
        one:start(given, log)
        all[index] = handlers_with(one, filter, log)
    end
    all[#all + 1] = how
    replay_all(scripts, log, all)
end

---One pass of a log through all the scripts. After an interrupt the scripts finish with what they have gathered.
---@return any[] results one for each script, holes where there is none
function runner.replay(scripts, log, given, filter, how)
    runner.read(scripts, log, given, filter, how)
    local results = {}
    for index, one in ipairs(scripts) do
        core.set_script(index)
        results[index] = one:finish(log)
    end
    return results
end

---A result as another process gets it. Raises where it cannot be handed to one.
---@param name string the script's
function runner.handed_over(result, name)
    return (core.cbor_decode(core.cbor_encode(result, name)))
end

---A result as merge gets it from another process, where one can hand it over: a table that is in it twice is two.
---Where a function is in it, it is as it is.
---@param name string the script's
function runner.as_handed_over(result, name)
    local handed, value = failure.pcall(runner.handed_over, result, name)
    if handed then
        return value
    elseif value.kind ~= "script" then
        error(value, 0)
    end
    return result
end

local Merge = {}
Merge.__index = Merge

---Gathers the results of several logs for the scripts that can merge them; its array part are { index, one, result }.
---@param given table<string, any> values for the scripts' arguments
function runner.new_merge(given)
    return setmetatable({ given = given }, Merge)
end

---@param index integer of the script among those of the command line: two can have one name
function Merge:add(index, one, result)
    for _, joined in ipairs(self) do
        if joined.index == index then
            joined.result = one:merge(joined.result, result, self.given)
            return
        end
    end
    self[#self + 1] = { index = index, one = one, result = result }
end

return runner

-- What partial results must have in common to be merged, as one hash.
local core = require "tracereel.core"
local exact_json = require "tracereel.partial.exact_json"
local failure = require "tracereel.util.failure"
local files = require "tracereel.util.files"
local units = require "tracereel.util.units"

local job = {}

-- Keys of a parsed command line that say which part of the work this is, where it goes, and what it may use up; and
-- those whose content counts, which the header has elsewhere.
local not_of_job = {
    arg = true, color = true, command = true, files = true, flow = true, flows = true, jobs = true, list = true,
    logs = true, no_pager = true,
    max_memory = true, max_time = true, new = true, partial = true, segments_from = true, shard = true,
    shards = true,
}

---The options that a result follows from, and that say how it is shown.
---@param parsed table
---@return table
function job.options(parsed)
    local chosen = setmetatable({}, { __jsontype = "object" })
    for key, value in units.sorted(parsed) do
        local is_nothing = value == false or type(value) == "table" and next(value) == nil
        if not not_of_job[key] and key ~= parsed.command and not is_nothing then
            chosen[key] = value
        end
    end
    return chosen
end

---The hash of a file's content; "" where none is given.
---@param path string|nil
---@param what string
---@return string
function job.content_hash(path, what)
    if not path then
        return ""
    end
    local bytes, problem = files.read(path)
    if not bytes then
        failure.raise("io", "%s %s", what, problem)
    end
    return core.sha256(bytes)
end

-- The names of values, by type and in order: {"n" = 1} read from JSON and the same from Lua are equal bytes.
local common = { "command", "version", "arguments", "options", "flow_sha256", "shard_count" }

---The hash of what a header says.
---@param header table
---@return string
function job.hash(header)
    local said = { script = { name = header.script.name, sha256 = header.script.sha256,
        modules = header.script.modules } }
    for _, key in ipairs(common) do
        said[key] = header[key]
    end
    return core.sha256(exact_json.text(said))
end

local function list_difference(name, one, other)
    for key, value in units.sorted(one) do
        if exact_json.text(value) ~= exact_json.text(other[key]) then
            return ("%s %s"):format(name, key)
        end
    end
    for key in units.sorted(other) do
        if one[key] == nil then
            return ("%s %s"):format(name, key)
        end
    end
end

---In what two headers of different jobs differ, for a message.
---@param one table
---@param other table
---@return string
function job.difference(one, other)
    if one.version ~= other.version then
        return ("version %s there, %s here"):format(other.version, one.version)
    elseif one.command ~= other.command then
        return ("`%s` there, `%s` here"):format(other.command, one.command)
    elseif one.script.name ~= other.script.name then
        return ("script %s there, %s here"):format(other.script.name, one.script.name)
    elseif one.shard_count ~= other.shard_count then
        return ("%d shards there, %d here"):format(other.shard_count, one.shard_count)
    elseif one.script.sha256 ~= other.script.sha256 then
        return ("the script %s is another one"):format(one.script.name)
    end
    return list_difference("argument", one.arguments, other.arguments)
        or list_difference("option", one.options, other.options)
        or one.flow_sha256 ~= other.flow_sha256 and "the flow is another one"
        or "a module of the script is another one"
end

return job

-- `run --verify-shards`: does a script keep what its `shard` promises? A log is read whole, and again in parts, whose
-- results are merged as those of other processes are; what would be printed of the two is compared.
local base = require "tracereel.base"
local exit_codes = require "tracereel.cli.exit_codes"
local failure = require "tracereel.util.failure"
local output = require "tracereel.cli.output"
local runner = require "tracereel.script.runner"
local shard = require "tracereel.cli.shard"
local tables = require "tracereel.util.tables"
local text = require "tracereel.util.text"

local shard_check = {}

local default_count = 4

function shard_check.define(command)
    command:option("--verify-shards", "Print nothing, but read each log whole and in N parts (4), and compare what "
        .. "would be printed; 7 where it differs."):argname("<N>"):args("?")
end

---Takes the option's number; a word after it that is none is one of the files.
function shard_check.resolve(parsed)
    local given = parsed.verify_shards
    if not given then
        return
    end
    local word = given[1]
    local count = word and shard.parse_count(word)
    if word and not count and word:find("^%d+$") then
        failure.raise("usage", "--verify-shards: a number of shards from 1 to 65536 expected, got %s", word)
    elseif word and not count then
        table.insert(parsed.files, 1, word)
    end
    parsed.verify_shards = count or default_count
    for _, option in ipairs { "shard", "follow", "partial" } do
        if parsed[option] then
            failure.raise("usage", "--verify-shards reads a log whole and in parts: it excludes --%s", option)
        end
    end
    if tables.contains(parsed.files, "-") then
        failure.raise("usage", "--verify-shards reads a log several times, and a pipe can be read only once: save it "
            .. "to a file")
    end
end

local function lines_of(printed)
    local lines = {}
    for line in printed:gmatch("([^\n]*)\n?") do
        lines[#lines + 1] = line
    end
    return lines
end

-- The number of the first line in which two texts differ, and what each has there; nil where they are the same.
local function first_difference(whole, parts)
    if whole == parts then
        return nil
    end
    local one, other = lines_of(whole), lines_of(parts)
    local number = 1
    while one[number] == other[number] and number < math.max(#one, #other) do
        number = number + 1
    end
    return number, one[number] or "", other[number] or ""
end

-- The results of all shards of a log, merged by scripts that were loaded for that alone, as other processes' are.
local function merged_shards(path, count, how)
    local merging
    output.without_prints(function()
        merging = how.load_scripts()
    end)
    local merged = runner.new_merge(how.given)
    for index = 0, count - 1 do
        local scripts = how.load_scripts()
        local results = how.replay(scripts, how.open(path, { index = index, count = count }))
        for number, one in ipairs(scripts) do
            merged:add(number, merging[number], runner.handed_over(results[number], one.name))
        end
    end
    local results = {}
    for _, joined in ipairs(merged) do
        results[joined.index] = joined.result
    end
    return merging, results
end

-- What would be printed of results, beside what handlers print.
local function printed(how, callee)
    return output.collected(function()
        local scripts, results = callee()
        for index, one in ipairs(scripts) do
            how.write(one, results[index])
        end
    end)
end

local function report(parsed, path, line, whole, parts)
    local count = parsed.verify_shards
    if parsed.json then
        output.line(base.json { log = path, shards = count, same = line == nil, line = line, whole = whole,
            merged = parts })
    elseif line then
        output.line(("%s: what %d shards print differs from what the whole log does, first in line %d:")
            :format(text.clean(path), count, line))
        output.line("  whole   " .. text.clean(whole))
        output.line("  shards  " .. text.clean(parts))
    else
        output.line(("%s: %d shards print what the whole log does"):format(text.clean(path), count))
    end
end

---How the scripts are run, and what they answer with is printed.
---@class tracereel.shard_check
---@field given table<string, any>
---@field load_scripts fun(): table[]
---@field open fun(path: string, shard: tracereel.shard): tracereel.log
---@field replay fun(scripts: table[], log: tracereel.log): any[]
---@field write fun(one: table, result: any)

---Compares one log.
---@param parsed table
---@param log tracereel.log the whole
---@param how tracereel.shard_check
---@return integer exit code
function shard_check.compare(parsed, log, how)
    local whole = printed(how, function()
        local scripts = how.load_scripts()
        return scripts, how.replay(scripts, log)
    end)
    local parts = printed(how, function()
        return merged_shards(log.path, parsed.verify_shards, how)
    end)
    local line, of_whole, of_parts = first_difference(whole, parts)
    report(parsed, log.path, line, of_whole, of_parts)
    return line and exit_codes.check_failed or exit_codes.ok
end

return shard_check

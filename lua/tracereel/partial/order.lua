-- Which partials there are, whether they are of one job, whether anything is missing or there twice, and in which order
-- their results are merged: that of the logs, and of the shards of each log.
local failure = require "tracereel.util.failure"
local job = require "tracereel.partial.job"
local segment_identity = require "tracereel.log.segment_identity"

local order = {}

local function refuse(path, ...)
    failure.raise("refused", "%s: %s; nothing is merged", path, (...):format(select(2, ...)))
end

---The same for the several ways in which one log can be named.
---@param path string
---@return string
function order.key(path)
    return (path:gsub("/+", "/"):gsub("^%./(.)", "%1"):gsub("(.)/$", "%1"))
end

local function shard_words(log, index, count)
    return count > 1 and ("shard %d/%d of %s"):format(index, count, log.path) or log.path
end

---@class tracereel.partial_source
---@field path string
---@field header table
---@field sha256 string

local function check_jobs(sources)
    local first = sources[1]
    for _, source in ipairs(sources) do
        if source.header.job ~= job.hash(source.header) then
            refuse(source.path, "its header does not go with its job")
        elseif source.header.job ~= first.header.job then
            refuse(source.path, "it is of another job than %s: %s", first.path,
                job.difference(source.header, first.header))
        end
    end
end

---How a log differs from what it was: nil, or one sentence.
---@param recorded table of a header's logs
---@param found table
---@return string|nil
function order.log_difference(recorded, found)
    return segment_identity.difference(recorded, found)
        or recorded.flow_sha256 ~= found.flow_sha256 and "its flow is another one"
        or recorded.snapshot ~= found.snapshot and "its newest snapshot is another one" or nil
end

-- The same log is the same in all partials of its shards: none was made after it had grown.
local function check_log(known, log, path)
    local difference = order.log_difference(known.log, log)
    if difference then
        refuse(path, "%s is not as it was for %s: %s", log.path, known.source.path, difference)
    end
end

-- Notes a shard of a log; it may be there once.
local function take(known, log, source)
    for _, index in ipairs(log.shards) do
        local before = known.shards[index]
        if before then
            refuse(source.path, "%s is in %s, too", shard_words(log, index, source.header.shard_count), before.path)
        end
        known.shards[index] = source
    end
end

-- All logs, in the order in which they come, with the shards of each.
local function gather(sources)
    local all, by_key = {}, {}
    for _, source in ipairs(sources) do
        for _, log in ipairs(source.header.logs) do
            local key = order.key(log.path)
            local known = by_key[key]
            if not known then
                known = { log = log, source = source, shards = {}, key = key, position = #all + 1 }
                by_key[key], all[#all + 1] = known, known
            else
                check_log(known, log, source.path)
            end
            take(known, log, source)
        end
    end
    return all, by_key
end

local function check_whole(all, count)
    for _, known in ipairs(all) do
        local missing = {}
        for index = 0, count - 1 do
            if not known.shards[index] then
                missing[#missing + 1] = index
            end
        end
        if #missing > 0 then
            local shown = table.concat(missing, ", ", 1, math.min(#missing, 10))
            refuse(known.log.path, "of its %d shards there is no partial of %s%s", count, shown,
                #missing > 10 and (" and %d more"):format(#missing - 10) or "")
        end
    end
end

-- The logs in the order of a list, which is one of them all.
local function expect(all, by_key, expected, list_path)
    local is_listed = {}
    for index, path in ipairs(expected) do
        local key = order.key(path)
        if is_listed[key] then
            refuse(list_path, "%s is listed twice", path)
        elseif not by_key[key] then
            refuse(list_path, "there is no partial of %s", path)
        end
        is_listed[key] = true
        by_key[key].position = index
    end
    for _, known in ipairs(all) do
        if not is_listed[known.key] then
            refuse(known.source.path, "%s is not listed in %s", known.log.path, list_path)
        end
    end
end

-- What is merged already must be of neighbours, or the result would be in another order than that of one process.
local function sort_sources(sources, by_key)
    local function place(source, index)
        local logs = source.header.logs
        local log = logs[index == "first" and 1 or #logs]
        return by_key[order.key(log.path)].position, log.shards[index == "first" and 1 or #log.shards]
    end
    local function is_before(position, shard_index, other_position, other_index)
        return position < other_position or position == other_position and shard_index < other_index
    end
    table.sort(sources, function(a, b)
        local position, shard_index = place(a, "first")
        return is_before(position, shard_index, place(b, "first"))
    end)
    local position, shard_index, before
    for _, source in ipairs(sources) do
        for _, log in ipairs(source.header.logs) do
            for _, index in ipairs(log.shards) do
                local own = by_key[order.key(log.path)].position
                if before and not is_before(position, shard_index, own, index) then
                    refuse(source.path, "what is merged in it, and in %s, is not in the order of the logs and of their "
                        .. "shards: merge neighbours", before.path)
                end
                position, shard_index, before = own, index, source
            end
        end
    end
end

---Checks partials against each other and puts them into their order. Raises "refused" with the file's name.
---@param sources tracereel.partial_source[] in the order of the command line; sorted here
---@param expected { path: string, logs: string[] }|nil the logs that there must be, in their order
---@param may_lack boolean whether shards may be missing, where what is merged is a partial again
---@return { log: table, shards: table<integer, tracereel.partial_source> }[] logs
function order.of(sources, expected, may_lack)
    check_jobs(sources)
    local all, by_key = gather(sources)
    if expected then
        expect(all, by_key, expected.logs, expected.path)
    end
    if expected or not may_lack then
        check_whole(all, sources[1].header.shard_count)
    end
    sort_sources(sources, by_key)
    return all
end

---Whether all that is in a partial is of one log: its result is put together with that log's others first.
---@return string|nil key the same for all partials of the log
function order.only_log(source)
    local logs = source.header.logs
    return #logs == 1 and order.key(logs[1].path) or nil
end

return order

-- The parts of a report of `timing` in its partials. Their checksums do not say who wrote them: all that a report is
-- made of is looked at before.
local base = require "tracereel.base"
local failure = require "tracereel.util.failure"
local grouping = require "tracereel.timing.grouping"
local order = require "tracereel.partial.order"
local partial_file = require "tracereel.partial.file"
local rows = require "tracereel.timing.rows"
local shape = require "tracereel.partial.shape"
local timing = require "tracereel.timing.gather"
local timing_report = require "tracereel.timing.report"
local units = require "tracereel.util.units"

local timing_parts = {}

-- The options of `timing` that a header can have; those of reading, which merging does not need, are not looked into.
local options_shape = { only = {
    by = { by = "string" }, sort = "string", limit = "count?", top = "count?",
    json = "boolean?", csv = "boolean?", numbers = "boolean?", measured = "boolean?", has_one = "boolean?",
    node = "object?", trace = "object?", outcome = "object?", where = "string?",
    since = "object?", ["until"] = "object?",
    mode = "string?", from = "object?", snapshot = "boolean?", since_restart = "count?",
} }

local words = { list = "string" }

-- A part as Gatherer:part makes it, packed.
local part_shape = { only = {
    is_packed = "boolean", path = "string", shard = "object?",
    whole = "object",
    groups = { only = { timings = { map = "object" }, counts = { map = "count" }, floor = "integer?",
        is_counting = "boolean" } },
    noted = { only = { looked_at = "count?", names = { list = { only = { name = "string", at = "count" } } } } },
    closed_by_plan_count = "count", child_count = "count",
    stats = { only = { records = "count", first_ns = "integer", now_ns = "integer", damaged = "boolean",
        gaps = { map = "count" } } },
} }
local shard_shape = { only = { index = "count", count = "count" } }

local function by_problem(by)
    local parsed = grouping.parse(by.by)
    if not parsed or base.json(parsed) ~= base.json(by) then
        return "header.options.by: " .. failure.got(by.by) .. " is no kind of rows, or is another one"
    end
end

local function moment_problem(name, moment)
    return moment and shape.problem_of(moment, { only = { time_ns = "integer" } }, "header.options." .. name)
end

local function number_problem(name, number, max)
    return number and (number < 1 or number > max)
        and ("header.options.%s: 1 to %d expected, got %d"):format(name, max, number)
end

local function words_problem(name, said)
    return said and shape.problem_of(said, words, "header.options." .. name)
end

local function options_problem(said)
    return shape.problem_of(said, options_shape, "header.options") or by_problem(said.by)
        or rows.keys[said.sort] == nil and "header.options.sort: " .. failure.got(said.sort) .. " is no column"
        or number_problem("limit", said.limit, rows.max_groups) or number_problem("top", said.top, rows.max_rows)
        or moment_problem("since", said.since) or moment_problem("until", said["until"])
        or words_problem("node", said.node) or words_problem("trace", said.trace)
        or words_problem("outcome", said.outcome) or nil
end

---Raises "refused" where a header's options are none of `timing`.
---@param source tracereel.partial_source
function timing_parts.check_options(source)
    local problem = options_problem(source.header.options)
    if problem then
        failure.raise("refused", "%s: its header is not right: %s", source.path, problem)
    end
end

-- Of values, each that has a timing was counted, which is what they are sorted by.
local function keys_problem(by, groups, place)
    for _, name in ipairs { "timings", "counts" } do
        for key in units.sorted(groups[name]) do
            if not grouping.is_key(by, key) then
                return ("%s.groups.%s: %s is no group by %s"):format(place, name, failure.got(key), by.by)
            elseif by.kind == "value" and not groups.counts[key] then
                return ("%s.groups.counts: lacks %s"):format(place, failure.got(key))
            end
        end
    end
    return groups.floor and by.kind ~= "window" and place .. ".groups.floor: only windows have one" or nil
end

-- The logs and shards of a header, one for each part.
local function places_of(header)
    local places = {}
    for _, log in ipairs(header.logs) do
        for _, index in ipairs(log.shards) do
            places[#places + 1] = { log = log, index = index, count = header.shard_count }
        end
    end
    return places
end

local function place_problem(part, expected, place)
    local shard = part.shard or { index = 0, count = 1 }
    local problem = shape.problem_of(shard, shard_shape, place .. ".shard")
    if problem then
        return problem
    elseif shard.index ~= expected.index or shard.count ~= expected.count then
        return ("%s.shard: %d/%d expected, got %d/%d"):format(place, expected.index, expected.count, shard.index,
            shard.count)
    elseif order.key(part.path) ~= order.key(expected.log.path) then
        return ("%s.path: %s expected, got %s"):format(place, failure.got(expected.log.path), failure.got(part.path))
    end
end

local function part_problem(part, expected, by, place)
    local problem = shape.problem_of(part, part_shape, place) or place_problem(part, expected, place)
        or keys_problem(by, part.groups, place)
    if problem then
        return problem
    elseif not part.is_packed then
        return place .. ".is_packed: true expected"
    elseif part.groups.is_counting then
        return place .. ".groups.is_counting: false expected" -- a partial has the timings of all values
    end
    for class in units.sorted(part.stats.gaps) do
        if base.gap_classes[class] == nil then
            return ("%s.stats.gaps: %s is no kind of gap"):format(place, failure.got(class))
        end
    end
end

local function refuse(source, problem)
    failure.raise("refused", "%s: its result is not right: %s", source.path, problem)
end

-- The part with its timings.
local function unpacked(source, part, place)
    return timing.unpacked(part, function(fields, field)
        local one, problem = timing_report.restored(fields)
        return one or refuse(source, ("%s.%s: %s"):format(place, field, problem))
    end)
end

---Calls take with each part, in their order, with its timings and as it was in its file. Raises "refused" where a part
---is not right.
---@param sources tracereel.partial_source[] whose options were checked
---@param take fun(part: tracereel.timing_part, packed: tracereel.timing_part)
function timing_parts.each(sources, take)
    for _, source in ipairs(sources) do
        local parts, places = partial_file.result(source.path, source.sha256), places_of(source.header)
        local problem = shape.problem_of(parts, { list = "object" }, "result")
            or #parts ~= #places and ("result: %d parts expected, got %d"):format(#places, #parts)
        for index, packed in ipairs(problem and {} or parts) do
            local place = ("result[%d]"):format(index)
            problem = part_problem(packed, places[index], source.header.options.by, place)
            if problem then
                break
            end
            take(unpacked(source, packed, place), packed)
        end
        if problem then
            refuse(source, problem)
        end
    end
end

return timing_parts

-- What a scenario's `damage` may ask for. What needs the simulated log's size is looked at when that is known.
local failure = require "tracereel.util.failure"
local tables = require "tracereel.util.tables"
local values = require "tracereel.simulation.values"

local damage_request = {}

local known_keys = { bit_flips = true, lost_pages = true, page_bytes = true, missing_segments = true }
local min_page_bytes, default_page_bytes, max_page_bytes = 512, 4096, 1 << 24
local max_of_a_kind = 1000000

-- A list of tables, or of whole numbers: a table whose keys are 1 to its length, which is not 0.
local function list(value, where)
    local count = tables.count(value)
    if count == 0 or count ~= #value then
        values.refuse("%s: a number or a list expected", where)
    end
    return ipairs(value)
end

local function known_segment(segment, into, where)
    values.whole(segment, 0, math.maxinteger, where)
    local first = into.recording:stats().first_sequence
    if segment < first then
        values.refuse("%s: the log begins with segment %d", where, first)
    end
    return segment
end

local function place(value, known, into, where)
    values.known_keys(value, known, where)
    return {
        segment = known_segment(value.segment, into, where .. ".segment"),
        offset = values.whole(value.offset, 0, math.maxinteger, where .. ".offset"),
    }
end

local function refuse_missing(request, segment, where)
    if request.is_missing[segment] then
        values.refuse("%s: segment %d is one of missing_segments", where, segment)
    end
end

local function check_missing(value, request, into)
    local where = "damage.missing_segments"
    if type(value) ~= "table" then
        request.missing_count = values.whole(value, 1, max_of_a_kind, where)
        return
    end
    local first = into.recording:stats().first_sequence
    for index, segment in list(value, where) do
        local at = ("%s[%d]"):format(where, index)
        known_segment(segment, into, at)
        if segment == first then
            values.refuse("%s: segment %d is the first: without it the log begins later, and no reader can notice", at,
                segment)
        elseif request.is_missing[segment] then
            values.refuse("%s: segment %d is listed twice", at, segment)
        end
        request.missing[#request.missing + 1], request.is_missing[segment] = segment, true
    end
end

local function page_key(segment, offset, page_bytes)
    return ("%d:%d"):format(segment, offset // page_bytes)
end

local function check_pages(value, request, into)
    local where = "damage.lost_pages"
    if type(value) ~= "table" then
        request.page_count = values.whole(value, 1, max_of_a_kind, where)
        return
    end
    for index, page in list(value, where) do
        local at = ("%s[%d]"):format(where, index)
        local checked = place(page, { segment = true, offset = true }, into, at)
        local key = page_key(checked.segment, checked.offset, request.page_bytes)
        refuse_missing(request, checked.segment, at)
        if checked.offset % request.page_bytes ~= 0 then
            values.refuse("%s.offset: %d is not where a page begins: pages have %d bytes (page_bytes)", at,
                checked.offset, request.page_bytes)
        elseif request.is_lost[key] then
            values.refuse("%s: the page is listed twice", at)
        end
        request.pages[#request.pages + 1], request.is_lost[key] = checked, true
    end
end

local function check_flips(value, request, into)
    local where = "damage.bit_flips"
    local count = math.type(value) and math.tointeger(value)
    if math.type(value) == "float" and value > 0 and value < 1 then
        request.flip_share = value
        return
    elseif type(value) ~= "table" then
        if not count or count < 1 or count > max_of_a_kind then
            values.refuse("%s: a whole number from 1 to %d, a share of all bits (such as 1e-6) or a list expected, "
                .. "got %s", where, max_of_a_kind, failure.got(value))
        end
        request.flip_count = count
        return
    end
    local seen = {}
    for index, flip in list(value, where) do
        local at = ("%s[%d]"):format(where, index)
        local checked = place(flip, { segment = true, offset = true, bit = true }, into, at)
        checked.bit = values.whole(flip.bit, 0, 7, at .. ".bit")
        refuse_missing(request, checked.segment, at)
        local key = ("%d:%d:%d"):format(checked.segment, checked.offset, checked.bit)
        if request.is_lost[page_key(checked.segment, checked.offset, request.page_bytes)] then
            values.refuse("%s: it is within one of lost_pages", at)
        elseif seen[key] then
            values.refuse("%s: the bit is listed twice, which would leave it unchanged", at)
        end
        request.flips[#request.flips + 1], seen[key] = checked, true
    end
end

-- In this order: a page is not lost of a segment that is missing, a bit not flipped on a page that is lost.
local kinds = { { "missing_segments", check_missing }, { "lost_pages", check_pages }, { "bit_flips", check_flips } }

---Checks the value of a scenario's `damage`.
---@param value any
---@param into table with the recording
---@return table request with the lists `missing`, `pages` and `flips` (of places that are given), and the counts
---`missing_count`, `page_count` and `flip_count` or `flip_share` (of what will be drawn), 0 where there is none
function damage_request.check(value, into)
    values.known_keys(value, known_keys, "damage")
    if not (value.bit_flips or value.lost_pages or value.missing_segments) then
        values.refuse("damage: at least one of bit_flips, lost_pages and missing_segments expected")
    end
    local request = {
        missing = {}, pages = {}, flips = {}, is_missing = {}, is_lost = {},
        missing_count = 0, page_count = 0, flip_count = 0,
        page_bytes = values.whole(value.page_bytes or default_page_bytes, min_page_bytes, max_page_bytes,
            "damage.page_bytes"),
    }
    for _, kind in ipairs(kinds) do
        if value[kind[1]] ~= nil then
            kind[2](value[kind[1]], request, into)
        end
    end
    return request
end

return damage_request

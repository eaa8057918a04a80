-- Damage done to a simulated log's files, so that what a reader finds can be compared with what was done. All of it is
-- chosen before anything is changed.
local failure = require "tracereel.util.failure"
local files = require "tracereel.util.files"
local random = require "tracereel.util.random"
local tables = require "tracereel.util.tables"
local base = require "tracereel.base"

local damage = {}

local max_flips = 1000000

-- Each kind has its generator, so that more of one does not move the others.
local stream_of = { missing_segment = 0x6D697373696E67, lost_page = 0x70616765, bit_flip = 0x666C6970 }

local function refuse(form, ...)
    failure.raise("usage", "damage.%s", form:format(...))
end

-- Takes what a function of `io` answered, and raises where it failed.
local function done(outcome, problem)
    if not outcome then
        failure.raise("io", "cannot do the damage that was asked for: %s", problem)
    end
    return outcome
end

-- The segments of a log: { sequence, name, path, bytes }, in their order.
local function segments_of(directory)
    local segments = {}
    for index, segment in ipairs(base.open(directory).segments) do
        local path = directory .. "/" .. segment.name
        segments[index] = {
            sequence = segment.sequence, name = segment.name, path = path, bytes = done(files.size(path)),
        }
    end
    return segments
end

-- So many of the items, each with equal chances, in the order in which they stood.
local function drawn(items, count, draw)
    local chosen = {}
    for index, item in ipairs(items) do
        if draw(1, #items - index + 1) <= count then
            chosen[#chosen + 1], count = item, count - 1
        end
    end
    return chosen
end

local function is_before(a, b)
    if a.segment ~= b.segment then
        return a.segment.sequence < b.segment.sequence
    end
    return a.offset < b.offset or a.offset == b.offset and (a.bit or 0) < (b.bit or 0)
end

local function of_sequence(segments, sequence, what)
    local segment = segments[sequence - (segments[1] and segments[1].sequence or 0) + 1]
    if not segment then
        refuse("%s: the simulated log has no segment %d: it has %d", what, sequence, #segments)
    end
    return segment
end

-- A reader can notice only what is missing between two segments that are there.
local function choose_missing(request, segments, draw)
    local has_place, between, chosen = {}, {}, {}
    for _, list in ipairs { request.pages, request.flips } do
        for _, place in ipairs(list) do
            has_place[place.segment] = true
        end
    end
    for _, sequence in ipairs(request.missing) do
        chosen[#chosen + 1] = of_sequence(segments, sequence, "missing_segments")
        if chosen[#chosen] == segments[#segments] then
            refuse("missing_segments: segment %d is the last: without it the log ends there, and no reader can notice",
                sequence)
        end
    end
    for index = 2, #segments - 1 do
        if not has_place[segments[index].sequence] then
            between[#between + 1] = segments[index]
        end
    end
    if request.missing_count > #between then
        refuse("missing_segments: %d asked for, but of %d segments %d lie between the first and the last%s, and no "
            .. "reader can notice that one of these is missing", request.missing_count, #segments, #between,
            next(has_place) and " and hold none of the places that are given" or "")
    elseif request.missing_count > 0 then
        chosen = drawn(between, request.missing_count, draw)
    end
    return chosen
end

-- The pages of a segment that hold no flip at a place that is given.
local function add_pages(pages, segment, page_bytes, request)
    local has_flip = {}
    for _, flip in ipairs(request.flips) do
        if flip.segment == segment.sequence then
            has_flip[flip.offset // page_bytes] = true
        end
    end
    for offset = 0, segment.bytes - 1, page_bytes do
        if not has_flip[offset // page_bytes] then
            pages[#pages + 1] = { segment = segment, offset = offset }
        end
    end
end

local function placed(segments, place, what)
    local segment = of_sequence(segments, place.segment, what)
    if place.offset >= segment.bytes then
        refuse("%s: offset %d is after the end of %s, which has %d bytes", what, place.offset, segment.name,
            segment.bytes)
    end
    return { segment = segment, offset = place.offset, bit = place.bit }
end

local function choose_pages(request, segments, left, draw)
    local chosen = {}
    for index, page in ipairs(request.pages) do
        chosen[index] = placed(segments, page, "lost_pages")
    end
    if request.page_count > 0 then
        local pages = {}
        for _, segment in ipairs(left) do
            add_pages(pages, segment, request.page_bytes, request)
        end
        if request.page_count > #pages then
            refuse("lost_pages: %d asked for, of %d pages of %d bytes that there are", request.page_count, #pages,
                request.page_bytes)
        end
        chosen = drawn(pages, request.page_count, draw)
    end
    table.sort(chosen, is_before)
    for _, page in ipairs(chosen) do
        page.length = math.min(request.page_bytes, page.segment.bytes - page.offset)
    end
    return chosen
end

-- The stretches that bits can flip in: { segment, offset, bytes }, without the lost pages.
local function stretches_of(left, pages)
    local lost_of, stretches, total = {}, {}, 0
    for _, page in ipairs(pages) do
        lost_of[page.segment] = lost_of[page.segment] or {}
        table.insert(lost_of[page.segment], page)
    end
    for _, segment in ipairs(left) do
        local offset = 0
        local lost = lost_of[segment] or {}
        lost[#lost + 1] = { offset = segment.bytes, length = 0 }
        for _, page in ipairs(lost) do
            if page.offset > offset then
                stretches[#stretches + 1] =
                    { segment = segment, offset = offset, bytes = page.offset - offset, before = total }
                total = total + page.offset - offset
            end
            offset = page.offset + page.length
        end
    end
    return stretches, total
end

local function flip_of(stretches, number)
    local byte = number // 8
    local low, high = 1, #stretches -- the last whose `before` is not above the byte
    while low < high do
        local middle = (low + high + 1) // 2
        if stretches[middle].before <= byte then
            low = middle
        else
            high = middle - 1
        end
    end
    local stretch = stretches[low]
    return { segment = stretch.segment, offset = stretch.offset + byte - stretch.before, bit = number % 8 }
end

local function choose_flips(request, segments, left, pages, draw)
    local chosen = {}
    for index, flip in ipairs(request.flips) do
        chosen[index] = placed(segments, flip, "bit_flips")
    end
    local stretches, bytes = stretches_of(left, pages)
    local count = request.flip_share and math.floor(request.flip_share * bytes * 8 + 0.5) or request.flip_count
    if count > max_flips or count > bytes * 8 then
        refuse("bit_flips: %d asked for; there are %d bits, of which at most %d are flipped", count, bytes * 8,
            max_flips)
    end
    local is_drawn = {}
    while #chosen < count do
        local number = draw(0, bytes * 8 - 1)
        if not is_drawn[number] then
            is_drawn[number] = true
            chosen[#chosen + 1] = flip_of(stretches, number)
        end
    end
    table.sort(chosen, is_before)
    return chosen
end

-- Changes bytes of the segments of places in their order; each file is opened once.
local function change(places, changed)
    local file, segment
    for _, place in ipairs(places) do
        if place.segment ~= segment then
            if file then
                done(file:close())
            end
            segment = place.segment
            file = done(io.open(segment.path, "r+b"))
        end
        local bytes = changed(place, function()
            done(file:seek("set", place.offset))
            return (done(file:read(1), segment.path .. ": it cannot be read"))
        end)
        done(file:seek("set", place.offset))
        done(file:write(bytes))
    end
    if file then
        done(file:close())
    end
end

local function report(missing, pages, flips)
    local list = {}
    for _, segment in ipairs(missing) do
        list[#list + 1] = { kind = "missing_segment", segment = segment.name, length = segment.bytes }
    end
    for _, page in ipairs(pages) do
        list[#list + 1] =
            { kind = "lost_page", segment = page.segment.name, offset = page.offset, length = page.length }
    end
    for _, flip in ipairs(flips) do
        list[#list + 1] = { kind = "bit_flip", segment = flip.segment.name, offset = flip.offset, bit = flip.bit }
    end
    return list
end

---Does the damage that is asked for. Raises a failure of kind "usage" where it cannot.
---@param request table of damage_request.check
---@param directory string of the log
---@param seed integer the same seed and log: the same damage
---@return table[] damage each { kind, segment, offset, length | bit }; missing segments, pages, flips, by place
function damage.apply(request, directory, seed)
    local function draw_for(kind)
        return random.new(seed ~ stream_of[kind]).draw
    end
    local segments = segments_of(directory)
    local missing = choose_missing(request, segments, draw_for "missing_segment")
    local is_missing, left = tables.set(missing), {}
    for _, segment in ipairs(segments) do
        left[#left + 1] = not is_missing[segment] and segment or nil
    end
    local pages = choose_pages(request, segments, left, draw_for "lost_page")
    local flips = choose_flips(request, segments, left, pages, draw_for "bit_flip")
    change(pages, function(page)
        return ("\0"):rep(page.length)
    end)
    change(flips, function(flip, read)
        return string.char(read():byte() ~ (1 << flip.bit))
    end)
    for _, segment in ipairs(missing) do
        done(os.remove(segment.path))
    end
    return report(missing, pages, flips)
end

local words = {
    missing_segment = { "missing segment", function(one) return (", %d bytes"):format(one.length) end },
    lost_page = { "lost page", function(one) return (":%d, %d bytes"):format(one.offset, one.length) end },
    bit_flip = { "bit flip", function(one) return (":%d, bit %d"):format(one.offset, one.bit) end },
}

---What was done, for people: one line for each.
---@param list table[] of damage.apply
---@return string[]
function damage.lines(list)
    local lines = {}
    for index, one in ipairs(list) do
        local name, place = table.unpack(words[one.kind])
        lines[index] = ("%s %s%s"):format(name, one.segment, place(one))
    end
    return lines
end

return damage

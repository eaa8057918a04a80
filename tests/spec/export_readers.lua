-- Readers of the formats that `tracereel export` writes, written from what is published about them: they refuse what a
-- reader may refuse. Numbers stay texts, so that none is rounded.
local exact_json = require "tests.spec.exact_json"

local readers = {}

-- --- comma-separated values: RFC 4180 ------------------------------------------------------------------------------

local function csv_field(text, position)
    if text:sub(position, position) ~= '"' then
        local value, next_position = text:match('^([^,"\r\n]*)()', position)
        return value, next_position
    end
    local parts = {}
    position = position + 1
    while true do
        local part, next_position = text:match('^([^"]*)"()', position)
        assert(part, "a quoted field is not closed")
        parts[#parts + 1] = part
        if text:sub(next_position, next_position) ~= '"' then
            return table.concat(parts, '"'), next_position
        end
        position = next_position + 1
    end
end

---Rows as tables by the names of the first line.
function readers.csv(text)
    local lines, line, position = {}, {}, 1
    while position <= #text do
        local value
        value, position = csv_field(text, position)
        line[#line + 1] = value
        local separator = text:match("^\r?\n", position) or text:match("^,", position)
        assert(separator, "neither a comma nor the end of a line at byte " .. position)
        position = position + #separator
        if separator ~= "," then
            lines[#lines + 1], line = line, {}
        end
    end
    assert(#line == 0, "the last line does not end")
    local rows = {}
    for index = 2, #lines do
        assert(#lines[index] == #lines[1], "a row has another number of fields than the header")
        rows[index - 1] = {}
        for column, name in ipairs(lines[1]) do
            rows[index - 1][name] = lines[index][column]
        end
    end
    return rows
end

-- --- folded stacks: frames between semicolons, a space, a count ----------------------------------------------------

function readers.folded(text)
    local stacks = {}
    for line in text:gmatch("([^\n]*)\n") do
        local stack, count = line:match("^(%S+) (%d+)$")
        assert(stack, "not a stack and a count: " .. line)
        local frames = {}
        for frame in (stack .. ";"):gmatch("([^;]*);") do
            assert(frame ~= "", "an empty frame: " .. line)
            frames[#frames + 1] = (frame:gsub("%%(%x%x)", function(code)
                return string.char(tonumber(code, 16))
            end))
        end
        stacks[#stacks + 1] = { frames = frames, count = math.tointeger(tonumber(count)) }
    end
    return stacks
end

-- --- the text format of Prometheus, version 0.0.4 ------------------------------------------------------------------

local label_escapes = { ["\\\\"] = "\\", ['\\"'] = '"', ["\\n"] = "\n" }

local function prometheus_labels(text)
    local labels, position = {}, 1
    while position <= #text do
        local name, next_position = text:match('^([%a_][%w_]*)="()', position)
        assert(name, "not a label: " .. text:sub(position))
        assert(labels[name] == nil, "label twice: " .. name)
        local parts = {}
        position = next_position
        while text:sub(position, position) ~= '"' do
            local plain, after = text:match('^([^"\\\n]+)()', position)
            local escaped = not plain and label_escapes[text:sub(position, position + 1)]
            assert(plain or escaped, "a label's value does not end, or has an unknown escape: " .. text)
            parts[#parts + 1] = plain or escaped
            position = plain and after or position + 2
        end
        labels[name] = table.concat(parts)
        position = position + 1
        if position <= #text then
            assert(text:sub(position, position) == ",", "no comma between labels: " .. text)
            position = position + 1
        end
    end
    return labels
end

local suffixes_of = { histogram = { "_bucket", "_sum", "_count" }, counter = { "" }, gauge = { "" } }

local function belongs_to(sample, family)
    for _, suffix in ipairs(suffixes_of[family.type]) do
        if sample == family.name .. suffix then
            return true
        end
    end
    return false
end

local function prometheus_sample(line, family, seen)
    local name, labels, value = line:match("^([%a_:][%w_:]*){(.*)} (%S+)$")
    assert(name, "not a sample without a timestamp: " .. line)
    assert(family and family.type and belongs_to(name, family), "not of the family above it: " .. line)
    assert(value:match("^%d+$") or value:match("^%d+%.%d+$"), "not a number: " .. line)
    local series = line:match("^(.*) ")
    assert(not seen[series], "twice: " .. series)
    seen[series] = true
    return { name = name, labels = prometheus_labels(labels), value = value }
end

---Families by name: { name, type, help, samples }.
function readers.prometheus(text)
    assert(text:sub(-1) == "\n", "the last line does not end")
    local families, family, seen = {}, nil, {}
    for line in text:gmatch("([^\n]*)\n") do
        local word, name, rest = line:match("^# (%u+) ([%w_:]+) (.+)$")
        if word == "HELP" then
            assert(not families[name], "the family comes twice: " .. name)
            family = { name = name, help = rest, samples = {} }
            families[name] = family
        elseif word == "TYPE" then
            assert(family and family.name == name and #family.samples == 0, "TYPE is not before its samples")
            assert(suffixes_of[rest], "unknown type: " .. rest)
            assert((rest == "counter") == (name:sub(-6) == "_total"), "only counters end in _total: " .. name)
            family.type = rest
        else
            family.samples[#family.samples + 1] = prometheus_sample(line, family, seen)
        end
    end
    return families
end

local function histogram_key(labels)
    local parts = {}
    for name, value in pairs(labels) do
        if name ~= "le" then
            parts[#parts + 1] = ("%s=%q"):format(name, value)
        end
    end
    table.sort(parts)
    return table.concat(parts, ",")
end

---The histograms of a family, each checked: { labels, buckets = { { le, count } }, sum, count }.
function readers.histograms(family)
    local by_key, list = {}, {}
    for _, sample in ipairs(family.samples) do
        local key = histogram_key(sample.labels)
        local histogram = by_key[key]
        if not histogram then
            histogram = { labels = sample.labels, buckets = {} }
            by_key[key], list[#list + 1] = histogram, histogram
        end
        if sample.labels.le then
            table.insert(histogram.buckets, { le = sample.labels.le, count = math.tointeger(tonumber(sample.value)) })
        else
            histogram[sample.name:sub(-4) == "_sum" and "sum" or "count"] = sample.value
        end
    end
    for _, histogram in ipairs(list) do
        local bound, count = -math.huge, 0
        for _, bucket in ipairs(histogram.buckets) do
            local next_bound = bucket.le == "+Inf" and math.huge or tonumber(bucket.le)
            assert(next_bound > bound and bucket.count >= count, "buckets are cumulative, in order of their bounds")
            bound, count = next_bound, bucket.count
        end
        assert(bound == math.huge and tostring(count) == histogram.count, "the last bucket, +Inf, is the count")
        assert(histogram.sum, "no sum")
    end
    return list
end

-- --- Chrome trace events: the object form --------------------------------------------------------------------------

-- All 64 bits of a text of digits: Unix times are compared as unsigned.
local function unsigned(digits)
    local value = 0
    for digit in digits:gmatch("%d") do
        value = value * 10 + math.tointeger(digit)
    end
    return value
end

local function thousandths(text)
    local sign, whole, fraction = text:match("^#(%-?)(%d+)%.(%d%d%d)$")
    assert(whole, "not microseconds with three decimals: " .. text)
    local value = unsigned(whole .. fraction)
    return sign == "-" and -value or value
end

local function check_nesting(slices)
    table.sort(slices, function(a, b)
        if a.start_ns ~= b.start_ns then
            return math.ult(a.start_ns, b.start_ns)
        end
        return math.ult(b.end_ns, a.end_ns)
    end)
    local enclosing = {}
    for _, slice in ipairs(slices) do
        while #enclosing > 0 and not math.ult(slice.start_ns, enclosing[#enclosing].end_ns) do
            enclosing[#enclosing] = nil
        end
        local parent = enclosing[#enclosing]
        assert(not parent or not math.ult(parent.end_ns, slice.end_ns),
            ("%s and %s overlap on one track"):format(slice.name, parent and parent.name))
        enclosing[#enclosing + 1] = slice
    end
end

---Slices, instants and names of tracks, with `start_ns` and `end_ns` as Unix time. Slices of a track nest.
function readers.chrome(text)
    local document = exact_json(text)
    local origin_ns = unsigned(document.otherData.origin_ns)
    local read = { slices = {}, instants = {}, process_names = {}, track_names = {} }
    local slices_of_track = {}
    for _, event in ipairs(document.traceEvents) do
        assert(event.pid:match("^#%d+$"), "no process")
        local track = event.pid .. "/" .. (event.tid or "")
        if event.ph == "M" then
            if event.name == "process_name" then
                read.process_names[event.pid] = event.args.name
            elseif event.name == "thread_name" then
                read.track_names[track] = event.args.name
            end
        else
            assert(event.tid:match("^#%d+$") and event.name and event.cat, "no track, name or category")
            event.start_ns = origin_ns + thousandths(event.ts)
            event.process_name, event.track_name = read.process_names[event.pid], read.track_names[track]
            if event.ph == "X" then
                event.end_ns = event.start_ns + thousandths(event.dur)
                assert(not math.ult(event.end_ns, event.start_ns), "a slice ends before it starts")
                slices_of_track[track] = slices_of_track[track] or {}
                table.insert(slices_of_track[track], event)
                table.insert(read.slices, event)
            else
                assert(event.ph == "i" and event.s == "t", "unknown event " .. event.ph)
                table.insert(read.instants, event)
            end
        end
    end
    for _, slices in pairs(slices_of_track) do
        check_nesting(slices)
    end
    return read
end

---Slices of a file of Speedscope's, as { frame name, profile name, start, end }, by its JSON schema: events of each
---profile in the order of their times, every frame that opens closes, and the last that opened first.
function readers.speedscope(text)
    local document = exact_json(text)
    assert(document["$schema"] == "https://www.speedscope.app/file-format-schema.json", "no schema")
    local names, slices, is_known = {}, {}, {}
    for index, frame in ipairs(document.shared.frames) do
        assert(not is_known[frame.name], "two frames of one name")
        names[index - 1], is_known[frame.name] = frame.name, true
    end
    for _, profile in ipairs(document.profiles) do
        assert(profile.type == "evented" and profile.unit == "nanoseconds" and profile.name)
        local open, last = {}, unsigned(profile.startValue)
        for _, event in ipairs(profile.events) do
            local name, at = assert(names[unsigned(event.frame)]), unsigned(event.at)
            assert(at >= last and at <= unsigned(profile.endValue), "events out of order")
            last = at
            if event.type == "O" then
                open[#open + 1] = { name, profile.name, at }
            else
                local slice = table.remove(open)
                assert(event.type == "C" and slice[1] == name, "a frame closes that did not open last")
                slice[4] = at
                slices[#slices + 1] = slice
            end
        end
        assert(#open == 0, "a frame stays open")
    end
    return slices
end

return readers

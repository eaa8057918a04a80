-- Texts and logs that are nearly right.
local random = require "tests.fuzz.parts.random"

local mutation = {}

local interesting = { "0", "1", "-1", "2", "3", "7", "255", "4294967295", "4294967296", "9223372036854775807",
    "-9223372036854775808", "18446744073709551615", "18446744073709551616", "1e308", "1e999", "0.5", "-0.0", "1e-320",
    '""', '"x"', "null", "nil", "true", "false", "[]", "{}", '"\\u0000"', '"\\ud800"', '"\195"', "1764000001588988677",
    '"00000000-0000-0000-0000-000000000000"', '"120ms"', '"-1s"', '"1e3s"', "{1,2,3}", "[[1]]", "function() end" }

-- Each takes a text and returns another one.
local on_text = {
    function(text) -- a byte
        local at = math.random(#text)
        return text:sub(1, at - 1) .. random.bytes(1) .. text:sub(at + 1)
    end,
    function(text) -- a stretch is gone
        local at = math.random(#text)
        return text:sub(1, at - 1) .. text:sub(at + math.random(1, 40))
    end,
    function(text) -- a stretch is there twice
        local at = math.random(#text)
        local to = at + math.random(1, 60)
        return text:sub(1, to) .. text:sub(at)
    end,
    function(text) -- its end is gone
        return text:sub(1, math.random(0, #text - 1))
    end,
    function(text) -- deep
        local at = math.random(#text)
        return text:sub(1, at) .. random.one({ "[", "{", "(", "-", "{a=" }):rep(math.random(1, 400)) .. text:sub(at + 1)
    end,
    function(text) -- bytes between
        local at = math.random(0, #text)
        return text:sub(1, at) .. random.one({ "\0", "\255\254", "\n", "\r", "\t", "é", "\27[31m", "%s%n", "'", '"' })
            .. text:sub(at + 1)
    end,
}

-- Where a text has a number, a quoted text, or a word: a list of { first, last }.
local function tokens(text)
    local found, from = {}, 1
    while #found < 4000 do
        local first, last = text:find("[%w_.-]+", from)
        if not first then
            return found
        end
        local open, close = text:find('^%b""', first - 1)
        found[#found + 1] = open and { open, close } or { first, last }
        from = (close or last) + 1
    end
    return found
end

local function change_token(text)
    local all = tokens(text)
    if #all == 0 then
        return text .. random.one(interesting)
    end
    local at = random.one(all)
    local other = random.one(all)
    local put = random.chance(0.6) and random.one(interesting) or text:sub(other[1], other[2])
    return text:sub(1, at[1] - 1) .. put .. text:sub(at[2] + 1)
end

local function change_line(text)
    local lines = {}
    for line in text:gmatch("[^\n]*\n?") do
        lines[#lines + 1] = line
    end
    local at = math.random(#lines)
    if random.chance(0.3) then
        table.remove(lines, at)
    elseif random.chance(0.5) then
        table.insert(lines, math.random(#lines), lines[at])
    else
        local other = math.random(#lines)
        lines[at], lines[other] = lines[other], lines[at]
    end
    return table.concat(lines)
end

---A text with a few changes: of tokens and lines mostly, which leave it readable.
---@param text string
---@return string
function mutation.text(text)
    for _ = 1, random.one({ 1, 1, 1, 2, 3, 8 }) do
        if text == "" then
            return random.one(interesting)
        end
        local draw = math.random()
        text = draw < 0.6 and change_token(text) or draw < 0.8 and change_line(text) or random.one(on_text)(text)
    end
    return text
end

---Bytes with a few changes.
---@param bytes string
---@return string
function mutation.bytes(bytes)
    for _ = 1, random.one({ 1, 1, 2, 5 }) do
        bytes = bytes == "" and random.bytes(8) or random.one(on_text)(bytes)
    end
    return bytes
end

local crc_table = {}
for byte = 0, 255 do
    local crc = byte
    for _ = 1, 8 do
        crc = crc & 1 == 1 and (crc >> 1) ~ 0xEDB88320 or crc >> 1
    end
    crc_table[byte] = crc
end

local function crc32(bytes, from)
    local crc = 0xFFFFFFFF
    for index = from, #bytes do
        crc = crc_table[(crc ~ bytes:byte(index)) & 0xFF] ~ (crc >> 8)
    end
    return crc ~ 0xFFFFFFFF
end

---A segment's records, as far as their lengths can be believed.
---@param bytes string
---@return string[]
function mutation.records(bytes)
    local records, at = {}, 1
    while at + 68 <= #bytes do
        local length = string.unpack("<I4", bytes, at)
        if length < 69 or at + length - 1 > #bytes then
            break
        end
        records[#records + 1] = bytes:sub(at, at + length - 1)
        at = at + length
    end
    return records
end

-- A record's length and CRC, made right.
local function sealed(record)
    return string.pack("<I4I4", #record, crc32(record, 30)) .. record:sub(9)
end

-- Fields of a record: the place of the first byte, and how many there are.
local fields = { { 9, 1 }, { 10, 16 }, { 26, 4 }, { 30, 8 }, { 38, 8 }, { 46, 4 }, { 50, 8 }, { 58, 4 } }

local function field_value(length, others, at)
    local draw = math.random()
    if length == 1 then
        return string.char(math.random(0, 12))
    elseif draw < 0.4 then
        local other = random.one(others)
        return other:sub(at, at + length - 1)
    elseif draw < 0.6 then
        return ("\0"):rep(length)
    elseif draw < 0.8 then
        return random.one({ "\255", "\127" }):rep(length)
    end
    return random.bytes(length)
end

local texts = { "", "{}", "[]", "null", "{", '{"tracereel":{}}', '{"tracereel":{"plan":1,"action":"apply"}}',
    '{"hook_id":1,"timeout_secs":-1}', '{"hook_id":"h","pending_data_offset":0,"pending_data_size":0,"timeout_secs":'
    .. '18446744073709551615,"timeout_action":"x"}', "\255\254", "\0", ("["):rep(2000), ("x"):rep(70000), "é\27[2J",
    '{"a":1e999}', '"' .. ("\\u0000"):rep(40) .. '"', "a;b c\nd", '{"tracereel":{"hold":{"reason":7}}}' }

local function with_texts(record)
    local pack = string.pack("<s4s4", random.one(texts), random.one(texts))
    return record:sub(1, 61) .. pack .. (random.chance(0.1) and random.bytes(9) or "")
end

local function change_record(records, at)
    local record = records[at]
    if random.chance(0.3) then
        record = with_texts(record)
    else
        local field = random.one(fields)
        record = record:sub(1, field[1] - 1) .. field_value(field[2], records, field[1])
            .. record:sub(field[1] + field[2])
    end
    records[at] = random.chance(0.95) and sealed(record) or record
end

local on_records = {
    change_record, change_record, change_record,
    function(records, at)
        table.remove(records, at)
    end,
    function(records, at)
        table.insert(records, math.random(#records), records[at])
    end,
    function(records, at)
        local other = math.random(#records)
        records[at], records[other] = records[other], records[at]
    end,
    function(records, at)
        records[at] = records[at]:sub(1, math.random(#records[at]))
    end,
    function(records, at)
        records[at] = ("\0"):rep(math.random(1, 9000))
    end,
    function(records, at)
        table.move(records, at + math.random(1, 200), #records + 200, at + 1)
    end,
}

---A segment with some of its records changed, left out, written twice, or out of order; most of their CRCs are right.
---@param bytes string
---@return string
function mutation.segment(bytes)
    local records = mutation.records(bytes)
    if #records == 0 or random.chance(0.1) then
        return mutation.bytes(bytes)
    end
    for _ = 1, random.one({ 1, 2, 4, 10, 30 }) do
        if #records > 0 then
            random.one(on_records)(records, math.random(#records))
        end
    end
    local rest = random.chance(0.8) and "" or random.bytes(math.random(1, 80))
    return table.concat(records) .. rest
end

return mutation

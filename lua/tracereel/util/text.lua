-- Texts for a terminal: safe to show, measured in columns, cut and wrapped.
local text = {}

local replacement = "\u{FFFD}"
local short_escapes = { [0x09] = "\\t", [0x0A] = "\\n", [0x0D] = "\\r", [0x1B] = "\\e" }

-- Ranges of code points that must not reach a terminal: they move the cursor or turn the direction of writing.
local unsafe_ranges = { { 0x00, 0x1F }, { 0x7F, 0x9F }, { 0x2028, 0x202E }, { 0x2066, 0x2069 } }
-- Ranges that take no column, and two.
local zero_ranges = { { 0x0300, 0x036F }, { 0x200B, 0x200F }, { 0xFE00, 0xFE0F } }
local wide_ranges = {
    { 0x1100, 0x115F }, { 0x2E80, 0x303E }, { 0x3041, 0xA4CF }, { 0xAC00, 0xD7A3 }, { 0xF900, 0xFAFF },
    { 0xFE30, 0xFE6F }, { 0xFF00, 0xFF60 }, { 0xFFE0, 0xFFE6 }, { 0x1F300, 0x1F64F }, { 0x1F680, 0x1F9FF },
    { 0x20000, 0x3FFFD },
}

local function is_in(code, ranges)
    for _, range in ipairs(ranges) do
        if code >= range[1] and code <= range[2] then
            return true
        end
    end
    return false
end

local function columns_of(code)
    if code < 0x300 then
        return 1
    end
    return is_in(code, zero_ranges) and 0 or is_in(code, wide_ranges) and 2 or 1
end

local function escape(character)
    local code = utf8.codepoint(character)
    if not is_in(code, unsafe_ranges) then
        return character
    end
    return short_escapes[code] or (code < 0x100 and ("\\x%02x"):format(code) or ("\\u{%x}"):format(code))
end

local function replace_broken(bytes)
    local parts, position = {}, 1
    while position <= #bytes do
        local length, broken_at = utf8.len(bytes, position)
        if length then
            parts[#parts + 1] = bytes:sub(position)
            break
        end
        parts[#parts + 1] = bytes:sub(position, broken_at - 1)
        parts[#parts + 1] = replacement
        position = broken_at + 1
    end
    return table.concat(parts)
end

---Bytes from a log as one line that is safe on a terminal: U+FFFD for what is not UTF-8, control characters escaped.
function text.clean(bytes)
    if not bytes:find("[^ -~]") then
        return bytes
    end
    if not utf8.len(bytes) then
        bytes = replace_broken(bytes)
    end
    return (bytes:gsub(utf8.charpattern, escape))
end

---How many columns a clean text takes.
function text.width(clean)
    if not clean:find("[\x80-\xFF]") then
        return #clean
    end
    local columns = 0
    for _, code in utf8.codes(clean) do
        columns = columns + columns_of(code)
    end
    return columns
end

---The text in at most that many columns, with an ellipsis where something is missing.
function text.cut(clean, columns)
    if text.width(clean) <= columns then
        return clean
    end
    local used = 0
    for position, code in utf8.codes(clean) do
        used = used + columns_of(code)
        if used > columns - 1 then
            return clean:sub(1, position - 1) .. "…"
        end
    end
    return clean
end

---The text in at most that many columns; where something is missing, a mark at its end tells it from others.
function text.cut_marked(clean, mark, columns)
    if text.width(clean) <= columns then
        return clean
    end
    return text.cut(clean, math.max(columns - text.width(mark), 2)) .. mark
end

function text.pad_right(clean, columns)
    return clean .. (" "):rep(columns - text.width(clean))
end

function text.pad_left(clean, columns)
    return (" "):rep(columns - text.width(clean)) .. clean
end

local function break_position(clean, columns)
    if #clean <= columns then
        return #clean -- no character takes more columns than bytes
    end
    local used, last_space = 0, nil
    for position, code in utf8.codes(clean) do
        used = used + columns_of(code)
        if used > columns then
            return last_space or position - 1
        end
        if code == 0x20 then
            last_space = position
        end
    end
    return #clean
end

---The text in lines of at most that many columns, broken at spaces where there are any.
---@return string[]
function text.wrap(clean, columns)
    local lines = {}
    repeat
        local last = math.max(break_position(clean, columns), utf8.offset(clean, 2) and utf8.offset(clean, 2) - 1 or 0)
        lines[#lines + 1] = (clean:sub(1, last):gsub(" +$", ""))
        clean = clean:sub(last + 1)
    until clean == ""
    return lines
end

---"1 gap", "2 gaps".
function text.count(number, singular, plural)
    return ("%d %s"):format(number, number == 1 and singular or plural or singular .. "s")
end

---A field of a CSV line: in quotes if it has a comma, a quote or a line break.
---@param value string
---@return string
function text.csv_field(value)
    return value:find('[,"\r\n]') and '"' .. value:gsub('"', '""') .. '"' or value
end

return text

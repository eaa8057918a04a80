-- What a compiled expression calls: values of records and traces, and how two are compared. A comparison with what is
-- missing is false, and so is one of different types.
local base = require "tracereel.base"
local grouping = require "tracereel.timing.grouping"
local trace_times = require "tracereel.log.trace_times"

local values = {}

---In place of a trace or a node that is not there: all its fields are missing.
values.nothing = setmetatable({}, { __newindex = function()
    error("nothing stays empty", 2)
end })

---@param trace table
---@return integer|nil
function values.start_of(trace)
    return trace.start_ns and trace_times.is_start_known(trace) and trace.start_ns or nil
end

---@param trace table
---@return integer|nil
function values.duration_of(trace)
    return values.start_of(trace) and trace.duration_ns
end

---@param trace table
---@return string|nil
function values.outcome_of(trace)
    return trace.id and (trace.outcome or "open")
end

---The message of a trace's last error since its latest trace_start.
---@param trace table
---@return string|nil
function values.last_error(trace)
    local errors = trace.errors
    local latest = errors and errors[#errors]
    return latest and latest.message
end

function values.messages(errors)
    local texts = {}
    for index, one in ipairs(errors or texts) do
        texts[index] = one.message
    end
    return texts
end

function values.count(list)
    return list and #list
end

---The node of a trace: nothing where it has not touched it.
function values.node(trace, id)
    return trace ~= values.nothing and trace:node(id) or values.nothing
end

---The object that a text is in JSON; nil where it is none.
---@param metadata string|nil
---@return table|nil
function values.decoded(metadata)
    local object = metadata and metadata:find("{", 1, true) and base.json_decode(metadata)
    return type(object) == "table" and object or nil
end

local function follow(object, path)
    for _, key in ipairs(path) do
        if type(object) ~= "table" then
            return nil
        elseif key.is_exact then
            object = object[key.text]
        else
            object = grouping.at(object, key.text)
        end
    end
    return object
end

---The value at a path of metadata. Where it does not have it, the object is looked at in which an importer put what the
---source says.
---@param metadata table|nil
---@param path { text: string, is_exact: boolean }[]
function values.at(metadata, path)
    local value = follow(metadata, path)
    if value == nil and metadata and type(metadata.metadata) == "table" then
        value = follow(metadata.metadata, path)
    end
    if value ~= base.null then
        return value
    end
end

function values.is_there(value)
    return value ~= nil and value ~= false and value ~= values.nothing
end

function values.has_items(list)
    return list ~= nil and #list > 0
end

function values.equal(left, right)
    return left ~= nil and left == right
end

local function are_comparable(left, right)
    local kind = type(left)
    return kind == type(right) and (kind == "number" or kind == "string")
end

function values.less(left, right)
    return are_comparable(left, right) and left < right
end

function values.at_most(left, right)
    return are_comparable(left, right) and left <= right
end

---The same of unsigned numbers.
function values.below(left, right)
    return left ~= nil and right ~= nil and math.ult(left, right)
end

function values.up_to(left, right)
    return left ~= nil and right ~= nil and not math.ult(right, left)
end

---An unsigned number as one to compare with signed ones.
function values.wide(number)
    return number and (number >= 0 and number or number + 0x1p64)
end

---@param list table|nil
function values.contains(list, wanted)
    if wanted == nil or type(list) ~= "table" then
        return false
    end
    for _, one in ipairs(list) do
        if one == wanted then
            return true
        end
    end
    return false
end

---@class tracereel.where_pattern
---@field pieces string[] in small letters: what is found one after another
---@field at_start boolean
---@field at_end boolean

---A pattern: any text that has these words in it, whatever their case; * is any text, ^ its beginning and $ its end.
---A backslash takes its meaning from a character.
---@param text string
---@return tracereel.where_pattern
function values.pattern(text)
    local pieces, piece, position = {}, {}, 1
    local at_start = text:sub(1, 1) == "^"
    local at_end = false
    for escape, character in (at_start and text:sub(2) or text):gmatch("(\\?)(.)") do
        if at_end then -- the one before was not the last
            piece[#piece + 1], at_end = "$", false
        end
        if escape == "" and character == "*" then
            pieces[position], piece, position = table.concat(piece):lower(), {}, position + 1
        elseif escape == "" and character == "$" then
            at_end = true
        else
            piece[#piece + 1] = character
        end
    end
    pieces[position] = table.concat(piece):lower()
    return { pieces = pieces, at_start = at_start, at_end = at_end }
end

-- Where a piece of a pattern ends, if it is found from `position` on; nil where it is not.
local function find_piece(subject, piece, position, is_first, is_last)
    if is_last then
        local first = #subject - #piece + 1
        return first >= position and (not is_first or first == 1) and subject:sub(first) == piece and #subject or nil
    elseif is_first then
        return subject:sub(1, #piece) == piece and #piece or nil
    end
    local _, last = subject:find(piece, position, true)
    return last
end

-- Each piece is looked for once, as early as it can be: no text takes longer than its length.
local function matches_text(subject, pattern)
    subject = subject:lower()
    local pieces, position = pattern.pieces, 1
    for index, piece in ipairs(pieces) do
        local last = find_piece(subject, piece, position, index == 1 and pattern.at_start,
            index == #pieces and pattern.at_end)
        if not last then
            return false
        end
        position = last + 1
    end
    return true
end

---Does a text, or a text of a list, match?
---@param subject any
---@param pattern tracereel.where_pattern
function values.matches(subject, pattern)
    if type(subject) == "string" then
        return matches_text(subject, pattern)
    elseif type(subject) == "table" and subject ~= values.nothing then
        for _, one in ipairs(subject) do
            if type(one) == "string" and matches_text(one, pattern) then
                return true
            end
        end
    end
    return false
end

return values

-- Integers of 64 bits in JSON text. The decoder reads numbers as Lua does, to which 2^63 and more are floats; here they
-- become the negative integers of the same 64 bits, as Lua has a record's schema_hash.
local json_numbers = {}

local max_digits = "18446744073709551615"
local many_digits = ("%d"):rep(19)

-- The digits of an integer from 2^63 to 2^64-1 as the signed integer's; nil for every other number.
local function as_signed(digits)
    local is_within = #digits == 19 and digits > "9223372036854775807" or #digits == 20 and digits <= max_digits
    if not is_within or not digits:find("^%d+$") then
        return nil
    end
    local value = 0
    for digit in digits:gmatch("%d") do
        value = value * 10 + math.tointeger(digit) -- wraps around, as it should
    end
    return ("%d"):format(value)
end

-- The place after the text that begins at `position` with a quotation mark.
local function place_after_text(json, position)
    repeat
        position = json:find('["\\]', position + 1)
        local is_escape = position and json:byte(position) == 92
        if is_escape then
            position = position + 1
        end
    until not is_escape
    return position and position + 1 or #json + 1
end

---The JSON with all integers of 64 bits as signed ones. What is larger stays, and is read as a float.
---@param json string
---@return string
function json_numbers.signed(json)
    if not json:find(many_digits) then
        return json
    end
    local parts, kept, position = {}, 1, 1
    while true do
        position = json:find('["%d-]', position)
        if not position then
            parts[#parts + 1] = json:sub(kept)
            return table.concat(parts)
        elseif json:byte(position) == 34 then
            position = place_after_text(json, position)
        else
            local number = json:match("^%-?[%d%.eE+-]*", position)
            local signed = as_signed(number)
            if signed then
                parts[#parts + 1] = json:sub(kept, position - 1)
                parts[#parts + 1] = signed
                kept = position + #number
            end
            position = position + #number
        end
    end
end

return json_numbers

-- Base64, as JSON has bytes: also in the form for addresses, with - and _, and without = at the end.
local base64 = {}

local digit = {}
for place = 0, 63 do
    digit[("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"):byte(place + 1)] = place
end
digit[("-"):byte()], digit[("_"):byte()] = 62, 63

---@param text string
---@return string|nil bytes nil where it is no base64
function base64.bytes(text)
    local bytes, bits, bit_count = {}, 0, 0
    for place = 1, #text:gsub("[=%s]+$", "") do
        local value = digit[text:byte(place)]
        if not value then
            return nil
        end
        bits, bit_count = (bits << 6 | value) & 0xFFFF, bit_count + 6
        if bit_count >= 8 then
            bit_count = bit_count - 8
            bytes[#bytes + 1] = string.char(bits >> bit_count & 0xFF)
        end
    end
    return table.concat(bytes)
end

---@param text string
---@return string|nil digits hexadecimal ones, two for each byte
function base64.hexadecimal(text)
    local bytes = base64.bytes(text)
    return bytes and (bytes:gsub(".", function(byte)
        return ("%02x"):format(byte:byte())
    end))
end

return base64

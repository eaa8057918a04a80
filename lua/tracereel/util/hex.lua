-- Bytes as hexadecimal digits.
local hex = {}

---@param bytes string
---@return string
function hex.encode(bytes)
    return (bytes:gsub(".", function(byte)
        return ("%02x"):format(byte:byte())
    end))
end

---@param text any
---@return string|nil bytes nil where the text is not pairs of hexadecimal digits
function hex.decode(text)
    if type(text) ~= "string" or #text % 2 ~= 0 or text:find("%X") then
        return nil
    end
    return (text:gsub("..", function(pair)
        return string.char(tonumber(pair, 16))
    end))
end

return hex

-- The hash of a page's own style or script, as a content security policy names it.
local core = require "tracereel.core"

local digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local function base64(bytes)
    local parts = {}
    for position = 1, #bytes, 3 do
        local group = bytes:sub(position, position + 2)
        local number = (">I3"):unpack(group .. ("\0"):rep(3 - #group))
        for index = 0, 3 do
            local digit = number >> (18 - 6 * index) & 63
            parts[#parts + 1] = index <= #group and digits:sub(digit + 1, digit + 1) or "="
        end
    end
    return table.concat(parts)
end

local content_hash = {}

---"sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
---@param text string
---@return string
function content_hash.source(text)
    local bytes = core.sha256(text):gsub("%x%x", function(pair)
        return string.char(tonumber(pair, 16))
    end)
    return "sha256-" .. base64(bytes)
end

return content_hash

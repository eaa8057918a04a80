-- Texts for formats that layouts do not write.
local base = require "tracereel.base"

---The same text; what is not UTF-8 in it is shown with U+FFFD, as in JSON.
---@param bytes string
---@return string
return function(bytes)
    return utf8.len(bytes) and bytes or base.json_decode(base.json(bytes))
end

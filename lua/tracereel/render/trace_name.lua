-- What a trace is called in a table of timing: by its source's own id, as `tracereel traces` lists it.
local text = require "tracereel.util.text"

---@param id string
---@param own_id string|nil of an imported log; where there is no room for it, the beginning of the trace's id ends it
---@param columns integer
---@return string in at most that many columns
return function(id, own_id, columns)
    return own_id and text.cut_marked(text.clean(own_id), " " .. id:sub(1, 8), columns) or id:sub(1, columns)
end

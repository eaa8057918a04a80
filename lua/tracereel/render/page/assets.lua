-- The client side of the pages: plain files beside this one, a style and scripts, which a page has inside itself.
local files = require "tracereel.util.files"

local assets = {}

local directory = debug.getinfo(1, "S").source:match("^@(.*/)") or ""

---A file, without what only its authors need: indents, and lines that are comments.
---@param name string
---@return string
function assets.text(name)
    return (("\n" .. files.read(directory .. name)):gsub("\n +", "\n"):gsub("\n//[^\n]*", ""):gsub("^\n", ""))
end

---Several, one after the other. Each is a function that is called at once: they share nothing but one name.
---@param names string[]
---@return string
function assets.joined(names)
    local parts = {}
    for index, name in ipairs(names) do
        parts[index] = assets.text(name)
    end
    return table.concat(parts)
end

return assets

-- What texts answer to in the program while it runs scripts: the string library's functions, without `dump`, and an
-- error in place of nil for every other name. All texts of a Lua state share one metatable, so this is the program's
-- alone; where tracereel is a module of another program, texts stay as that program has them.
local core = require "tracereel.core"

local text_methods = {}

---What scripts have as `tostring` and `string.format`: values without a text of their own are numbered. The numbers
---begin again with each log, so that a log's texts do not depend on those that the same process has read before.
text_methods.tostring, text_methods.format, text_methods.begin_numbers = core.text_functions()

-- Nobody means a text's field: it is a text that was taken for a table.
local function refuse(_, key)
    if math.type(key) then
        error(("a text has no element %s; text:sub(%s, %s) gives a byte of it"):format(key, key, key), 2)
    end
    error(("a text has no field '%s'; metadata is JSON text: its values are in trace.metadata_table, or "
        .. "tracereel.json_decode(text)"):format(core.name(key)), 2)
end

---A copy of the string library as scripts have it.
function text_methods.library()
    local library = {}
    for name, value in pairs(string) do
        library[name] = value
    end
    library.dump, library.format = nil, text_methods.format
    return library
end

---Gives the methods to all texts.
function text_methods.install()
    debug.getmetatable("").__index = setmetatable(text_methods.library(), { __index = refuse })
end

return text_methods

-- Layouts: what a format writes again and again, a row or an object, as a text with places for values. It is prepared
-- once; filling it makes no Lua value. `layout.new(names, items...)` gives fill(block, value, ...): the values by the
-- names in their order. A path is a name or a field of it, "attempt.start_ns". An item is
--   "text"                               as it is
--   { "plain", path }                    a text as it is, an integer as unsigned 64 bits, true or false
--   { "json", path }                     the same with the text in quotes and escaped; nil is null
--   { "csv", path }                      the same as a field of a CSV line; nil is empty
--   { "xml", path }                      the same as the value of an attribute
--   { "time", path }                     nanoseconds since 1970 as RFC 3339
--   { "microseconds", path, path }       nanoseconds from the second to the first: "-1234.567"
--   { "hexadecimal", path }              sixteen digits
--   { "if", path, items, items }         the first ones where there is a value that is not false, else the others
--   { "each", path, name, items, text }  the items for each value of a list, called so in them, with the text between
local core = require "tracereel.core"

local layout = {
    ---block(take) -> write(...), flush(), block: take(text) is called with 64 KiB or more of what was written and
    ---filled, and by flush() with the rest.
    block = core.text_block,
}

-- Texts that follow each other become one.
local function append(list, item)
    if type(item) == "table" and item.is_list then
        for _, each in ipairs(item) do
            append(list, each)
        end
    elseif type(item) == "string" and type(list[#list]) == "string" then
        list[#list] = list[#list] .. item
    else
        list[#list + 1] = item
    end
end

---One list of items of several, or of single ones.
function layout.items(...)
    local list = { is_list = true }
    for _, item in ipairs { ... } do
        append(list, item)
    end
    return list
end

---@param names string[]
---@return fun(block: userdata, ...): integer fill how many bytes were written
function layout.new(names, ...)
    return core.layout(names, layout.items(...))
end

---An integer as a text of digits, for readers whose numbers are doubles.
function layout.digits(path)
    return layout.items('"', { "plain", path }, '"')
end

---A JSON object of members { key, item }: with a path as their third they are there only where it has a value that is
---not false. The first is always there.
---@param members table[]
function layout.object(members)
    local list = layout.items("{")
    for index, member in ipairs(members) do
        local key, item, condition = table.unpack(member, 1, 3)
        local of_member = layout.items((index > 1 and "," or "") .. '"' .. key .. '":', item)
        append(list, condition and { "if", condition, of_member } or of_member)
    end
    append(list, "}")
    return list
end

---A JSON array of a list.
function layout.array(path, name, ...)
    return layout.items("[", { "each", path, name, layout.items(...), "," }, "]")
end

return layout

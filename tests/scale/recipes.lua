-- The recipes of docs/scale.md, as they stand there: a block's first line is ```LANGUAGE NAME.
local helper = require "tests.spec.helper"

local recipes = {}

---The text of the block of that name. Raises where there is none.
---@param name string
---@return string
function recipes.text(name)
    local lines, is_inside = {}, false
    for line in io.lines("docs/scale.md") do
        local opened = line:match("^```%S+ (%S+)$")
        if is_inside and line:find("^```") then
            return table.concat(lines, "\n") .. "\n"
        elseif is_inside then
            lines[#lines + 1] = line
        end
        is_inside = is_inside or opened == name
    end
    error("docs/scale.md has no recipe " .. name)
end

---Writes recipes into a directory, each under its name.
---@param directory string
---@param names string[]
function recipes.write(directory, names)
    for _, name in ipairs(names) do
        helper.write(directory .. "/" .. name, recipes.text(name))
    end
end

return recipes

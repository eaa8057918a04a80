-- An incomplete output looks incomplete: it is written beside its place, under a name that ends in the word below, and
-- is renamed when it is complete. An interrupted command takes it away; one that was killed leaves it, and the next one
-- for the same place takes it away.
local files = require "tracereel.util.files"

local unfinished = {}

local word = "tracereel-unfinished" -- src/files/unfinished.c has it, too

---Where the output for a place is written.
---@param path string
---@return string
function unfinished.beside(path)
    return path .. "." .. word
end

---Where it is written for a directory that is there already.
---@param path string
---@return string
function unfinished.within(path)
    return (path:gsub("/+$", "")) .. "/" .. word
end

-- The part of a path that is unfinished, up to the name that says so.
local function part_of(path)
    local reached = path:sub(1, 1) == "/" and "/" or ""
    for name in path:gmatch("[^/]+") do
        reached = reached .. name
        if name:sub(-#word) == word then
            return reached
        end
        reached = reached .. "/"
    end
end

---The unfinished directory that a log is, is in, or contains; nil where there is none.
---@param path string of a log
---@return string|nil
function unfinished.of(path)
    local is_unfinished = part_of(files.real_path(path) or path)
    if is_unfinished then
        return part_of(path) or is_unfinished
    end
    local inside = unfinished.within(path)
    return files.exists(inside) and inside or nil
end

---One sentence about it, without an end; nil where there is nothing to say.
---@param path string of a log
---@return string|nil
function unfinished.words(path)
    local found = path ~= "-" and unfinished.of(path)
    if not found then
        return nil
    end
    return ("%s is unfinished: its writer is still running, or was killed before it finished"):format(found)
end

return unfinished

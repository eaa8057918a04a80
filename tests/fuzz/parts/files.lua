-- Files and shell commands of the fuzzers' drivers.
local files = {}

function files.quote(text)
    return "'" .. text:gsub("'", "'\\''") .. "'"
end

---@return string|nil text nil where there is no such file
function files.read(path)
    local file = io.open(path, "rb")
    if not file then
        return nil
    end
    local text = file:read("a")
    file:close()
    return text
end

function files.write(path, text)
    local file = assert(io.open(path, "wb"))
    assert(file:write(text))
    assert(file:close())
end

---What a shell command writes to its standard output. Raises where it fails.
---@param command string
---@return string
function files.shell(command)
    local process = assert(io.popen(command, "r"))
    local text = process:read("a")
    assert(process:close(), command)
    return text
end

---@param path string
---@return string
function files.absolute(path)
    return path:sub(1, 1) == "/" and path or files.shell("pwd"):match("[^\n]+") .. "/" .. path
end

---The paths of all files below a directory, sorted.
---@param directory string
---@return string[]
function files.below(directory)
    local paths = {}
    local found = files.shell(("cd %s && find . -type f | LC_ALL=C sort"):format(files.quote(directory)))
    for path in found:gmatch("[^\n]+") do
        paths[#paths + 1] = path:sub(3)
    end
    return paths
end

---The lines of a text, a word each: what a case's `command` holds.
---@param words string[]
---@return string
function files.from_words(words)
    local lines = {}
    for index, word in ipairs(words) do
        lines[index] = word:gsub("\\", "\\\\"):gsub("\n", "\\n") .. "\n"
    end
    return table.concat(lines)
end

---@param text string
---@return string[]
function files.to_words(text)
    local words = {}
    for line in text:gmatch("([^\n]*)\n") do
        words[#words + 1] = line:gsub("\\(.)", { ["\\"] = "\\", n = "\n" })
    end
    return words
end

return files

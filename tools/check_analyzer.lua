-- Compares what gcc -fanalyzer printed with the warnings that are known to be wrong.
--
--   lua5.4 tools/check_analyzer.lua DIRECTORY [REASONS]
--
-- DIRECTORY has a file for each source, with what gcc printed for it under -fdiagnostics-plain-output and LC_ALL=C.
-- REASONS is tools/analyzer_reasons.lua. Prints each warning that is not in it, with gcc's way to it, and each reason
-- that no warning needs any more; fails if there is one.
local directory, reasons_path = arg[1], arg[2] or "tools/analyzer_reasons.lua"
local reasons = assert(loadfile(reasons_path, "t", {}))()

---@class found_warning
---@field file string
---@field within string the function
---@field warning string
---@field lines string[] as gcc printed it

---Reads one source's warnings; a line that is neither a warning nor a note to one is a failure of gcc itself.
---@param path string
---@param found found_warning[]
---@param seen table<string, boolean> places in headers, which gcc may name for several sources
local function read_warnings(path, found, seen)
    local within, current
    for line in io.lines(path) do
        local named = line:match("In function '([^']+)'")
        local file, message = line:match("^([^:]+):%d+:%d+: warning: (.*) %[%-Wanalyzer%-[%w-]+%]$")
        if named then
            -- gcc splits functions: name.part.0, name.isra.0
            within = named:match("^[%w_]+")
        elseif file then
            current = { file = file, within = within or "?", warning = message:gsub(" %[CWE%-%d+%]$", ""), lines = {} }
            local place = line:match("^[^ ]+ ") .. message
            if not seen[place] then
                found[#found + 1] = current
            end
            seen[place] = true
        elseif line:find(": error: ", 1, true) or line:find(": warning: ", 1, true) then
            current = { file = path, within = "?", warning = line, lines = {} }
            found[#found + 1] = current
        end
        if current then
            current.lines[#current.lines + 1] = line
        end
    end
end

---Each reason is good for one warning.
---@param warning found_warning
local function take_reason(warning)
    for _, reason in ipairs(reasons) do
        if not reason.is_taken and reason.file == warning.file and reason.within == warning.within
            and reason.warning == warning.warning then
            reason.is_taken = true
            return true
        end
    end
    return false
end

local found, seen, is_good = {}, {}, true
local listing = assert(io.popen("find '" .. directory .. "' -name '*.txt' | LC_ALL=C sort"))
for path in listing:lines() do
    read_warnings(path, found, seen)
end
listing:close()
for _, warning in ipairs(found) do
    if not take_reason(warning) then
        is_good = false
        print(table.concat(warning.lines, "\n"))
        print(("%s: %s: \"%s\" is not in %s: mend it, or say there why it is wrong"):format(warning.file,
            warning.within, warning.warning, reasons_path))
    end
end
for _, reason in ipairs(reasons) do
    if not reason.is_taken then
        is_good = false
        print(("%s: gcc does not warn of \"%s\" in %s of %s any more: take the reason out"):format(reasons_path,
            reason.warning, reason.within, reason.file))
    end
end
os.exit(is_good)

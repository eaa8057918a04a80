-- Findings as small logs and a spec that fails because of them: what a developer keeps until the script is mended.
local temporary_directory = require "tracereel.util.temporary_directory"
local small_log = require "tracereel.crashtest.small_log"
local base = require "tracereel.base"

local saving = {}

-- More records than these are no small log any more.
local max_records = 100000

local function range(from, to)
    local numbers = {}
    for number = from, to do
        numbers[#numbers + 1] = number
    end
    return numbers
end

-- Ever more of the log: the trace's own records, all records of its time, all up to its end.
local function attempts(history, number)
    local life = history:life(number)
    local first, last = life[1], life[#life]
    return {
        function() return life end,
        function() return last - first < max_records and range(first, last) or nil end,
        function() return last <= max_records and range(1, last) or nil end,
    }
end

local function shows(result, group)
    for _, finding in ipairs(result.findings) do
        if finding.check == group.check and finding.node == group.node and finding.record_type == group.record_type
            and finding.decision == group.decision then
            return true
        end
    end
    return false
end

-- The least that shows the finding, tried out. nil where nothing small enough does.
local function find_log(directory, group, history, log, run)
    for _, numbers_of in ipairs(attempts(history, group.shortest.number)) do
        local numbers = numbers_of()
        if numbers then
            local bytes = small_log.bytes(log:pick(numbers))
            small_log.fill(directory, { [small_log.first_segment] = bytes })
            if shows(run(base.open(directory)), group) then
                return bytes, #numbers
            end
        end
    end
end

local spec_head = [[
-- Written by tracereel crashtest: each log beside this file shows one finding, and its test fails until the script is
-- mended. Run it with: busted --lua=lua5.4 %s
-- TRACEREEL: the program; SCRIPT: the script, where it is not the one below.
local directory = debug.getinfo(1, "S").source:match("^@(.*/)") or "./"
local program = os.getenv("TRACEREEL") or "tracereel"
local script = os.getenv("SCRIPT") or %q

local function quote(text)
    return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function crashtest(log)
    local words = { quote(program), "crashtest", quote(script), quote(directory .. log), %s }
    local process = assert(io.popen(table.concat(words, " ") .. " 2>&1"))
    local text = process:read("a")
    local _, _, status = process:close()
    return status, text
end

describe(%q, function()
]]

local spec_test = [[
    -- %s
    it(%q, function()
        local status, text = crashtest(%q)
        assert.equal(0, status, text)
    end)
]]

-- A text in one line, with nothing in it that would end a comment or a string.
local function plain(text)
    return (text:gsub("[%c\\]", " "))
end

local function absolute(path)
    return path:sub(1, 1) == "/" and path or (os.getenv("PWD") or ".") .. "/" .. path
end

-- A bundled script is found by its name.
local function script_word(about)
    return about.is_bundled and about.script or absolute(about.script)
end

local function shell_quote(text)
    return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function spec_text(path, about, saved)
    local options = {}
    for index, word in ipairs(about.arguments) do
        options[index] = ("%q"):format(shell_quote(word))
    end
    local parts = { spec_head:format(path, script_word(about), table.concat(options, ", "), about.name) }
    for index, one in ipairs(saved) do
        parts[#parts + 1] = index > 1 and "\n" or ""
        parts[#parts + 1] = spec_test:format(plain(one.group.shortest.reason), one.title, one.log)
    end
    parts[#parts + 1] = "end)\n"
    return table.concat(parts)
end

local function title_of(group)
    local after = group.record_type .. (group.node and (" of node %d"):format(group.node) or "")
    return plain(("%s, when the crash comes after %s (%s)"):format(group.check, after, group.decision))
end

---Saves the shortest history of each group of findings.
---@param directory table of new_directory.open
---@param about { script: string, name: string, is_bundled: boolean, arguments: string[] } what the spec runs
---@param result table of crashtest.run
---@param log tracereel.log
---@param run fun(log: tracereel.log): table crash-tests a small log in the same way
---@return { group: table, log: string|nil, records: integer|nil }[] one for each group; without `log`: nothing small
---  enough shows it
function saving.save(directory, about, result, log, run)
    local work = temporary_directory.directory()
    local all, saved = {}, {}
    for index, group in ipairs(result.findings) do
        local bytes, count = find_log(work, group, result.history, log, run)
        local one = { group = group, records = count, log = bytes and ("finding-%d"):format(index) }
        if bytes then
            small_log.write(directory:entry(one.log), bytes)
            one.title = title_of(group)
            saved[#saved + 1] = one
        end
        all[index] = one
    end
    temporary_directory.remove(work)
    local path = directory:entry("crashtest_spec.lua")
    local spec = directory:final(path)
    small_log.write_file(path, spec_text(spec, about, saved))
    directory:finish()
    return all, spec
end

return saving

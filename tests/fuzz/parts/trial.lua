-- One command on the files of a directory, and whether it behaves: see tests/fuzz/command_line_fuzz.lua.
local campaign = require "tests.fuzz.parts.campaign"
local dkjson = require "dkjson"
local files = require "tests.fuzz.parts.files"

local trial = {
    max_seconds = 30, -- of a command; on a busy machine, with sanitizers
}

-- Exit statuses that any command may end with, and those of some alone: lua/tracereel/cli/exit_codes.lua. What runs no
-- script cannot fail as one; an importer that is bundled does not, whatever it reads.
local of_all = { [0] = true, [2] = true, [3] = true, [4] = true, [6] = true }
local of_some = {
    [1] = { run = true, merge = true, recover = true, simulate = true, crashtest = true },
    [5] = { run = true, merge = true, recover = true, simulate = true, crashtest = true, debug = true, import = true },
    [7] = { timing = true, crashtest = true, simulate = true, import = true },
}

-- They write a log as a whole or not at all.
local makes_log = { import = true, generate = true, simulate = true }

local can_write = { apply = true, undo = true, repair = true }

local function has(words, wanted)
    for _, word in ipairs(words) do
        if word == wanted then
            return true
        end
    end
    return false
end

-- May this command change what was there?
local function writes(words)
    return can_write[words[1]] and not has(words, "--dry-run") or words[1] == "recover" and has(words, "--apply")
end

local sanitizer_options = "exitcode=99:allocator_may_return_null=1:hard_rss_limit_mb=2048"

-- Everything below a directory but what is there to be written, as a text.
local digest = "find . -path ./out -prune -o -type f ! -name plan.json -exec cksum {} + | LC_ALL=C sort; "
    .. "find . -path ./out -prune -o ! -name plan.json -print | LC_ALL=C sort"
-- What was written.
local digest_of_output = "find out plan.json -type f -exec cksum {} + 2>/dev/null | LC_ALL=C sort"


-- What runs the words: the program, or, for "plain", a Lua that has the module and none of the program's limits.
local function program_of(words)
    if words[1] ~= "plain" then
        return files.quote(campaign.program)
    end
    local root = files.absolute("")
    return ("env LD_PRELOAD=%s LUA_PATH='%slua/?.lua;%slua/?/init.lua;;' LUA_CPATH='%s/lua/?.so;;' lua5.4 plain.lua")
        :format(campaign.sanitizer_library, root, root, files.absolute(campaign.build))
end

---Runs a command in a directory.
---@param directory string absolute; holds the directory `files`
---@param words string[]
---@param looks_for_leaks boolean|nil
---@return table outcome { status, stdout, stderr, before, after, written, reports }
function trial.run(directory, words, looks_for_leaks)
    local quoted = {}
    for index, word in ipairs(words) do
        quoted[index] = files.quote(word)
    end
    local limit = "timeout -s KILL " .. trial.max_seconds
    if has(words, "--follow") then -- until it is interrupted
        limit = limit .. " timeout --preserve-status -s INT 1"
    end
    local input = words[1] == "debug" and "input" or has(words, "-") and "wal/wal_0000000000000000.log" or "/dev/null"
    local log_path = "log_path=" .. directory .. "/report"
    local script = ([[cd '%s/files' && { %s; } >../before 2>&1
%s >../written_before
ulimit -c 0; ulimit -f 600000; trap '' XFSZ
[ -e %s ] || set -- /dev/null
ASAN_OPTIONS=%s:%s:detect_leaks=%d UBSAN_OPTIONS=exitcode=99:%s:print_stacktrace=1:halt_on_error=1 TERM=dumb USER=fuzz \
    %s %s %s <${1-%s} >../stdout 2>../stderr
echo $? >../status
{ %s; } >../after 2>&1
%s >../written]]):format(directory, digest, digest_of_output, input, sanitizer_options, log_path,
        looks_for_leaks and 1 or 0, log_path, limit, program_of(words), table.concat(quoted, " "), input, digest,
        digest_of_output)
    files.write(directory .. "/run.sh", script .. "\n")
    os.execute("sh " .. files.quote(directory .. "/run.sh") .. " 2>/dev/null")
    local outcome = { status = tonumber(files.read(directory .. "/status")), reports = "" }
    for _, name in ipairs { "stdout", "stderr", "before", "after", "written", "written_before" } do
        outcome[name] = files.read(directory .. "/" .. name) or ""
    end
    for report in files.shell(("ls %s/report* 2>/dev/null || true"):format(files.quote(directory))):gmatch("[^\n]+") do
        outcome.reports = outcome.reports .. files.read(report)
    end
    return outcome
end

-- Every line of a text must be JSON.
local function json_problem(text)
    for line in text:gmatch("[^\n]+") do
        local called, value, _, problem = pcall(dkjson.decode, line, 1, false)
        if not called then
            return nil -- too deep for this decoder
        elseif value == nil or problem then
            return ("not JSON: %s: %s"):format(problem, line:sub(1, 300))
        end
    end
    return not utf8.len(text) and "the JSON is not UTF-8" or nil
end

-- Does what was said look like a mistake in the program?
local function words_problem(outcome, words)
    local said = outcome.stderr
    if outcome.reports ~= "" then
        return "a sanitizer's report"
    elseif said:find("bug in tracereel", 1, true) then
        return "a bug in tracereel, it says"
    elseif said:find("stack traceback", 1, true) and outcome.status ~= 1 and words[1] ~= "debug" then
        return "a traceback"
    end
    for line in (said .. outcome.stdout):gmatch("[^\n]+") do
        -- A traceback's lines are indented.
        if not line:find("^%s") and line:find("lua/tracereel/[%w_/]+%.lua:%d+:")
            and not line:find("/tracereel/scripts/", 1, true) then
            return "a message with a line of the program's own: " .. line:sub(1, 500)
        end
    end
end

-- Does it import by an importer that is not bundled?
local function reads_by_script(words)
    for _, word in ipairs(words) do
        if words[1] == "import" and word:find("%.lua$") then
            return true
        end
    end
    return false
end

local function status_problem(status, words)
    if status == 137 then
        return ("it had not ended after %d seconds"):format(trial.max_seconds)
    elseif status == 130 and has(words, "--follow") then
        return nil
    end
    local some = of_some[status]
    if not of_all[status] and not (some and some[words[1]]) and not (status == 1 and reads_by_script(words)) then
        return ("exit status %s"):format(status)
    end
end

-- A log is there whole or not at all: what a command has left that did not write one, it must name.
local function remains_problem(outcome, words)
    local is_written = outcome.status == 0 or outcome.status == 3 or outcome.status == 7
    if makes_log[words[1]] and not is_written and outcome.written ~= outcome.written_before
        and not outcome.stderr:find(" is left, ", 1, true) then
        return "it failed, and left a part of its output: " .. outcome.written:sub(1, 500)
    end
end

---What is wrong with what a command did, in words; nil: nothing. The module's own writer may write to the path that it
---is given.
---@param outcome table as of trial.run
---@param words string[]
---@return string|nil problem
function trial.problem(outcome, words)
    local problem = words_problem(outcome, words) or status_problem(outcome.status, words)
        or remains_problem(outcome, words)
    if problem then
        return problem
    elseif not (writes(words) and outcome.status ~= 2) and words[1] ~= "plain" and outcome.before ~= outcome.after then
        return "files changed that it only reads"
    elseif has(words, "--json") and words[1] ~= "debug" and (outcome.status == 0 or outcome.status == 3) then
        return json_problem(outcome.stdout)
    end
end

---Must the same command on the same files give the same bytes?
function trial.is_repeatable(outcome, words)
    return not (writes(words) or has(words, "--follow") or outcome.status == 5 or outcome.status == 130
        or has(words, "--unsafe"))
end

-- The first line of one text that the other does not have at that place.
local function first_difference(a, b)
    local of_b = b:gmatch("([^\n]*)\n?")
    for line in a:gmatch("([^\n]*)\n?") do
        local other = of_b() or "(nothing)"
        if line ~= other then
            return ("%q, and then %q"):format(line:sub(1, 500), other:sub(1, 500))
        end
    end
    return "one goes on after the other"
end

---What differs between two outcomes of one command; nil: nothing.
---@return string|nil
function trial.difference(a, b)
    for _, name in ipairs { "status", "stdout", "stderr", "written" } do
        if a[name] ~= b[name] then
            return ("%s differs when it is run again: %s"):format(name, first_difference(tostring(a[name]),
                tostring(b[name])))
        end
    end
end

return trial

-- Runs the program with the allocator of tests/c/failing_memory.c, whose Nth allocation fails, and judges what comes of
-- it: either the answer is that of a run with all the memory it asks for, or the program says that memory ran out.
local helper = require "tests.spec.helper"

local failing_memory = {}

local build = os.getenv("TRACEREEL_BUILD") or "build"
local preloaded = helper.quote(build .. "/failing_memory.so")

-- Each small block of this program comes from the allocator by itself, and not out of a large one.
failing_memory.program = build .. "/tracereel-unpooled"

---How the Nth allocation fails: once, so that Lua gets by with what it collects; also when Lua asks again; and so do
---all after it.
failing_memory.modes = { once = 1, again = 2, all = 0 }

---What a shell needs before a command so that the command's allocation `first` fails, and others after it.
---@param first integer
---@param times integer of failing_memory.modes
---@return string
function failing_memory.words(first, times)
    return ("FAIL_ALLOCATION=%d:%d LD_PRELOAD=%s"):format(first, times, preloaded)
end

---The words of a command line, for a shell.
function failing_memory.words_of(program, arguments)
    local words = { helper.quote(program) }
    for index, argument in ipairs(arguments) do
        words[index + 1] = helper.quote(argument)
    end
    return table.concat(words, " ")
end

---Runs the program with all the memory that it asks for.
---@return { stdout: string, stderr: string, status: integer, count: integer, places: integer[] } places: the numbers of
---the first allocations of each place that allocates, with its callers
function failing_memory.whole_run(program, arguments)
    local directory = helper.directory()
    local _, status = helper.shell(("LIST_ALLOCATIONS=%s/list LD_PRELOAD=%s %s >%s/out 2>%s/err </dev/null"):format(
        directory, preloaded, failing_memory.words_of(program, arguments), directory, directory))
    local run = { stdout = helper.read(directory .. "/out"), stderr = helper.read(directory .. "/err"),
        status = status, places = {} }
    for line in helper.read(directory .. "/list"):gmatch("%d+") do
        if run.count then
            run.places[#run.places + 1] = math.tointeger(line)
        else
            run.count = math.tointeger(line)
        end
    end
    table.sort(run.places)
    return run
end

---Runs the program once for each failure.
---@param failures { first: integer, times: integer }[]
---@param before? string a shell command before each run
---@param after? string and after it; what is in `$kept` then is a directory of this run's
---@return table[] runs { first, times, stdout, stderr, status, directory }
function failing_memory.runs(program, arguments, failures, before, after)
    local directory = helper.directory()
    local lines = {}
    for _, failure in ipairs(failures) do
        lines[#lines + 1] = ("%d:%d"):format(failure.first, failure.times)
    end
    local list = helper.write(directory .. "/failures", table.concat(lines, "\n") .. "\n")
    local words = failing_memory.words_of(program, arguments)
    local text = helper.shell(([[while read -r failure; do
        kept=%s/$failure; mkdir "$kept"; %s
        FAIL_ALLOCATION=$failure LD_PRELOAD=%s %s >"$kept/out" 2>"$kept/err" </dev/null; echo "$?"
        %s
    done <%s 2>/dev/null]]):format(directory, before or ":", preloaded, words, after or ":", list))
    local runs = {}
    for status in text:gmatch("%d+") do
        local failure = failures[#runs + 1]
        local kept = directory .. "/" .. lines[#runs + 1]
        runs[#runs + 1] = { first = failure.first, times = failure.times, status = math.tointeger(status),
            stdout = helper.read(kept .. "/out"), stderr = helper.read(kept .. "/err"), directory = kept }
    end
    assert(#runs == #failures)
    return runs
end

---Why a run is not right; nil where it is.
---@param whole table of whole_run
---@param run table of runs
---@return string|nil
function failing_memory.problem(whole, run)
    if run.status == whole.status then
        if run.stdout == whole.stdout and run.stderr == whole.stderr then
            return nil
        elseif run.status ~= 4 then
            return run.stdout ~= whole.stdout and "another answer with the same status" or "other messages"
        end
    end
    if run.status ~= 4 and run.status ~= 5 then
        return "a wrong status"
    end
    -- What was to be written, and is not there: said after the message.
    local said = run.stderr:gsub("tracereel: [^\n]* was not written: nothing of it is left\n$", "")
    local message = said:match("tracereel: ([^\n]*)\n$")
    if not message then
        return "no message, or more than one line"
    elseif not message:lower():find("memory", 1, true) then
        return "a message that does not name memory"
    elseif message:find("this is a bug", 1, true) then
        return "it says that this is a bug"
    end
end

return failing_memory

-- Runs the program with the calls by which it looks at files made to fail, by tests/c/failing_reads.c, and judges what
-- comes of it: the answer of a run in which none fails, or the system's word for it with status 4.
local helper = require "tests.spec.helper"

local failing_reads = {}

local preloaded = helper.quote((os.getenv("TRACEREEL_BUILD") or "build") .. "/failing_reads.so")

---What can go wrong, by its number, and the system's words for it.
failing_reads.errors = {
    EIO = { number = 5, words = "Input/output error" },
    ENOMEM = { number = 12, words = "Cannot allocate memory" },
    EACCES = { number = 13, words = "Permission denied" },
    EMFILE = { number = 24, words = "Too many open files" },
}

-- What the program says itself of the same.
local other_words = { ENOMEM = "out of memory" }

---What each call can fail with; the first is the one that a sample takes.
failing_reads.errors_of = {
    open = { "EIO", "EACCES", "EMFILE", "ENOMEM" },
    stat = { "EIO", "EACCES" },
    access = { "EIO" },
    readlink = { "EIO", "EACCES" },
    fstat = { "EIO" },
    read = { "EIO" },
    pread = { "EIO" },
    lseek = { "EIO" },
    getdents = { "EIO", "ENOMEM" },
    mmap = { "ENOMEM", "EIO" },
}

---Whether calls can be refused here: by a filter of x86-64, under which no sanitizer runs.
failing_reads.is_possible = not os.getenv("TRACEREEL_SANITIZED") and helper.shell("uname -m") == "x86_64\n"

---What a shell needs before a command so that the command's calls on that place fail.
---@param place string an absolute path
---@param failure { number: integer, error: string, times: integer }
---@return string
function failing_reads.words(place, failure)
    return ("READS_OF=%s FAIL_READ=%d:%d:%d LD_PRELOAD=%s"):format(helper.quote(place), failure.number,
        failing_reads.errors[failure.error].number, failure.times, preloaded)
end

local function words_of(arguments)
    local words = { helper.quote(helper.program) }
    for index, argument in ipairs(arguments) do
        words[index + 1] = helper.quote(argument)
    end
    return table.concat(words, " ")
end

---Runs the program without a failure, and lists its calls.
---@param arguments string[]
---@param place string an absolute path: what is in it is meant
---@return { stdout: string, stderr: string, status: integer, calls: table[] } whole calls: { number, name,
--- is_writing, path }
function failing_reads.whole_run(arguments, place)
    local directory = helper.directory()
    local _, status = helper.shell(("READS_OF=%s LIST_READS=%s/list LD_PRELOAD=%s %s >%s/out 2>%s/err </dev/null")
        :format(helper.quote(place), directory, preloaded, words_of(arguments), directory, directory))
    local run = { stdout = helper.read(directory .. "/out"), stderr = helper.read(directory .. "/err"),
        status = status, calls = {} }
    for name, way, path in helper.read(directory .. "/list"):gmatch("(%l+) (%l+) ([^\n]*)\n") do
        local number = #run.calls + 1
        run.calls[number] = { number = number, name = name, is_writing = way == "writing", path = path }
    end
    return run
end

---Runs the program once for each failure.
---@param arguments string[]
---@param place string as of whole_run
---@param failures { call: table, error: string, times: integer }[] times: how many calls fail from there on; 0: all
---@param before? string a shell command before each run
---@return table[] runs { call, error, times, stdout, stderr, status }
function failing_reads.runs(arguments, place, failures, before)
    local directory = helper.directory()
    local lines = {}
    for index, failure in ipairs(failures) do
        lines[index] = ("%d:%d:%d"):format(failure.call.number, failing_reads.errors[failure.error].number,
            failure.times)
    end
    local list = helper.write(directory .. "/failures", table.concat(lines, "\n") .. "\n")
    local text = helper.shell(([[n=0; while read -r failure; do
        n=$((n + 1)); %s
        READS_OF=%s FAIL_READ=$failure LD_PRELOAD=%s %s >%s/out.$n 2>%s/err.$n </dev/null; echo "$?"
    done <%s 2>/dev/null]]):format(before or ":", helper.quote(place), preloaded, words_of(arguments), directory,
        directory, list))
    local runs = {}
    for status in text:gmatch("%d+") do
        local failure = failures[#runs + 1]
        local index = #runs + 1
        runs[index] = { call = failure.call, error = failure.error, times = failure.times,
            status = math.tointeger(status), stdout = helper.read(directory .. "/out." .. index),
            stderr = helper.read(directory .. "/err." .. index) }
    end
    assert(#runs == #failures)
    return runs
end

local function is_same(call, name, path)
    return call ~= nil and call.name == name and call.path == path
end

-- The C library asks for the size of a file's buffers, fills them as it seeks, and seeks to where it is once it has
-- read; if that fails it does without. A log that is opened again is looked at before. Whether there is a journal is
-- asked again where it cannot be opened. Where memory or descriptors are short, the program collects its garbage and
-- asks again. Where the engine would go on writing follows from the size of its last segment, which is looked at after
-- its kind: only check tells it. Whether a repair could write does not matter where nothing is torn.
local function may_fail(whole, run)
    local calls, call = whole.calls, run.call
    local before, after = calls[call.number - 1], calls[call.number + 1]
    return call.name == "fstat" and not is_same(before, "open", call.path)
        or call.name == "read" and is_same(before, "lseek", call.path)
        or call.name == "lseek" and is_same(before, "read", call.path)
        or call.name == "stat" and is_same(after, "stat", call.path)
        or call.name == "open" and call.path:find("/tracereel%.journal$") and is_same(after, "stat", call.path)
        or run.error == "EACCES" and call.name == "open" and is_same(before, "stat", call.path)
        or whole.stdout:find("^nothing to repair") and (call.name == "access" or call.path:find("/tracereel%.%l+$"))
        or run.times == 1 and (run.error == "ENOMEM" or run.error == "EMFILE")
end

-- The answer says what cannot be read of an arena where it is about that arena; that a directory of arenas cannot be
-- searched is said on standard error, because a script may need it.
local function is_told(whole, run, words)
    local path = run.call.path
    if run.error == "EACCES" and path:find("/arenas$") and run.call.name == "stat" then
        return run.stderr:find(words, 1, true)
    end
    return run.status == whole.status and path:find("/arenas/trace_", 1, true) and run.stdout:find(words, 1, true)
end

-- Whether the engine can open the segments is told, in the answer or beside it: that it may not is no failure.
local function is_answered(whole, run, words)
    local name = run.call.path:match("/wal/([^/]+)$")
    local said, told = run.stdout .. run.stderr, ("%s: %s"):format(name, words)
    return name and run.error == "EACCES" and run.call.name == "open" and run.status == whole.status
        and (said:find("the engine would refuse to recover from this log: it cannot open " .. told, 1, true)
            or said:find("it could not append to it: " .. told, 1, true)) ~= nil
end

-- Names of nodes are in a flow file beside the log, which need not be there: that it cannot be read is told beside an
-- answer without names, and what decides by it refuses.
local function is_of_flow(whole, run, words)
    local is_file = run.call.path:find("/tracereel%.flow%.lua$") and run.status == whole.status
    local is_refused = run.status == 6 and run.stderr:find("what is done here depends on", 1, true)
    return (is_file or is_refused) and run.stderr:find(words, 1, true)
end

-- Not needed: each arena is opened by its name.
local function is_listing_arenas(run)
    return run.error == "EACCES" and run.call.name == "open" and run.call.path:find("/arenas$") ~= nil
end

---Why a run is not right; nil where it is.
---@param whole table of whole_run
---@param run table of runs
---@return string|nil
function failing_reads.problem(whole, run)
    local words = failing_reads.errors[run.error].words
    if run.status == whole.status and run.stdout == whole.stdout and run.stderr == whole.stderr then
        return not is_listing_arenas(run) and not may_fail(whole, run) and "as if nothing had failed" or nil
    elseif is_told(whole, run, words) or is_answered(whole, run, words)
        or is_of_flow(whole, run, words) then
        return nil
    elseif run.status ~= 4 then
        return "a wrong status"
    elseif not run.stderr:find("tracereel: [^\n]+\n$") then
        return "no message"
    elseif not run.stderr:find(words, 1, true) and not run.stderr:find(other_words[run.error] or words, 1, true) then
        return "a message without the system's words"
    elseif run.stderr:find("this is a bug", 1, true) then
        return "it says that this is a bug"
    end
end

return failing_reads

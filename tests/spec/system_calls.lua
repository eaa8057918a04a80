-- Runs the program under strace: which system calls it makes on a directory, and what comes of it when one of them
-- fails or is the last thing that it does.
local helper = require "tests.spec.helper"

local system_calls = {}

-- A leak checker cannot work under ptrace: the program itself, not the wrapper that turns that on.
local names = {
    "openat", "flock", "fstat", "newfstatat", "getdents64", "read", "pread64", "unlinkat", "fchown", "fchmod",
    "write", "pwrite64", "fsync", "renameat", "renameat2", "linkat", "close", "ftruncate", "rename", "unlink", "mkdir",
    "link", "rmdir",
}
-- Sanitizers map memory of their own between the program's calls, never as many times, and end where that fails.
if not os.getenv("TRACEREEL_SANITIZED") then
    names[#names + 1] = "mmap"
end

local function command_line(arguments)
    local words = {}
    for _, argument in ipairs(arguments) do
        words[#words + 1] = helper.quote(argument)
    end
    return helper.traced_program .. " " .. table.concat(words, " ")
end

---Runs the program and lists its calls on a directory and what is in it.
---@param arguments string[]
---@param directory string
---@return table[] calls { name =, when = (the how-manieth call of that name), line = as strace writes it }
---@return integer status
function system_calls.list(arguments, directory)
    local file = helper.directory() .. "/calls"
    local _, status = helper.shell(("strace -y -s 0 -o %s -e trace=?%s %s >/dev/null 2>&1"):format(file,
        table.concat(names, ",?"), command_line(arguments)))
    local calls, counts = {}, {}
    for line in helper.read(file):gmatch("[^\n]+") do
        local name = line:match("^(%w+)%(")
        if name then
            counts[name] = (counts[name] or 0) + 1
            if line:find(directory, 1, true) then
                calls[#calls + 1] = { name = name, when = counts[name], line = line }
            end
        end
    end
    return calls, status
end

---Leaves out calls that are made again with the same arguments, apart from the first and the last time.
---@param calls table[]
---@return table[]
function system_calls.without_repetitions(calls)
    local last_of, seen, kept = {}, {}, {}
    local function key(call)
        return call.line:gsub(" = .*$", ""):gsub("0x%x+", ""):gsub("%d+<", "<")
    end
    for _, call in ipairs(calls) do
        last_of[key(call)] = call
    end
    for _, call in ipairs(calls) do
        if not seen[key(call)] or last_of[key(call)] == call or system_calls.is_changing(call) then
            kept[#kept + 1] = call
        end
        seen[key(call)] = true
    end
    return kept
end

---Runs the program with one call made to fail, or with a signal sent as it begins the call (which is then not made).
---@param arguments string[]
---@param call table from list
---@param fault string "error=EIO", "signal=SIGKILL"
---@param second_call? table that has the same fault
---@return integer status
---@return string stderr
function system_calls.run_with_fault(arguments, call, fault, second_call)
    -- The quick way of strace sends no signals.
    local quick = fault:find("^error") and "-f --seccomp-bpf " or ""
    local names_to_trace, injections = {}, {}
    for index, one in ipairs { call, second_call } do
        names_to_trace[index] = one.name
        injections[index] = ("-e inject=%s:%s:when=%d"):format(one.name, fault, one.when)
    end
    local text, status = helper.shell(("exec 2>&1 >/dev/null; strace %s-o /dev/null -e trace=%s %s %s"):format(quick,
        table.concat(names_to_trace, ","), table.concat(injections, " "), command_line(arguments)))
    return status, text
end

local changing = { unlinkat = true, fchown = true, fchmod = true, write = true, pwrite64 = true, fsync = true,
    renameat = true, renameat2 = true, linkat = true, ftruncate = true, rename = true, unlink = true, mkdir = true,
    link = true, rmdir = true }

---Does a call change something, or make it durable?
function system_calls.is_changing(call)
    return changing[call.name] or call.line:find("O_CREAT", 1, true) ~= nil
        or call.line:find("O_TRUNC", 1, true) ~= nil
end

-- Each fault costs several runs of the program: without TRACEREEL_ALL_FAULTS (make test-faults) a part of them has to
-- do, and with sanitizers a smaller one; TRACEREEL_FAULT_STRIDE=N tries every Nth.
system_calls.is_whole = os.getenv("TRACEREEL_ALL_FAULTS") ~= nil
local stride = system_calls.is_whole and 1 or tonumber(os.getenv("TRACEREEL_FAULT_STRIDE"))
    or os.getenv("TRACEREEL_SANITIZED") and 8 or 4

---The calls that a test tries; the first and the last are always among them.
---@param calls table[]
---@return table[]
function system_calls.sample(calls)
    local kept = {}
    for index, call in ipairs(calls) do
        kept[#kept + 1] = (index % stride == 0 or index == 1 or index == #calls) and call or nil
    end
    return kept
end

---Those that change something, or make it durable.
---@param calls table[]
---@return table[]
function system_calls.changing(calls)
    local kept = {}
    for _, call in ipairs(calls) do
        kept[#kept + 1] = system_calls.is_changing(call) and call or nil
    end
    return kept
end

return system_calls

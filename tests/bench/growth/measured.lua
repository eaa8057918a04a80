-- What a command costs: processor time and the peak of memory, of the program in a build directory.
local measured = {}

---The words of a shell for a text.
function measured.quote(text)
    return "'" .. text:gsub("'", "'\\''") .. "'"
end

---What a shell command prints. Raises where it fails.
function measured.shell(command)
    local process = assert(io.popen(command, "r"))
    local text = process:read("a")
    assert(process:close(), "failed: " .. command)
    return text
end

---Returns a function that runs the program of `build` with a list of words, and perhaps a file as its standard input:
---it returns seconds, KiB and the exit status, 137 where it took more than `max_seconds`.
function measured.runner(build, max_seconds)
    local start = ("%s %d %s"):format(measured.quote(build .. "/bench/measure"), max_seconds,
        measured.quote(build .. "/tracereel"))
    return function(words, input)
        local quoted = {}
        for index, word in ipairs(words) do
            quoted[index] = measured.quote(word)
        end
        local answer = measured.shell(("%s %s <%s"):format(start, table.concat(quoted, " "),
            measured.quote(input or "/dev/null")))
        local seconds, kib, status = answer:match("^(%S+) (%d+) (%d+)")
        return tonumber(seconds), tonumber(kib), tonumber(status)
    end
end

return measured

-- Runs the program as a user does, and knows the sample logs and what is expected of them.
local exact_json = require "tests.spec.exact_json"
local lfs = require "lfs" -- busted needs it

local helper = {}

helper.program = os.getenv("TRACEREEL") or "build/tracereel"
-- For strace, in a shell's words: the program itself, which looks for no leaks: it cannot where it is traced.
helper.traced_program = ("env ASAN_OPTIONS=detect_leaks=0 '%s/tracereel'"):format(os.getenv("TRACEREEL_BUILD")
    or "build")
helper.logs_directory = "tests/fixtures/logs"

function helper.quote(text)
    return "'" .. text:gsub("'", "'\\''") .. "'"
end

function helper.read(path)
    local file = assert(io.open(path, "rb"))
    local text = file:read("a")
    file:close()
    return text
end

function helper.write(path, text)
    local file = assert(io.open(path, "wb"))
    assert(file:write(text))
    assert(file:close())
    return path
end

-- A shell command's standard output, and its exit status.
function helper.shell(command)
    local process = assert(io.popen(command, "r"))
    local text = process:read("a")
    local _, how, status = process:close()
    return text, how == "signal" and 128 + status or status
end

local directories = {}

---A new empty directory, which helper.clean removes.
function helper.directory()
    local path = os.tmpname()
    assert(os.remove(path) and lfs.mkdir(path))
    directories[#directories + 1] = path
    return path
end

function helper.clean()
    if #directories > 0 then
        local list = table.concat(directories, " ")
        helper.shell(("rm -rf %s 2>/dev/null || { chmod -R u+rwx %s 2>/dev/null; rm -rf %s; }"):format(list, list,
            list))
        directories = {}
    end
end

---Runs the program. `stdin` is a text, `stdout` a file instead of a pipe, `env` a table of variables, `before` and
---`behind` shell text around the command.
---@param arguments string[]
---@param options? { stdin: string, stdout: string, env: table<string, string>, before: string, behind: string }
---@return { stdout: string, stderr: string, status: integer }
function helper.run(arguments, options)
    options = options or {}
    local stderr_file, stdin_file = os.tmpname(), options.stdin and os.tmpname()
    local words = {}
    for name, value in pairs(options.env or {}) do
        words[#words + 1] = name .. "=" .. helper.quote(value)
    end
    words[#words + 1] = options.before
    words[#words + 1] = helper.quote(helper.program)
    for _, argument in ipairs(arguments) do
        words[#words + 1] = helper.quote(argument)
    end
    local input = stdin_file and helper.write(stdin_file, options.stdin) or "/dev/null"
    words[#words + 1] = "<" .. input .. " 2>" .. stderr_file
    words[#words + 1] = options.stdout and ">" .. options.stdout or nil
    words[#words + 1] = options.behind
    local stdout, status = helper.shell(table.concat(words, " "))
    local stderr = helper.read(stderr_file)
    os.remove(stderr_file)
    if stdin_file then
        os.remove(stdin_file)
    end
    return { stdout = stdout, stderr = stderr, status = status }
end

---What the program prints for these words; it must end with status 0.
---@param ... string
---@return string
function helper.output_of(...)
    local result = helper.run { ... }
    assert(result.status == 0, result.stderr)
    return result.stdout
end

---What a shell command writes on a terminal, where nothing is paged.
---@param command string
---@param environment? string "NAME=VALUE ..."
---@return string|nil text nil where there can be no terminal, in a container without /dev/pts: then the test is pending
function helper.on_terminal(command, environment)
    local function run(what)
        return helper.shell(("PAGER=cat LC_ALL=C.UTF-8 %s script -qec %s /dev/null </dev/null 2>/dev/null"):format(
            environment or "", helper.quote(what)))
    end
    local _, status = run("true")
    return status == 0 and run(command) or nil
end

---The path of a sample log.
function helper.log(name)
    return helper.logs_directory .. "/" .. name
end

---The names of all sample logs.
function helper.log_names()
    local names = {}
    for name in helper.shell("ls " .. helper.logs_directory):gmatch("[^\n]+") do
        if name ~= "expected" and name ~= "no-segments" then
            names[#names + 1] = name
        end
    end
    return names
end

---The names of all formats of `tracereel export`, sorted.
function helper.export_formats()
    local names = {}
    for name in helper.shell("LC_ALL=C ls lua/tracereel/export/formats"):gmatch("([^\n]+)%.lua") do
        names[#names + 1] = name
    end
    return names
end

---Every line of JSON, numbers kept as texts.
function helper.objects(text)
    local objects = {}
    for line in text:gmatch("[^\n]+") do
        objects[#objects + 1] = exact_json(line)
    end
    return objects
end

---What is expected of a sample log: its "records", "states" or "damage". nil where nothing is written down.
function helper.expected(name, kind)
    local path = ("%s/expected/%s.%s.jsonl"):format(helper.logs_directory, name, kind)
    local file = io.open(path, "rb")
    if file then
        file:close()
        return helper.objects(helper.read(path))
    end
end

---Writes a script into a new directory; returns its path.
function helper.script(text, name)
    return helper.write(helper.directory() .. "/" .. (name or "script") .. ".lua", text)
end

---Runs a script on a sample log.
function helper.run_script(text, options)
    options = options or {}
    local arguments = { "run", helper.script(text) }
    for _, argument in ipairs(options.arguments or {}) do
        arguments[#arguments + 1] = argument
    end
    arguments[#arguments + 1] = helper.log(options.log or "orders")
    return helper.run(arguments, options)
end

return helper

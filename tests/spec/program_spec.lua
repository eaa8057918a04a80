local failing_memory = require "tests.spec.failing_memory"
local failing_reads = require "tests.spec.failing_reads"
local helper = require "tests.spec.helper"

---Puts the program into bin/ of a new directory, and a cli.lua of ours where it looks for its own.
---@param text? string nil: no Lua file
---@return string program
local function program_beside(text)
    local directory = helper.directory()
    helper.shell(("mkdir -p %s/bin %s/lua/tracereel"):format(directory, directory))
    helper.shell(("cp %s/tracereel %s/bin/"):format(helper.quote(os.getenv("TRACEREEL_BUILD") or "build"), directory))
    if text then
        helper.write(directory .. "/lua/tracereel/cli.lua", text)
    end
    return directory .. "/bin/tracereel"
end

-- Only what is beside it can be found, unless there is a `path`.
local function run(program, words, path)
    local text, status = helper.shell(("exec 2>&1; LUA_PATH='%s' %s %s </dev/null"):format(path or "", program,
        words or ""))
    return text, status
end

describe("the program", function()
    after_each(helper.clean)

    it("loads its Lua files from ../lua beside itself, and exits with what main returns", function()
        local text, status = run(program_beside("return { main = function(words)\n"
            .. "    print(#words, words[1], words[2])\n    return 7\nend }"), "one 'two three'")
        assert.equal("2\tone\ttwo three\n", text)
        assert.equal(7, status)
    end)

    it("reports an unhandled error with its position, and exits with 4", function()
        local text, status = run(program_beside("return { main = function() error('a bad day') end }"))
        assert.matches("^tracereel: [^\n]*/cli%.lua:1: a bad day\nstack traceback:\n", text)
        assert.equal(4, status)
        text, status = run(program_beside("return { main = function() error() end }"))
        assert.matches("^tracereel: nil\nstack traceback:\n", text)
        assert.equal(4, status)
    end)

    it("exits with 5 if a limit is reached that is not handled", function()
        local text, status = run(program_beside("return { main = function()\n"
            .. "    require('tracereel.host').limit_time(0.05)\n    while true do end\nend }"))
        assert.equal("tracereel: a limit set for the script was reached\n", text)
        assert.equal(5, status)
    end)

    it("loads no command for --version, and for check no module of scripts and forecasts", function()
        local program = program_beside()
        local lua_directory = program:gsub("bin/tracereel$", "lua")
        helper.shell(("cp -r lua/tracereel %s/"):format(lua_directory))
        local function without(directory)
            helper.shell(("rm -r %s/tracereel/%s"):format(lua_directory, directory))
        end
        local log = helper.log("all-complete")
        without("forecast")
        local text, status = run(program, "run node_times " .. log, ";;")
        assert.equal(helper.run({ "run", "node_times", log }).stdout, text)
        assert.equal(0, status)
        without("script/[!d]*")
        text, status = run(program, "check " .. log, ";;")
        assert.equal(helper.run({ "check", log }).stdout, text)
        assert.equal(0, status)
        without("commands")
        text, status = run(program, "--version", ";;")
        assert.equal(helper.run({ "--version" }).stdout, text)
        assert.equal(0, status)
    end)

    it("looks for its Lua files where they were installed, then in LUA_PATH, if the system does not say where it is",
        function()
            if not failing_reads.is_possible then
                return pending("calls can be refused on x86-64 only, and under no sanitizer")
            end
            local says = "return { main = function() print(%q) return 0 end }"
            local program = program_beside(says:format("beside"))
            local elsewhere = helper.directory()
            helper.shell(("mkdir %s/tracereel"):format(elsewhere))
            helper.write(elsewhere .. "/tracereel/cli.lua", says:format("elsewhere"))
            local text, status = run(failing_reads.words("/proc/self/exe", { number = 1, error = "EACCES", times = 0 })
                .. " " .. program, "--version", elsewhere .. "/?.lua;;")
            assert.is_true(text == "elsewhere\n" or text == helper.run({ "--version" }).stdout, text)
            assert.equal(0, status)
        end)

    it("says that memory ran out, with status 4, if there is none from the start", function()
        if os.getenv("TRACEREEL_SANITIZED") then
            return -- a sanitizer brings its allocator, which refuses nothing
        end
        for first = 1, 20 do
            local text, status = run(failing_memory.words(first, failing_memory.modes.all) .. " " .. helper.program,
                "--version", ";;")
            assert.equal("tracereel: out of memory\n", text)
            assert.equal(4, status)
        end
    end)

    it("exits silently with 130 after an interrupt that is not handled", function()
        local text, status = run(program_beside("return { main = function()\n"
            .. "    local killer = io.popen('sleep 0.05; kill -INT $PPID')\n    while killer do end\nend }"))
        assert.equal("", text)
        assert.equal(130, status)
    end)
end)

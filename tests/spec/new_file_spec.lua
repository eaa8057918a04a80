-- A file that a command writes is complete or not there, and otherwise as a shell's > would leave it.
local helper = require "tests.spec.helper"
local system_calls = require "tests.spec.system_calls"
local unfinished_outputs = require "tests.spec.unfinished_outputs"

local orders = helper.log "orders"
local word, says, list = unfinished_outputs.word, unfinished_outputs.says, unfinished_outputs.list

describe("a file that a command writes", function()
    after_each(helper.clean)

    local function export(path, ...)
        return helper.run({ "export", orders, "--format", "jsonl", "-o", path }, ...)
    end

    local expected = helper.run({ "export", orders, "--format", "jsonl" }).stdout

    it("keeps owner and permissions of the file that it replaces, or gets those of the umask", function()
        local path = helper.directory() .. "/out"
        export(path, { before = "umask 027;" })
        assert.equal("640\n", (helper.shell("stat -c %a " .. path)))
        helper.shell(("chmod 604 %s; chown 12:34 %s"):format(path, path))
        local owner = helper.shell("stat -c '%u %g' " .. path)
        helper.write(path, "old")
        assert.equal(0, export(path).status)
        assert.equal(expected, helper.read(path))
        assert.equal("604 " .. owner, (helper.shell("stat -c '%a %u %g' " .. path)))
    end)

    it("is written through a symbolic link, which stays one", function()
        local directory = helper.directory()
        helper.write(directory .. "/old", "old")
        helper.shell(("cd %s; ln -s old one; ln -s one two; ln -s new dangling"):format(directory))
        for link, target in pairs { two = "old", dangling = "new" } do
            assert.equal(0, export(directory .. "/" .. link).status)
            assert.equal(expected, helper.read(directory .. "/" .. target))
        end
        assert.equal("dangling\nnew\nold\none\ntwo\n", list(directory))
        assert.equal("one\n", (helper.shell("readlink " .. directory .. "/two")))
        helper.shell(("ln -s round %s/round"):format(directory))
        local ran = export(directory .. "/round")
        assert.equal(4, ran.status)
        says(ran.stderr, "/round: Too many levels of symbolic links\n")
    end)

    it("leaves the old contents under the other names of the replaced file", function()
        local directory = helper.directory()
        helper.write(directory .. "/out", "old")
        helper.shell(("ln %s/out %s/kept"):format(directory, directory))
        assert.equal(0, export(directory .. "/out").status)
        assert.equal("old", helper.read(directory .. "/kept"))
        assert.equal(expected, helper.read(directory .. "/out"))
    end)

    it("is written to directly if it is a pipe or was opened by the shell", function()
        local directory = helper.directory()
        local read = helper.shell(("mkfifo %s/pipe; cat %s/pipe & %s export %s --format jsonl -o %s/pipe; wait"):format(
            directory, directory, helper.program, orders, directory))
        assert.equal(expected, read)
        -- As /dev/stdout is.
        helper.shell(("ln -s /proc/self/fd/1 %s/stdout"):format(directory))
        for _, name in ipairs { directory .. "/stdout", "/dev/fd/1", "/proc/self/fd/1" } do
            export(name, { stdout = directory .. "/out" })
            assert.equal(expected, helper.read(directory .. "/out"), name)
        end
        assert.equal("out\npipe\nstdout\n", list(directory))
        assert.equal("/proc/self/fd/1\n", (helper.shell(("readlink %s/stdout"):format(directory))))
        local ran = export("/dev/full")
        assert.equal(4, ran.status)
        says(ran.stderr, "cannot write /dev/full: No space left on device\n")
    end)

    it("that a kill left unfinished is removed by the next command, one in use is not", function()
        local directory = helper.directory()
        local path = directory .. "/out"
        helper.write(path .. "." .. word, "left")
        assert.equal(0, export(path).status)
        assert.equal("out\n", list(directory))
        helper.write(path .. "." .. word, "live")
        local ran = export(path, { before = ("flock -n %s.%s"):format(path, word) })
        assert.equal(0, ran.status, ran.stderr)
        assert.equal("live", helper.read(path .. "." .. word))
        assert.equal("out\nout." .. word .. "\n", list(directory))
    end)

    it("is not replaced without permission to write to it", function()
        local directory = helper.directory()
        local path = helper.write(directory .. "/out", "old")
        helper.shell(("chmod 444 %s; chmod 777 %s"):format(path, directory))
        local ran = export(path, { before = "setpriv --reuid=65534 --regid=65534 --clear-groups" })
        assert.equal(4, ran.status)
        says(ran.stderr, ("cannot write %s: Permission denied\n"):format(path))
        assert.equal("out\n", list(directory))
    end)

    -- Each is larger than the limit of one block.
    local open = orders
    local writers = {
        { "export", orders, "--format", "csv", "-o", "%s/out" },
        { "flow", orders, "-o", "%s/out" },
        { "timing", orders, "--html", "%s/out" },
        { "recover", "give_up_old", open, "-o", "%s/out" },
        { "run", "--new", "%s/out.lua", orders },
    }
    for _, words in ipairs(writers) do
        it(("that cannot be written leaves nothing, and the second try works: %s"):format(words[1]), function()
            local directory = helper.directory()
            local arguments = {}
            for index, one in ipairs(words) do
                arguments[index] = one:gsub("%%s", directory)
            end
            local ran = helper.run(arguments, { before = "ulimit -f 1;" })
            assert.equal(4, ran.status, ran.stderr)
            says(ran.stderr, "File too large\n")
            says(ran.stderr, " was not written: nothing of it is left\n")
            assert.equal("", list(directory))
            ran = helper.run(arguments)
            assert.equal(0, ran.status, ran.stderr)
            assert.matches("^out[%.lua]*\n$", list(directory))
        end)
    end

    -- What is in its place before.
    for before, words in pairs { none = " was not written: nothing of it is left\n", old = " is as it was\n" } do
        it(("never exists in part after an interrupt (before: %s)"):format(before), function()
            local directory = helper.directory()
            local path = directory .. "/out"
            local arguments = { "timing", orders, "--html", path }
            local function prepare()
                helper.shell("rm -f " .. path)
                return before == "old" and helper.write(path, before)
            end
            prepare()
            local written
            for _, call in ipairs(system_calls.list(arguments, directory)) do
                written = written or call.name == "write" and call or nil
            end
            prepare()
            local status, text = system_calls.run_with_fault(arguments, written, "signal=SIGINT")
            assert.equal(130, status)
            says(text, path .. words)
            assert.equal(before == "old" and "out\n" or "", list(directory))
            assert.is_true(before == "none" or helper.read(path) == "old")
        end)
    end

    it("is no starter script of half a log after an interrupt", function()
        local directory = helper.directory()
        local log = directory .. "/log"
        assert.equal(0, helper.run({ "generate", log, "--traces", "3000" }).status)
        local _, status = helper.shell(("(cat %s/wal_*; kill -INT $(cat %s/pid); sleep 1) | (echo $BASHPID >/dev/null; "
            .. "sh -c 'echo $$ >%s/pid; exec %s run --new %s/new.lua -' 2>/dev/null)"):format(log, directory, directory,
            helper.program, directory))
        assert.equal(130, status)
        assert.equal("log\npid\n", list(directory))
    end)
end)

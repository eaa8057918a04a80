-- The C library as a program of somebody else's has it: one include, the example of docs/c-library.md.
local helper = require "tests.spec.helper"

local build = os.getenv("TRACEREEL_BUILD") or "build"
local example = "examples/failed_traces.c"

-- Compiles a C file against the headers and the static library; nil, or what the compiler said.
local function compile(source, program, flags)
    local sanitizers = os.getenv("TRACEREEL_SANITIZED") and "-fsanitize=address,undefined" or ""
    local said, status = helper.shell(("env -u LD_PRELOAD %s %s -Wall -Wextra -Werror %s -Iinclude -o %s %s "
        .. "%s/libtracereel.a $(pkg-config --libs zlib libdeflate libmd libzstd) -lm 2>&1"):format(
        os.getenv("CC") or "cc", flags, sanitizers, program, source, build))
    return status ~= 0 and said or nil
end


describe("the C library", function()
    local program

    setup(function()
        program = helper.directory() .. "/failed_traces"
        assert.is_nil(compile(example, program, "-std=c11 -Wpedantic"))
    end)

    teardown(helper.clean)

    -- What the example says of a log: what it prints, and its exit status.
    local function example_on(log)
        return helper.shell(("env -u LD_PRELOAD %s %s"):format(program, log))
    end

    it("has one header that includes all the others", function()
        local included, there = {}, {}
        for name in helper.read("include/tracereel/tracereel.h"):gmatch('#include "tracereel/([^"]+)"') do
            included[#included + 1] = name
        end
        for name in helper.shell("cd include/tracereel && LC_ALL=C ls *.h"):gmatch("%S+") do
            there[#there + 1] = name ~= "tracereel.h" and name or nil
        end
        assert.same(there, included)
    end)

    it("has each of its headers in the table of docs/c-library.md", function()
        local page = helper.read("docs/c-library.md")
        for name in helper.shell("cd include/tracereel && ls *.h"):gmatch("%S+") do
            local is_named = page:find("\n|[^|\n]*`" .. name:gsub("%.", "%%.") .. "`[^|\n]*|")
            assert.truthy(is_named or name == "tracereel.h", name)
        end
    end)

    it("has an example that prints each failed trace with its errors, and each gap", function()
        local log = "examples/logs/damaged"
        local expected, errors = {}, {}
        for _, record in ipairs(helper.objects(helper.run({ "dump", "--json", log }).stdout)) do
            local id = record.trace_id
            errors[id] = (errors[id] or 0) + (record.type == "node_error" and 1 or 0)
            if record.type == "trace_failed" then
                expected[#expected + 1] = ("%s failed, errors: %d"):format(id, errors[id])
            end
        end
        for _, gap in ipairs(helper.objects(helper.run({ "check", "--json", log }).stdout)) do
            if gap.class then
                expected[#expected + 1] = ("%s:%s:"):format(gap.segment, gap.offset:gsub("#", ""))
            end
        end
        local shown = {}
        local text, status = example_on(log)
        for line in text:gmatch("[^\n]+") do
            shown[#shown + 1] = line:match("^wal_%S+") or line
        end
        table.sort(expected)
        table.sort(shown)
        assert.same(expected, shown)
        assert.equal(5, #shown)
        assert.equal(3, status)
    end)

    it("has an example that is shown whole in docs/c-library.md, with its real output, and in part in the README",
        function()
            local source, page = helper.read(example), helper.read("docs/c-library.md")
            assert.equal(source, page:match("```c\n(.-)```"))
            local output = page:match("    %$ %./failed_traces examples/logs/damaged\n(.-\n)\n")
            assert.equal(output, (example_on("examples/logs/damaged"):gsub("([^\n]+\n)", "    %1")))
            local part = helper.read("README.md"):match("```c\n(.-)```")
            assert.truthy(source:find(part, 1, true))
        end)
end)

-- Lua files that were compiled when the program was built. The compiled ones here say something else than their
-- sources, so that it shows which of them was used.
local helper = require "tests.spec.helper"

local summary, compiled_summary = "Show the records of a log.", "Show the records, compiled."

-- Compiles the Lua files of a tree, by the tool, which changes one sentence before it compiles.
local function compile(root)
    local tool = ([[
        local load_text = load
        load = function(text, name, mode)
            local place = text:find(%q, 1, true)
            text = place and text:sub(1, place - 1) .. %q .. text:sub(place + %d) or text
            return load_text(text, name, mode)
        end
        dofile(%q)
    ]]):format(summary, compiled_summary, #summary, helper.shell("pwd"):gsub("\n", "") .. "/tools/precompile.lua")
    helper.write(root .. "/tool.lua", tool)
    helper.shell(('cd %s && lua5.4 tool.lua build/precompiled.luac "$(cd build && pwd -P)/../lua" '
        .. "$(find lua/tracereel -name '*.lua')"):format(root))
end

local program = (os.getenv("TRACEREEL_BUILD") or "build") .. "/tracereel"

local function tree()
    local root = helper.directory()
    helper.shell(("mkdir %s/build && cp %s %s/build/tracereel && cp -r lua %s/lua"):format(root, helper.quote(program),
        root, root))
    compile(root)
    return root
end

local function help(root)
    return helper.shell(root .. "/build/tracereel --help")
end

local function uses_compiled(root)
    local text = help(root):gsub("%s+", " ")
    local is_compiled = text:find(compiled_summary, 1, true) ~= nil
    assert.are_not.equal(is_compiled, text:find(summary, 1, true) ~= nil)
    return is_compiled
end

-- Replaces a byte of the file with another one.
local function change_byte(path, offset)
    local text = helper.read(path)
    helper.write(path, text:sub(1, offset - 1) .. string.char(text:byte(offset) ~ 1) .. text:sub(offset + 1))
end

describe("Lua files that were compiled with the program", function()
    after_each(helper.clean)

    it("are used in place of their sources", function()
        assert.is_true(uses_compiled(tree()))
    end)

    it("are not used where the source was changed, also without make", function()
        local root = tree()
        local source = root .. "/lua/tracereel/program/command_list.lua"
        helper.write(source, helper.read(source) .. "\n")
        assert.is_false(uses_compiled(root))
    end)

    it("are not used where the tree was moved: they name the place of their sources", function()
        local root = tree()
        local moved = helper.directory() .. "/moved"
        helper.shell(("mv %s %s"):format(root, moved))
        assert.is_false(uses_compiled(moved))
        helper.shell(("mv %s %s"):format(moved, root))
        assert.is_true(uses_compiled(root))
    end)

    it("are not used by another release of Lua, nor where the file is damaged or cut", function()
        local root = tree()
        local path = root .. "/build/precompiled.luac"
        local whole = helper.read(path)
        local release = whole:find("Lua 5.4.", 1, true)
        local chunk = whole:find(compiled_summary, 1, true)
        for _, offset in ipairs { 1, release + #"Lua 5.4.", 40 + 1, 40 + 20 + 1, chunk } do
            change_byte(path, offset)
            assert.is_false(uses_compiled(root), "byte " .. offset)
            helper.write(path, whole)
        end
        for _, length in ipairs { 0, 39, 100, chunk } do
            helper.write(path, whole:sub(1, length))
            assert.is_false(uses_compiled(root), length .. " bytes")
        end
        os.remove(path)
        assert.is_false(uses_compiled(root))
    end)

    it("give the same traceback as their sources, with file and line", function()
        local root = tree()
        local source = root .. "/lua/tracereel/commands/dump.lua"
        local line = select(2, helper.read(source):gsub("\n", "")) + 1
        helper.write(source, helper.read(source):gsub("\nreturn dump\n", "\nfunction dump.run() error('boom') end\n%0"))
        compile(root)
        assert.is_true(uses_compiled(root))
        local command = ("%s/build/tracereel dump %s 2>&1; true"):format(root, helper.log("empty"))
        local compiled = helper.shell(command)
        os.remove(root .. "/build/precompiled.luac")
        assert.are.equal(helper.shell(command), compiled)
        assert.truthy(compiled:find("lua/tracereel/commands/dump.lua:" .. line - 1 .. ": boom", 1, true), compiled)
        assert.truthy(compiled:find("cli.lua:%d+: in "), compiled)
    end)
end)

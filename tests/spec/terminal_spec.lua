-- What the program does where a person looks: a pager, colours, the width of the terminal, its locale, and progress.
local ascii = require "tracereel.util.ascii"
local helper = require "tests.spec.helper"
local screen = require "tests.spec.screen"
local text = require "tracereel.util.text"

local program = helper.program

-- A screen with these variables; UTF-8 where nothing else is said.
local function open(env, columns, rows)
    env.LC_ALL = env.LC_ALL or "C.UTF-8"
    return screen.open { columns = columns or 80, rows = rows or 12, env = env }
end

-- Types a command on a screen, and hands over to `look(screen)`.
local function on_screen(env, words, look, columns, rows)
    local one = open(env, columns, rows)
    if not one then
        pending("no terminal can be made here")
        return
    end
    local looked, problem = pcall(function()
        one:type(("%s %s; echo status=$?"):format(program, words))
        look(one)
    end)
    one:close()
    assert(looked, problem)
end

local orders, damaged = "examples/logs/orders", "examples/logs/damaged"

describe("the pager", function()
    it("shows what is longer than the screen from its top, by less, and the status stays 0 when it is left", function()
        on_screen({}, "traces " .. orders, function(one)
            local first = one:wait("\n:")
            assert.truthy(first:find("^TRACE +STATUS"))
            assert.falsy(first:find("status=", 1, true))
            one:press("q")
            one:wait("status=0")
        end)
    end)

    it("is gone at once where all fits on the screen, and the status is the command's", function()
        on_screen({}, "check " .. damaged, function(one)
            assert.truthy(one:wait("status=3"):find("damage  wal_", 1, true))
        end, 80, 40)
    end)

    it("gets what is said, too, and the status of a command that has ended is kept", function()
        on_screen({ TRACEREEL_PAGER = "sed 's/^/P: /'", PAGER = "false" }, "dump --type trace_failed " .. damaged,
            function(one)
                local shown = one:wait("status=3")
                assert.truthy(shown:find("\nP: ", 1, true), shown)
                assert.truthy(shown:find("P: tracereel: [^\n]*torn_tail"), shown)
            end, 200, 40)
    end)

    it("is $PAGER, and none where that is cat or empty, with --no-pager, and into a pipe", function()
        on_screen({ PAGER = "sed 's/^/P: /'" }, "check " .. orders, function(one)
            assert.truthy(one:wait("status=0"):find("\nP: "))
        end, 200, 40)
        local marked = { TRACEREEL_PAGER = "sed 's/^/P: /'" }
        on_screen(marked, "--no-pager check " .. orders, function(one)
            assert.falsy(one:wait("status=0"):find("\nP: "))
        end, 200, 40)
        on_screen(marked, ("check %s | cat"):format(orders), function(one)
            assert.falsy(one:wait("status=0"):find("\nP: "))
        end, 200, 40)
        on_screen({ PAGER = "cat", LESS = "" }, "traces " .. orders, function(one)
            one:wait("status=0")
        end)
    end)

    it("gets what several processes have found", function()
        on_screen({ PAGER = "sed 's/^/P: /'" }, ("check -j 2 %s %s"):format(orders, damaged), function(one)
            local _, headings = one:wait("status=3"):gsub("\nP: == ", "")
            assert.are.equal(2, headings)
        end, 200, 40)
    end)

    it("that cannot be run is named", function()
        on_screen({ PAGER = "/nonexistent/pager" }, "check " .. orders, function(one)
            local shown = one:wait("status=%d")
            assert.truthy(shown:find("the pager /nonexistent/pager cannot be run: set PAGER, or use --no-pager", 1,
                true), shown)
        end, 120, 40)
    end)
end)

describe("colours", function()
    local function is_coloured(words, env)
        return helper.run(words, { env = env }).stdout:find("\27[", 1, true) ~= nil
    end

    it("are not in a pipe, but with --color=always, before and after the command, or CLICOLOR_FORCE", function()
        assert.is_false(is_coloured({ "check", damaged }))
        assert.is_true(is_coloured({ "check", damaged, "--color", "always" }))
        assert.is_true(is_coloured({ "--color", "always", "check", damaged }))
        assert.is_true(is_coloured({ "--color=always", "check", damaged }))
        assert.is_true(is_coloured({ "--color=always", "--", "check", damaged }))
        assert.is_true(is_coloured({ "check", damaged }, { CLICOLOR_FORCE = "1" }))
    end)

    it("--color comes before NO_COLOR, that before CLICOLOR_FORCE, of which 0 is none", function()
        assert.is_false(is_coloured({ "check", damaged }, { CLICOLOR_FORCE = "1", NO_COLOR = "1" }))
        assert.is_true(is_coloured({ "check", damaged, "--color=always" }, { NO_COLOR = "1" }))
        assert.is_false(is_coloured({ "check", damaged, "--color=never" }, { CLICOLOR_FORCE = "1" }))
        assert.is_false(is_coloured({ "check", damaged }, { CLICOLOR_FORCE = "0" }))
    end)

    it("are on a terminal, also by way of less, and not with NO_COLOR or CLICOLOR=0", function()
        for _, case in ipairs { { {}, true }, { { NO_COLOR = "1" }, false }, { { CLICOLOR = "0" }, false } } do
            on_screen(case[1], "check " .. damaged, function(one)
                one:wait("status=3")
                assert.are.equal(case[2], one:text("-e"):find("\27[31mdamage", 1, true) ~= nil)
            end, 80, 40)
        end
    end)

    it("a word that is not auto, always or never is refused", function()
        local result = helper.run { "check", orders, "--color", "sometimes" }
        assert.are.equal(2, result.status)
        assert.truthy(result.stderr:find("must be one of 'auto', 'always', 'never'", 1, true))
    end)
end)

describe("a terminal whose locale is not UTF-8", function()
    it("gets ASCII: tables, bars, curves and what a log says", function()
        for _, words in ipairs { "show c90c " .. orders, "timing " .. orders, "traces " .. orders } do
            on_screen({ LC_ALL = "C", PAGER = "cat" }, words, function(one)
                local shown = one:wait("status=0")
                assert.falsy(shown:find("[\x80-\xFF]"), shown)
            end, 100, 100)
        end
    end)

    it("gets UTF-8 where LC_ALL, or else LC_CTYPE, or else LANG names it", function()
        for _, env in ipairs { { LC_CTYPE = "de_DE.UTF-8", LANG = "C" }, { LANG = "C.utf8" } } do
            env.LC_ALL, env.PAGER = "", "cat"
            on_screen(env, "show c90c " .. orders, function(one)
                assert.truthy(one:wait("status=0"):find("●"))
            end, 100, 60)
        end
    end)

    it("a pipe gets the same bytes in every locale", function()
        assert.are.same(helper.run({ "show", "c90c", orders }, { env = { LC_ALL = "C" } }),
            helper.run({ "show", "c90c", orders }, { env = { LC_ALL = "C.UTF-8" } }))
    end)

    it("columns stay where they are, and signs of one picture stay apart", function()
        assert.are.equal("a#=_x~", ascii.of("a█▌▁✗…"))
        assert.are.equal("285 us ->362 us", ascii.of("285 us → 362 us"))
        assert.are.equal("5 +-1", ascii.of("5 ± 1"))
        assert.are.equal("Gr??e ??", ascii.of("Größe 日"))
        assert.are.equal("?a", ascii.of("\xFFa"))
        local signs = {}
        for _, sign in ipairs { "▇", "█", "░", "▒", "▞" } do
            local one = ascii.of(sign)
            assert.is_nil(signs[one], sign)
            assert.are.equal(text.width(sign), #one)
            signs[one] = true
        end
    end)

    it("every sign that a text is drawn with has a replacement", function()
        for file in helper.shell("grep -lP '[^\\x00-\\x7F]' lua/tracereel/render/*.lua lua/tracereel/simulation/*.lua "
            .. "lua/tracereel/render/timing_table/*.lua lua/tracereel/timing/*.lua"):gmatch("[^\n]+") do
            for sign in helper.read(file):gmatch("[\xC2-\xF4][\x80-\xBF]+") do
                assert.are_not.equal("?", ascii.of(sign), file .. " " .. sign)
            end
        end
    end)
end)

describe("on a terminal", function()
    it("help is as wide as the terminal", function()
        on_screen({ PAGER = "cat" }, "check --help", function(one)
            for line in one:wait("status=0"):gmatch("[^\n]+") do
                assert.is_true(#line <= 60 or line:find("check --help", 1, true) ~= nil, line)
            end
        end, 60, 80)
        on_screen({ PAGER = "cat" }, "check --help", function(one)
            local widest = 0
            for line in one:wait("status=0"):gmatch("[^\n]+") do
                widest = math.max(widest, #line)
            end
            assert.is_true(widest > 80 and widest <= 100, widest)
        end, 140, 80)
    end)

    it("reading says how far it is after a second, and the line is gone when there is something to show", function()
        local segment = helper.shell(("ls %s/*.log"):format(orders)):match("[^\n]+")
        on_screen({ PAGER = "cat" }, ("check - < /dev/null; (sleep 3; cat %s) | %s check -"):format(segment, program),
            function(one)
                one:wait("reading: 0 records, %d s")
                local shown = one:wait("status=0")
                assert.falsy(shown:find("reading", 1, true), shown)
                assert.truthy(shown:find("segments?, %d+ records"), shown)
            end, 200, 40)
    end)
end)

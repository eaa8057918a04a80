local helper = require "tests.spec.helper"

-- The text that `expression` gives in a script, or its error.
local function evaluate(expression, ...)
    local text = "return { api = 1, finish = function(log) local _ = log return tostring((" .. expression .. ")) end }"
    local result = helper.run_script(text, { arguments = { ... } })
    return result.status == 0 and result.stdout:gsub("\n$", "") or result.stderr, result.status
end

describe("a script's environment", function()
    after_each(helper.clean)

    it("has no files, processes, debug library, packages or clock", function()
        for _, name in ipairs { "io", "os", "debug", "package", "dofile", "loadfile", "warn", "string.dump",
            "tracereel.open", "tracereel.writer", "collectgarbage'collect'", "_G.io", "_ENV.os",
            "load('return io')()", "load('return os', 'x', 't', nil)()" } do
            local answer, status = evaluate(name)
            assert.is_true(answer == "nil" or status == 1, name .. " gives " .. answer)
        end
    end)

    it("has the computing part of the standard library", function()
        for expression, expected in pairs {
            ["('x'):rep(3)"] = "xxx",
            ["#table.pack(1, 2)"] = "2",
            ["math.floor(2.5)"] = "2",
            ["utf8.len('ü')"] = "1",
            ["coroutine.wrap(function() coroutine.yield(5) end)()"] = "5",
            ["select('#', pcall(error))"] = "2",
            ["xpcall(error, function(m) return m end, 'x')"] = "false",
            ["load('return 1 + 1')()"] = "2",
            ["require('tracereel') == tracereel"] = "true",
            ["tracereel.duration(1500000)"] = "1.50 ms",
            ["collectgarbage('count') > 0"] = "true",
        } do
            assert.are.equal(expected, (evaluate(expression)))
        end
    end)

    it("loads text chunks only", function()
        local binary = ("%q"):format(string.dump(function() end)):gsub("\n", "n"):gsub("\r", "\\r"):gsub("%z", "\\0")
        assert.are.equal("nil", (evaluate("(load(" .. binary .. "))")))
        local path = helper.write(helper.directory() .. "/binary.lua", string.dump(load("return { api = 1 }")))
        local result = helper.run { "run", path, helper.log("orders") }
        assert.are.equal(1, result.status)
        assert.are.equal("tracereel: " .. path .. ": this is compiled Lua; a script is loaded as text\n", result.stderr)
    end)

    it("refuses finalizers, and hides the metatable of strings", function()
        local answer, status = evaluate("setmetatable({}, { __gc = function() end })")
        assert.are.equal(1, status)
        assert.truthy(answer:find("__gc is not available to scripts", 1, true))
        assert.are.equal("false", (evaluate("getmetatable('')")))
        assert.are_not.equal("table", (evaluate("type(getmetatable(log))")))
    end)

    it("keeps one script's changes out of another", function()
        local bad = helper.script("string.format = nil math.floor = nil tracereel.types[1] = 'x' tracereel.json = nil"
            .. " return { api = 1 }", "bad")
        local good = helper.script("return { api = 1, finish = function()"
            .. " return ('%d %s'):format(math.floor(1.5), tracereel.types[1]) .. tracereel.json(1) end }", "good")
        local result = helper.run { "run", bad, good, helper.log("orders") }
        assert.are.equal("-- good\n1 trace_start1\n", result.stdout)
    end)

    it("gives the same random numbers on every run", function()
        local first = evaluate("math.random(1000000) .. ' ' .. math.random()")
        assert.truthy(first:find("^%d+ 0%.%d+$"))
        assert.are.equal(first, (evaluate("math.random(1000000) .. ' ' .. math.random()")))
        local answer, status = evaluate("math.randomseed()")
        assert.are.equal(1, status)
        assert.truthy(answer:find("a whole number expected", 1, true))
    end)

    it("makes records with the log's time", function()
        local records = helper.expected("orders", "records")
        local latest = "#0"
        for _, record in ipairs(records) do
            latest = #record.timestamp_ns == #latest and record.timestamp_ns > latest and record.timestamp_ns
                or #record.timestamp_ns > #latest and record.timestamp_ns or latest
        end
        assert.are.equal(latest:sub(2), (evaluate("tracereel.record.checkpoint{}.timestamp_ns")))
    end)

    describe("`require`", function()
        local function run_with(modules, text)
            local directory = helper.directory()
            for name, module in pairs(modules) do
                helper.shell("mkdir -p " .. (directory .. "/" .. name):match("^(.*)/"))
                helper.write(directory .. "/" .. name, module)
            end
            helper.write(directory .. "/main.lua", text)
            return helper.run { "run", directory .. "/main.lua", helper.log("edge") }
        end

        it("finds modules beside the script, loads them once, and keeps them in the restricted environment", function()
            local result = run_with({ ["shared/names.lua"] = "count = (count or 0) + 1 return { io = io or 'no io' }" },
                "local a, b = require 'shared.names', require 'shared.names'"
                .. " return { api = 1, finish = function() return a.io .. ' ' .. count .. tostring(a == b) end }")
            assert.are.equal("no io 1true\n", result.stdout)
        end)

        it("finds nothing outside the script's directory", function()
            for _, name in ipairs { "../x", "/etc/passwd", "..", "a..b", "io", "" } do
                local result = run_with({}, ("require(%q) return { api = 1 }"):format(name))
                assert.are.equal(1, result.status)
                assert.truthy(result.stderr:find("require: ", 1, true))
            end
        end)

        it("reports modules that require each other in a circle", function()
            local result = run_with({ ["a.lua"] = "return require 'b'", ["b.lua"] = "return require 'a'" },
                "require 'a' return { api = 1 }")
            assert.are.equal(1, result.status)
            assert.truthy(result.stderr:find('module "a" requires itself', 1, true))
        end)
    end)

    it("opens the whole standard library with --unsafe", function()
        assert.are.equal("table", (evaluate("type(io) == 'table' and type(os) == 'table' and type(debug)", "--unsafe")))
        assert.are.equal("function", (evaluate("type(tracereel.open)", "--unsafe")))
    end)
end)

describe("limits on a script", function()
    local started = "return { api = 1, start = function() %s end }"
    local endless = {
        ["a loop"] = "while true do end",
        ["a loop in a coroutine"] = "coroutine.wrap(function() while true do end end)()",
        ["a loop in pcall in a loop"] = "while true do pcall(function() while true do end end) end",
        ["a coroutine resumed in a loop"] = "while true do"
            .. " coroutine.resume(coroutine.create(function() while true do end end)) end",
        ["an xpcall whose handler loops"] = "xpcall(error, function() while true do end end)",
        ["a pattern that takes for ever"] = "string.find(('a'):rep(30000), ('.-'):rep(28) .. 'b')",
        ["a sort whose comparison loops"] = "table.sort({ 3, 2, 1 }, function() while true do end end)",
    }
    for name, text in pairs(endless) do
        it("--max-time ends " .. name .. " with 5", function()
            local result = helper.run_script(started:format(text), { arguments = { "--max-time", "200ms" },
                before = "timeout 20" })
            assert.are.equal(5, result.status)
            assert.truthy(result.stderr:find("--max-time", 1, true)
                or result.stderr:find("the time limit was reached, and the script cannot be stopped", 1, true))
        end)
    end

    it("do not delay an interrupt: what cannot be stopped ends with 130 within 3 seconds", function()
        local text = "return { api = 1, start = function() string.find(('a'):rep(30000), ('.-'):rep(28) .. 'b') end }"
        local result = helper.run_script(text, { before = "timeout --preserve-status -s INT -k 8 0.5" })
        assert.are.equal(130, result.status)
        assert.truthy(result.stderr:find("interrupted, and the script cannot be stopped", 1, true), result.stderr)
        -- What can be stopped is: the error of the loop, and no more.
        result = helper.run_script("return { api = 1, start = function() while true do end end }",
            { before = "timeout --preserve-status -s INT -k 8 0.5" })
        assert.are.equal(130, result.status)
        assert.is_nil(result.stderr:find("cannot be stopped", 1, true), result.stderr)
    end)

    local greedy = {
        ["a growing table"] = "local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end",
        ["a growing text in pcall in a loop"] = "local t = {} while true do pcall(function() while true do"
            .. " t[#t + 1] = ('x'):rep(100000) .. #t end end) end",
        ["very many timings"] = "local t = {} for i = 1, 10000 do t[i] = tracereel.timing(nil, 1000) end",
        ["very many histograms"] = "local t = {} for i = 1, 3000 do t[i] = tracereel.histogram()"
            .. " for bit = 0, 60 do t[i]:add(1 << bit) end end",
        ["a state that only grows"] = "local state, id = tracereel.state(), '00000000-0000-0000-0000-000000000001'"
            .. " state:apply(tracereel.record.trace_start { trace_id = id }) for i = 1, 1000000 do"
            .. " state:apply(tracereel.record.node_start { trace_id = id, node_id = i }) end",
        ["one huge text"] = "local t = ('x'):rep(1 << 30) return #t",
    }
    for name, text in pairs(greedy) do
        it("--max-memory ends " .. name .. " with 5", function()
            local result = helper.run_script(started:format(text), { arguments = { "--max-memory", "32MiB" },
                before = "timeout 20" })
            assert.are.equal(5, result.status)
            assert.truthy(result.stderr:find("--max-memory", 1, true))
        end)
    end

    it("hold in finish, in merge and in metamethods of the result", function()
        for _, text in ipairs {
            "return { api = 1, finish = function() while true do end end }",
            "return { api = 1, finish = function() return 1 end, merge = function() while true do end end }",
            -- What JSON cannot say is shown by tostring.
            "return { api = 1, finish = function() return { a = setmetatable({ print }, { __tostring = function()"
                .. " while true do end end }) } end }",
        } do
            local result = helper.run({ "run", helper.script(text), "--max-time", "200ms", helper.log("edge"),
                helper.log("empty") }, { before = "timeout 20" })
            assert.are.equal(5, result.status)
        end
    end)

    it("do not stop a script that drops histograms and states as fast as it makes them", function()
        local result = helper.run_script("for i = 1, 100000 do tracereel.histogram():add(i)"
            .. " tracereel.state():apply(tracereel.record.checkpoint {}) end return { api = 1 }",
            { arguments = { "--max-memory", "32MiB" } })
        assert.are.same({ "", 0 }, { result.stderr, result.status })
    end)

    -- 200 MB without a record after a log's first segment: a search through them takes more than a second.
    local function long_gap()
        local directory = helper.directory()
        helper.shell(("cp %s/wal_000000000000000[01].log %s; head -c 200000000 /dev/urandom >> "
            .. "%s/wal_0000000000000000.log"):format(helper.log("orders"), directory, directory))
        return directory
    end

    it("and interrupts take effect inside the search for the end of a gap", function()
        local directory = long_gap()
        local script = helper.script("return { api = 1, record = function() end, finish = function(log)"
            .. " return log:stats().gap_bytes end }")
        local limited = helper.run({ "run", "--max-time", "200ms", script, directory }, { before = "timeout 20" })
        assert.are.equal(5, limited.status, limited.stderr)
        assert.truthy(limited.stderr:find("more time than --max-time allows", 1, true), limited.stderr)
        local interrupted = helper.run({ "run", script, directory }, { before = "timeout -s INT 0.3" })
        assert.are.equal("0\n", interrupted.stdout, interrupted.stderr) -- finish is called; the gap was not passed
        assert.are.equal("200000000\n", helper.run({ "run", script, directory }).stdout)
    end)

    it("do not stop a script that stays within them", function()
        local result = helper.run_script("return { api = 1, finish = function() return 'fine' end }",
            { arguments = { "--max-time", "1m", "--max-memory", "64MiB" } })
        assert.are.equal("fine\n", result.stdout)
        assert.are.equal(0, result.status)
    end)

    it("do not affect handlers that catch their own errors", function()
        local result = helper.run_script("local n = 0 return { api = 1, record = function() if not pcall(error) then"
            .. " n = n + 1 end end, finish = function() return n end }", { arguments = { "--max-time", "1m" } })
        assert.are.equal("1171\n", result.stdout)
    end)
end)

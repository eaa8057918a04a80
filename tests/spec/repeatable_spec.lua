-- The same script on the same log gives the same bytes in every process. Each process seeds the hashes of its strings
-- anew and has its tables at other addresses, so a few runs show what depends on them.
local helper = require "tests.spec.helper"

local runs = 6

-- The output of each command, run several times: once each different one.
local function different_outputs(arguments, options)
    local outputs, seen = {}, {}
    for _ = 1, runs do
        local ran = helper.run(arguments, options)
        local text = ran.status .. "\n" .. ran.stdout .. ran.stderr
        text = text:gsub("/tmp/tmp%.%w+", "DIRECTORY")
        if not seen[text] then
            seen[text] = true
            outputs[#outputs + 1] = text
        end
    end
    return outputs
end

-- Everything in a script that depends on hashes or addresses in plain Lua.
local nasty = [[
    local shown = {}
    local function show(...) shown[#shown + 1] = tracereel.json { ... } end
    local function fill(count)
        local t = {}
        for i = 1, count do t["key " .. i] = i end
        for i = 1, count do t["other " .. i] = i t["other " .. i] = nil end
        t[true], t[0.5], t[-3], t[false], t[1], t[2] = 1, 2, 3, 4, 5, 6
        return t
    end
    return { api = 1, start = function(_, log)
        for key, value in pairs(fill(50)) do show(tostring(key), value) end
        for key, value in next, fill(20) do show(tostring(key), value) end
        show((next(fill(30))))
        for name in pairs(_G) do show(name) end
        for name in pairs(string) do show(name) end
        for name in pairs(tracereel) do show(name) end
        local objects = {}
        for i = 1, 20 do objects[{ i }] = i objects[function() return i end] = i end
        objects[print], objects[pairs], objects[coroutine.create(print)] = 1, 2, 3
        for trace in pairs { [tracereel.state()] = 1, [tracereel.histogram()] = 2 } do show(tostring(trace)) end
        local sum = {}
        for key, value in pairs(objects) do sum[#sum + 1] = type(key) .. value end
        show(table.concat(sum, " "))
        show(tostring({}), tostring(print), tostring(log), tostring(setmetatable({}, { __name = "mine" })))
        show(("%s %p %-20s|%p"):format({}, {}, print, "text"), string.format("%s", coroutine.create(print)))
        print({}, print)
        for _, wrong in ipairs {
            function() return {} < {} end,
            function() error({}) end,
            function() return #{} .. {} end,
            function() return log[{}] end,
            function() return tracereel.record.node_done { [{}] = 1 } end,
            function() return log:replay { [{}] = print } end,
            function() log[{}] = 1 end,
            function() return tracereel.json { [{}] = 1 } end,
            function() return tracereel.await(1, { [{}] = 1 }) end,
            function() return tracereel.await(1, { b = 1, a = 2, c = 3, d = 4 }) end,
            function() return tracereel.restart():skip(1, { b = 1, a = 2, c = 3 }) end,
            function() return tracereel.timing({ nodes = { [1] = { after = { {} } } } }) end,
            function() return tracereel.open_nothing end,
            function() return ("x"):rep({}) end,
            function() return table.concat { {} } end,
            function() return require {} end,
            function() return setmetatable({}, { __gc = print }) end,
        } do
            show(tostring(select(2, pcall(wrong))))
        end
        local long = {}
        for i = 1, 3000 do long[i] = { i, (i * 7919) % 3 } end
        table.sort(long, function(a, b) return a[2] < b[2] end)
        for _, one in ipairs(long) do show(one[1]) end
        show(math.random(1 << 30), math.random())
    end, finish = function() return shown end }
]]

local log = helper.log("orders")

describe("the same script on the same log gives the same bytes in every process:", function()
    after_each(helper.clean)

    it("run, even of a script that shows hashes and addresses wherever Lua does", function()
        local outputs = different_outputs { "run", helper.script(nasty), log }
        assert.are.equal(1, #outputs)
        assert.are.equal("0", outputs[1]:match("^%d+"), outputs[1])
        assert.is_nil(outputs[1]:find("0x%x%x%x"), outputs[1]:match("[^\n]*0x%x%x%x[^\n]*"))
    end)

    it("run, as text and as JSON, of a table with keys of every kind", function()
        local script = helper.script([[return { api = 1, finish = function()
            local t = { x = { [print] = 1, [tostring] = print } }
            for i = 1, 30 do t["key " .. i] = { { i }, {}, n = i } end
            return t
        end }]])
        assert.are.equal(1, #different_outputs { "run", script, log })
    end)

    it("run, of the names that functions have in messages and tracebacks", function()
        local outputs = different_outputs { "run", helper.script([[return { api = 1, start = function()
            for _, callee in ipairs { tracereel.json, tracereel.decode, tracereel.unsigned, table.sort,
                math.atan } do
                print(select(2, pcall(callee)))
            end
        end, finish = function() return (tracereel.decode({})) end }]]), log }
        assert.are.equal(1, #outputs, table.concat(outputs, "\n"))
        assert.is_truthy(outputs[1]:find("bad argument #1 to 'tracereel.json' (value expected)", 1, true), outputs[1])
        assert.is_truthy(outputs[1]:find("[C]: in function 'tracereel.decode'", 1, true), outputs[1])
    end)

    it("run, of errors with values that have no text", function()
        for _, value in ipairs { "{}", "print", "setmetatable({}, { __name = 'mine' })" } do
            for _, part in ipairs { "start", "record", "finish" } do
                local script = helper.script(("return { api = 1, %s = function() error(%s) end }"):format(part, value))
                local outputs = different_outputs { "run", script, log }
                assert.are.equal(1, #outputs, part)
            end
        end
    end)

    it("run --unsafe, of pairs, next, tostring and print", function()
        local outputs = different_outputs { "run", "--unsafe", helper.script([[
            local t = {}
            for i = 1, 50 do t["key " .. i] = i end
            for key in pairs(t) do print(key, {}) end
            for key in next, t do print(key) end
            return { api = 1 }]]), log }
        assert.are.equal(1, #outputs)
    end)

    -- The script gathers by name, goes through what it has gathered, and decides by the first that it meets.
    local deciding = [[
        local function first(t)
          local name = next(t) for key in pairs(t) do name = name .. " " .. key end return name
        end
        return { api = 1, recover = function(trace, default)
            local seen = {}
            for _, node in ipairs(trace.nodes) do seen["node " .. node.id] = node.id end
            seen["trace " .. trace.id] = 0
            return tracereel.fail(first(seen) .. tostring(print))
        end }]]

    it("recover, down to the plan's bytes", function()
        local script = helper.script(deciding)
        local plans = {}
        for run = 1, runs do
            local plan = helper.directory() .. "/plan.json"
            assert.are.equal(0, helper.run({ "recover", script, log, "-o", plan }).status)
            -- The plan says when it was made.
            plans[run] = helper.read(plan):gsub('"created[%w_]*":"?[^",]*"?', "")
            assert.are.equal(plans[1], plans[run])
        end
    end)

    it("crashtest", function()
        assert.are.equal(1, #different_outputs { "crashtest", helper.script(deciding), helper.log("edge") })
    end)

    it("simulate, down to the new log's bytes", function()
        local scenario = helper.script([[
            local t = {}
            for i = 1, 40 do t["key " .. i] = i end
            return { seed = 5, node = { default = { time = function(ns, trace)
                local key, value = next(t)
                for _, other in pairs(t) do value = (value * 31 + other) % 1000 end
                return ns + value * #key
            end } } }]])
        local sums = {}
        for run = 1, 4 do
            local directory = helper.directory() .. "/new"
            local ran = helper.run { "simulate", scenario, log, "-o", directory }
            assert.are.equal(0, ran.status, ran.stderr)
            sums[run] = ran.stdout:gsub("/tmp/[^ \n]*", "") .. helper.shell("cat " .. directory .. "/* | sha256sum")
            assert.are.equal(sums[1], sums[run])
        end
    end)
end)

describe("pairs and next of a script", function()
    after_each(helper.clean)

    local function answer(text, ...)
        local ran = helper.run_script("return { api = 1, finish = function() " .. text .. " end }",
            { arguments = { ... } })
        return ran.status == 0 and ran.stdout:gsub("\n$", "") or ran.stderr
    end

    it("visit numbers, texts and booleans in sorted order, then everything else", function()
        local filled = "local t = { 10, 20, b = 1, a = 2, [2.5] = 3, [-1] = 4, [true] = 5, [false] = 6, ['10'] = 7,"
            .. " [math.maxinteger] = 8, [2.0^63] = 9, [1/0] = 10, [-1/0] = 11, [''] = 12 } t[print] = 13 t[{}] = 14"
            .. " local seen = {} "
        local expected = "11 4 10 20 3 8 9 10 12 7 2 1 6 5 13 14"
        for _, loop in ipairs { "pairs(t)", "next, t" } do
            assert.are.equal(expected, answer(filled .. "for _, value in " .. loop
                .. " do seen[#seen + 1] = value end return table.concat(seen, ' ')"):gsub("%.0", ""), loop)
        end
    end)

    it("continue while fields are changed and cleared, and skip cleared ones", function()
        for _, loop in ipairs { "pairs(t)", "next, t" } do
            assert.are.equal("a1 c3 e5 1", answer([[
                local t, seen = { a = 1, b = 2, c = 3, d = 4, e = 5 }, {}
                for key, value in ]] .. loop .. [[ do
                    seen[#seen + 1] = key .. value
                    t[key] = 10
                    if key == "a" then t.b = nil end
                    if key == "c" then t.c, t.d = nil, nil end
                end
                seen[#seen + 1] = #seen == 3 and t.a == 10 and t.c == nil and "1" or "0"
                return table.concat(seen, " ")]]), loop)
            assert.are.equal("6", answer([[
                local t, count = { 1, 2, 3, x = 1, [print] = 2, [{}] = 3 }, 0
                for key in ]] .. loop .. [[ do t[key] = nil count = count + 1 end
                assert(next(t) == nil)
                return count]]), loop)
        end
    end)

    it("can be nested, left early and restarted on one table", function()
        assert.are.equal("9 a abc", answer([[
            local t, count = { a = 1, b = 2, c = 3 }, 0
            for _ in next, t do for _ in next, t do count = count + 1 end end
            for key in pairs(t) do t.first = t.first or key break end
            local first = t.first
            t.first = nil
            local step, state = pairs(t)
            local names = ""
            local key = step(state)
            while key do names = names .. key key = step(state, key) end
            return count .. " " .. first .. " " .. names]]))
    end)

    it("honour __pairs, and name a value that they cannot traverse", function()
        assert.are.equal("x y", answer([[
            local seen = {}
            for key in pairs(setmetatable({}, { __pairs = function(t)
                return function(_, key) return key == nil and "x" or key == "x" and "y" or nil end, t, nil
            end })) do seen[#seen + 1] = key end
            return table.concat(seen, " ")]]))
        assert.truthy(answer("for _ in pairs(nil) do end"):find("script.lua:1: bad argument #1 to 'pairs' "
            .. "(table expected, got nil)", 1, true))
        assert.truthy(answer("return next(5)"):find("table expected, got number", 1, true))
    end)

    it("do what Lua's own do over random tables and changes, except for the order", function()
        -- The model keeps its own list of what is there.
        assert.are.equal("fine", answer([[
            local keys = {}
            for i = 1, 40 do keys[i] = math.random(3) == 1 and i or math.random(2) == 1 and "k" .. i or i + 0.5 end
            for round = 1, 300 do
                local t, live = {}, 0
                for _, key in ipairs(keys) do
                    if math.random(2) == 1 then t[key] = round live = live + 1 end
                end
                local seen, last = 0, nil
                for key, value in (round % 2 == 0 and pairs or function(u) return next, u end)(t) do
                    assert(value == round and rawget(t, key) == round)
                    assert(last == nil or type(last) ~= type(key) and type(last) == "number"
                        or type(last) == type(key) and last < key)
                    last, seen = key, seen + 1
                    if math.random(3) == 1 then t[key] = nil end
                    local other = keys[math.random(#keys)]
                    if t[other] and math.random(4) == 1 and (type(other) == type(key) and other > key) then
                        t[other] = nil
                        live = live - 1
                    end
                end
                assert(seen == live)
            end
            return "fine"]]))
    end)
end)

-- What a script's `finish` returns, as text and as JSON: every key and every value is shown.
local helper = require "tests.spec.helper"

local function shown(value, ...)
    local ran = helper.run_script("return { api = 1, finish = function() return " .. value .. " end }",
        { arguments = { ... } })
    assert.are.equal(0, ran.status, ran.stderr)
    return ran.stdout
end

describe("a script's result as text", function()
    after_each(helper.clean)

    local cases = {
        ["a table that counts from 0"] = { "{ [0] = 5, [1] = 6, [3] = 7 }", "0: 5\n1: 6\n3: 7\n" },
        ["a list with a hole"] = { "{ 'a', 'b', nil, 'd' }", "1: a\n2: b\n4: d\n" },
        ["a list with a name"] = { "{ 'a', 'b', total = 2 }", "1: a\n2: b\ntotal: 2\n" },
        ["keys from 2"] = { "{ [2] = 'b', [3] = 'c' }", "2: b\n3: c\n" },
        ["other numbers as keys"] = { "{ [-1] = 'a', [0.5] = 'b', [10] = 'd', [9] = 'c' }",
            "-1: a\n0.5: b\n9: c\n10: d\n" },
        ["true and false as keys"] = { "{ [true] = 1, [false] = 2, x = 3 }", "x: 3\nfalse: 2\ntrue: 1\n" },
        ["a list of lists, one of them with a name"] = { "{ { 1, 2 }, { 3, x = 4 } }", '[1,2]\n{"1":3,"x":4}\n' },
        ["a list of lists, one of them from 0"] = { "{ { 1, 2 }, { [0] = 3, 4 } }", '[1,2]\n{"0":3,"1":4}\n' },
        ["rows with an empty cell"] = { "{ { 'a', nil, 1 }, { 'b', 2, 3 } }", "a     1\nb  2  3\n" },
        ["a row that is nothing but holes"] = { "{ { 1 }, { [1000000] = 2 } }", '[1]\n{"1000000":2}\n' },
        ["rows after a missing one"] = { "{ { 1 }, nil, { 2 } }", "1: [1]\n3: [2]\n" },
        ["a list of records, one of them with a number"] = { "{ { a = 1 }, { a = 2, [1] = 3 } }",
            '{"a":1}\n{"1":3,"a":2}\n' },
        ["a list of tables and others"] = { "{ 1, { 2 }, 'x' }", "1\n[2]\nx\n" },
        ["a nested sparse table"] = { "{ x = { 1, nil, 3, y = { [0] = false } } }",
            'x: {"1":1,"3":3,"y":{"0":false}}\n' },
        ["what JSON has no form for"] = { "{ x = { print, true, [true] = 'a', [0.5] = 'b' } }",
            'x: { [0.5] = "b", function: 1, true, [true] = "a" }\n' },
        ["a table that holds itself"] = { "(function() local t = { 1 } t.self = t return t end)()",
            "1: 1\nself: { 1, self = {...} }\n" },
        ["texts with control characters as keys"] = { "{ ['a\\nb'] = 1 }", "a\\nb: 1\n" },
        ["an empty table"] = { "{}", "(none)\n" },
    }
    for what, case in pairs(cases) do
        it("shows " .. what, function()
            assert.are.equal(case[2], shown(case[1]))
        end)
    end
end)

describe("a script's result as JSON", function()
    after_each(helper.clean)

    it("writes tables that are no lists as objects, numeric keys first", function()
        for value, json in pairs {
            ["{ [0] = 5, [1] = 6, [3] = 7 }"] = '{"0":5,"1":6,"3":7}',
            ["{ 'a', 'b', total = 2 }"] = '{"1":"a","2":"b","total":2}',
            ["{ 'a', nil, 'c' }"] = '{"1":"a","3":"c"}',
            ["{ z = 1, [10] = 2, [9] = { 1, x = 2 } }"] = '{"9":{"1":1,"x":2},"10":2,"z":1}',
        } do
            assert.are.equal('{"result":' .. json .. ',"script":"script"}\n', shown(value, "--json"))
        end
    end)

    it("is refused if two keys would become one", function()
        local ran = helper.run_script("return { api = 1, finish = function() return { 1, ['1'] = 2 } end }",
            { arguments = { "--json" } })
        assert.are.equal(1, ran.status)
        assert.truthy(ran.stderr:find('both 1 and "1" as a key, which JSON cannot tell apart', 1, true), ran.stderr)
    end)
end)

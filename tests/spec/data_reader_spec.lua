-- The reader of Lua texts that hold data, held against Lua's own `load`.
local core = require "tracereel.core"

-- What Lua makes of a text; and whether it takes it, and gives a value.
local function by_lua(text)
    local chunk = load(text, "=text", "t", {})
    local values = chunk and table.pack(chunk()) or {}
    return values[1], chunk ~= nil and values.n == 1
end

-- Equal, as far as a text can show it: types, the kinds of numbers, and every key.
local function shown(value)
    if type(value) == "table" then
        local parts = {}
        for key, item in pairs(value) do
            parts[#parts + 1] = shown(key) .. "=" .. shown(item)
        end
        table.sort(parts)
        return "{" .. table.concat(parts, ",") .. "}"
    elseif math.type(value) == "float" then
        return ("float %a"):format(value)
    end
    return ("%s %q"):format(math.type(value) or type(value), value)
end

-- Returns whether the text is one that both read.
local function reads_as_lua_does(text)
    local value, is_taken = by_lua(text)
    local is_read, read = pcall(core.read_data, text, "text")
    assert.equal(is_taken, is_read, text)
    assert.equal(is_taken and shown(value), is_read and shown(read), text)
    return is_taken
end

local function problem_of(text, name)
    local read, problem = pcall(core.read_data, text, name or "a.lua")
    assert.is_false(read, text)
    return problem
end

local Maker = {}
Maker.__index = Maker

function Maker:pick(list)
    return list[self.random(#list)]
end

function Maker:space()
    return self:pick { "", "", " ", "\n", "\r\n", "\t", "\n\r", " --[[ } ]] ", "--x\n", "--[==[ ]] \n]==]", "\f\v" }
end

function Maker:quoted()
    local quote = self:pick { '"', "'" }
    local parts = {}
    for index = 1, self.random(0, 6) do
        parts[index] = self:pick { "a", "0", " ", "é", "\\n", "\\\\", "\\\"", "\\'", "\\065", "\\7", "\\x4A",
            "\\u{20AC}", "\\u{0000041}", "\\u{7FFFFFFF}", "\\z \n\t ", "\\\n", "\\\r\n", "\\0", "--", "[[", "]]", "{",
            "\0", "\\a\\b\\f\\r\\t\\v", quote == '"' and "'" or '"' }
    end
    return quote .. table.concat(parts) .. quote
end

function Maker:long()
    local signs = ("="):rep(self.random(0, 3))
    local parts = {}
    for index = 1, self.random(0, 5) do
        parts[index] = self:pick { "a", "\n", "\r\n", "\r", "\\n", "] ]", "[", "--", "]=", '"', "\0" }
    end
    return "[" .. signs .. "[" .. table.concat(parts) .. " ]" .. signs .. "]"
end

function Maker:number()
    return self:pick { "0", "7", "-7", "- 7", "- - 7", "0x1F", "0XfF", "0xA.8p1", "0x.8P-2", "3.5", ".5", "5.", "1e3",
        "1E-3", "2e+2", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "0xffffffffffffffffff",
        "1e400", "-0.0" }
end

function Maker:key(level)
    local kind = self.random(4)
    if kind == 1 then
        return self:pick { "name", "_x", "a1", "nodes", "andy" } .. self:space() .. "=" .. self:space()
    elseif kind == 2 then
        return "[" .. self:space() .. self:number() .. self:space() .. "]" .. self:space() .. "="
    elseif kind == 3 then
        return "[ " .. self:pick { "true", "false", "'k'", "{}" } .. "]=" .. self:space()
    end
    return level > 2 and "" or "[" .. self:quoted() .. "]=" .. self:space()
end

function Maker:table(level)
    local parts = { "{", self:space() }
    local count = self.random(20) == 1 and 120 or self.random(0, 5) -- a list is put into its table in parts
    for index = 1, count do
        parts[#parts + 1] = self.random(2) == 1 and "" or self:key(level)
        parts[#parts + 1] = self:value(level + 1)
        parts[#parts + 1] = self:space()
        parts[#parts + 1] = index < count and self:pick { ",", ";" } or self:pick { "", ",", ";" }
        parts[#parts + 1] = self:space()
    end
    parts[#parts + 1] = "}"
    return table.concat(parts)
end

function Maker:value(level)
    local kind = self.random(level > 3 and 6 or 9)
    if kind <= 2 then
        return self:quoted()
    elseif kind == 3 then
        return self:long()
    elseif kind <= 5 then
        return self:number()
    elseif kind == 6 then
        return self:pick { "true", "false", "nil" }
    end
    return self:table(level)
end

local function new_maker(seed)
    local state = seed
    return setmetatable({
        random = function(first, last)
            if not last then
                first, last = 1, first
            end
            state = (state * 6364136223846793005 + 1442695040888963407) & math.maxinteger
            return first + (state >> 33) % (last - first + 1)
        end,
    }, Maker)
end

describe("the reader of data", function()
    it("reads what Lua reads, of six hundred texts of literals", function()
        local nested_count = 0
        for seed = 1, 600 do
            local maker = new_maker(seed)
            local text = maker:space() .. "return" .. " " .. maker:space() .. maker:value(0) .. maker:space()
                .. maker:pick { "", ";", "; --end" }
            -- A long text may hold its own end.
            local is_read = reads_as_lua_does(text)
            nested_count = nested_count + (is_read and text:find("{.*{") and 1 or 0)
        end
        assert.is_true(nested_count > 90)
    end)

    it("takes of a key that is given twice what Lua takes", function()
        reads_as_lua_does "return { 1, 2, [1] = 9, [2] = 8, a = 1, a = 2 }"
        reads_as_lua_does("return { [1] = 'key', " .. ("'item', "):rep(49) .. "[50] = 'late', 'x', [3] = 'y', 'z' }")
        reads_as_lua_does("return { " .. ("0, "):rep(50) .. "[1] = 'lost', 7, [2] = 'kept' }")
        reads_as_lua_does "return { nil, 2, nil, 4, x = nil }"
    end)

    it("reads what %q writes of any bytes and numbers", function()
        local bytes = {}
        for byte = 0, 255 do
            bytes[#bytes + 1] = string.char(byte) .. (byte % 3 == 0 and "1" or "")
        end
        for _, value in ipairs { table.concat(bytes), "a\r\nb\n\rc\0", 1 / 3, math.mininteger, -0.0 } do
            assert.equal(shown(value), shown(core.read_data(("return %q"):format(value), "text")))
        end
    end)

    it("refuses what Lua refuses, and all that is not data, with the file and the line", function()
        for text, expected in pairs {
            [""] = 'a.lua:1: "return" and a table expected, but the file ends',
            ["x = 1"] = 'a.lua:1: "return" and a table expected, got x',
            ["return"] = "a.lua:1: a value (a text, a number, true, false, nil or a table) expected, but the file ends",
            ["return {\n a = os.exit() }"] = "a.lua:2: a value (a text, a number, true, false, nil or a table) "
                .. "expected, got os; only data can stand in it, nothing is run",
            ["return { 1\n 2 }"] = 'a.lua:2: "," or "}" expected, got 2',
            ["return { 1 + 2 }"] = 'a.lua:1: "," or "}" expected, got +',
            ["return { #'a' }"] = "a.lua:1: a value (a text, a number, true, false, nil or a table) expected, got #",
            ["return ('a')"] = "a.lua:1: a value (a text, a number, true, false, nil or a table) expected, got (",
            ["return 'a' .. 'b'"] = "a.lua:1: the end of the file expected, got .",
            ["return function() end"] = "a.lua:1: a value (a text, a number, true, false, nil or a table) expected",
            ["return { end = 1 }"] = "a.lua:1: a value (a text, a number, true, false, nil or a table) expected",
            ["return { a 1 }"] = 'a.lua:1: "=" and a value expected, got 1',
            ["return { a == 1 }"] = 'a.lua:1: "=" and a value expected, got =',
            ["return { [1 = 2 }"] = 'a.lua:1: "]" after a key expected, got =',
            ["return { [nil] = 2 }"] = "a.lua:1: a key cannot be nil",
            ["return - 'a'"] = 'a.lua:1: a number after "-" expected',
            ["return {"] = "a.lua:1: a value (a text, a number, true, false, nil or a table) expected, but",
            ["return {} {}"] = "a.lua:1: the end of the file expected, got {",
            ["return 1, 2"] = "a.lua:1: the end of the file expected, got ,",
            ["\n\nreturn 'abc"] = "a.lua:3: a text has no end: ' expected",
            ["return 'a\nb'"] = "a.lua:1: a text has no end: ' expected",
            ["return [==[ ]=]"] = "a.lua:1: a text has no end",
            ["--[[ x"] = "a.lua:1: a comment has no end",
            ["return '\\q'"] = "a.lua:1: a text: an escape like",
            ["return '\\256'"] = "a.lua:1: a text: an escape like",
            ["return '\\x4'"] = "a.lua:1: a text: \\x is followed by two hexadecimal digits",
            ["return '\\u{}'"] = "a.lua:1: a text: \\u is followed by {XXX}",
            ["return '\\u{80000000}'"] = "a.lua:1: a text: \\u is followed by {XXX}",
            ["return '\\u{12'"] = "a.lua:1: a text: \\u is followed by {XXX}",
            ["return 3x"] = "a.lua:1: malformed number 3x",
            ["return 0x"] = "a.lua:1: malformed number 0x",
            ["return 1..2"] = "a.lua:1: malformed number 1..2",
        } do
            assert.equal(expected, problem_of(text):sub(1, #expected), text)
        end
    end)

    it("ends at any place where a text ends, without an answer that Lua does not give", function()
        local whole = 'return { name = "a\\z  \\u{41}\\n", [0x1F] = [==[\n x ]==], { -1.5e3; true, nil }, --[[c]] }'
        for length = 0, #whole - 1 do
            local text = whole:sub(1, length)
            reads_as_lua_does(text)
        end
        reads_as_lua_does(whole)
    end)

    it("refuses tables within tables before the stack is at its end", function()
        assert.equal("table", type(core.read_data("return " .. ("{"):rep(150) .. ("}"):rep(150), "a")))
        assert.matches("tables within tables, more than 150 deep",
            problem_of("return " .. ("{"):rep(100000) .. ("}"):rep(100000)))
    end)
end)

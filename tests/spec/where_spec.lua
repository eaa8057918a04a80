-- The language of --where, --sort and --top (docs/where.md), held against an evaluation of its own.
local compiler = require "tracereel.where.compiler"
local fields = require "tracereel.where.fields"
local helper = require "tests.spec.helper"
local ranking = require "tracereel.where.ranking"

-- A trace as plain tables, with what the fields below are read from.
local function subject(changes)
    local made = { id = "x", status = "complete", outcome = "complete", open = false, from_snapshot = false,
        start_ns = 1000, last_ns = 6000, duration_ns = 5000, error_count = 0, errors = {}, failed_nodes = {},
        violations = {} }
    for name, value in pairs(changes) do
        made[name] = value
    end
    return made
end

local function is_true(text, changes)
    return compiler.test(text, "trace", false)(subject(changes or {}))
end

-- Each sentence of the page as expressions that are true, and that are false, of one trace.
local told = subject {
    metadata = '{"customer":"x"}', duration_ns = 7000000000, start_ns = 1764000000000000000, error_count = 2,
    metadata_table = { customer = "x", order = 7, ["a.b"] = { c = 1 }, a = { b = { c = 2, d = 3 } }, tags = { "vip" },
        address = { city = "Ulm" } },
    errors = { { message = "first" }, { message = "Card DECLINED*" } }, failed_nodes = { 3 },
}
local true_of_it = {
    'duration > 5s and metadata.customer == "x" and error ~ "declined"',
    "duration_ns == 7000000000", "duration == 7s", "duration >= 0h6.5s", "started == 2025-11-24T16:00:00Z",
    'started < "2025-11-24T18:00:00.5+01:00"', "start_ns > 1763999999999999999", "started != 2025-11-24",
    "error_count in (1, 2)", "error_count not in (1, 3)", "3 in failed_nodes", "failed_nodes", "not violations",
    "4 not in failed_nodes", '"vip" in metadata.tags', '"first" in errors', 'errors ~ "^FIRST$"', 'error !~ "first"',
    'error ~ "^card*declined\\*$"', 'error ~ "\\*$"', 'error ~ ""', 'error ~ "d*e*l"', 'metadata ~ "customer"',
    "metadata.a.b.c == 1", 'metadata["a"]["b"].c == 2', "metadata.a.b.d == 3", "metadata.address.city", "metadata",
    "not metadata.missing", "metadata.missing != 1", "not metadata.missing == 1", 'metadata.order != "7"',
    "metadata.order >= 7 and metadata.order < 7.5", "not name", 'name != "n"', 'name !~ "n"', 'name not in ("n", "m")',
    "open == false", "not open", "true", "not (false or open)", "error and not held",
    "false and false or true", "true or true and false", "not true or true", "error_count == 0x2", "error_count == 2.0",
    "error_count > -1", "trace.error_count == 2", 'status in ("complete", "held")', "error_count > metadata.a.b.c",
    "'x' == metadata.customer", '"\\x78" == metadata.customer', 'metadata.customer in ("y", "x")',
}
local false_of_it = {
    "duration < 5s", 'error ~ "first"', 'error ~ "clined$"', 'error ~ "^declined"', 'error ~ "declined*card"',
    "metadata.missing < 5", "metadata.missing >= 5", "metadata.customer > 5", "parent_node >= 0",
    "held", "suspended_at", "violations", '"vip" not in metadata.tags', "5 in metadata.order", 'error == "first"',
    'metadata.order ~ "7"', "open", "not error", "metadata.order == 8",
    "name == text_id", "name <= text_id", "parent_node == suspended_at",
}

describe("--where", function()
    it("means what its page says", function()
        for _, text in ipairs(true_of_it) do
            assert.is_true(compiler.test(text, "trace", false)(told), text)
        end
        for _, text in ipairs(false_of_it) do
            assert.is_false(compiler.test(text, "trace", false)(told), text)
        end
    end)

    it("takes unsigned numbers to their last bit", function()
        local function record(text, hash)
            return compiler.test(text, "record", false)({ schema_hash = hash, timestamp_ns = -1 })
        end
        assert.is_true(record("schema_hash == 0xffffffffffffffff", -1))
        assert.is_true(record("schema_hash == 18446744073709551615 and schema_hash > 9223372036854775808", -1))
        assert.is_false(record("schema_hash > 18446744073709551615", -1))
        assert.is_true(record("schema_hash >= 18446744073709551615 and schema_hash <= 18446744073709551615", -1))
        assert.is_true(record("schema_hash < 9223372036854775808", math.maxinteger))
        assert.is_true(record("time > 2261-01-01 and timestamp_ns > 9223372036854775808", 0))
    end)

    it("says what a mistake is, and at which byte", function()
        for text, expected in pairs {
            ["duraton > 5s"] = { 1, "did you mean duration" },
            ['error and status == "compelte"'] = { 21, "did you mean complete" },
            ["duration > 5"] = { 12, "write one with its unit" },
            ["error_count == 5s"] = { 16, "error_count is a number, 5s is a span of time" },
            ["open > true"] = { 6, "== and != compare it" },
            ["errors == 'x'"] = { 1, "is a list" },
            ["error = 'x'"] = { 7, "is written == here" },
            ["error && open"] = { 7, "is written and here" },
            ["error == 'x"] = { 10, "not closed" },
            ["(error or open"] = { 15, "parenthesis at column 1" },
            ["error open"] = { 7, "and, or, or the end expected" },
            ["1 < error_count < 3"] = { 17, "put and between" },
            ["error ~ name"] = { 9, "takes a text in quotes" },
            ["duration ~ '5'"] = { 1, "looks for words in a text" },
            [""] = { 1, "an expression expected" },
            ["record_count"] = { 1, "always there" },
            ["node.status == 'done'"] = { 1, "node of which" },
            ["node[3].duraton > 5s"] = { 9, "did you mean duration" },
            ["metadata.x > 5s"] = { 14, "metadata has no times" },
            ["started > 2025-13-24"] = { 11, "2025-13-24" },
            ["duration > 5parsecs"] = { 12, "5parsecs" },
            ["error_count in 5"] = { 16, "values in parentheses" },
            ["error # 'x'"] = { 7, "means nothing here" },
            ["os.exit"] = { 1, "a trace has no field os" },
            ["duration_ns > -5"] = { 15, "from 0 to" },
            [("("):rep(60) .. "open" .. (")"):rep(60)] = { 40, "nested more than" },
        } do
            local called, problem = pcall(compiler.test, text, "trace", false)
            assert.is_false(called, text)
            assert.equal("table", type(problem), text .. ": " .. tostring(problem))
            assert.same({ text, expected[1] }, { text, problem.at })
            assert.truthy(problem.message:find(expected[2], 1, true), text .. ": " .. problem.message)
        end
        local called = pcall(compiler.test, ("("):rep(38) .. "not open" .. (")"):rep(38), "trace", false)
        assert.is_true(called)
    end)

    it("has every field of traces, records and nodes that is a value, and no other", function()
        -- What is no value, or has its own word: docs/where.md.
        local left_out = { trace = "metadata_table nodes history_errors suspension suspensions last_suspension planned "
            .. "completed_nodes data", node = "attempts", rec = "" }
        local words = { trace = "trace_id started last duration error", record = "time error",
            node = "started_at duration attempt_count" }
        for class, object in pairs { trace = "trace", node = "node", rec = "record" } do
            local text = helper.read(("lua/tracereel/library/%s.d.lua"):format(class == "rec" and "record" or "trace"))
            local body = text:match("%-%-%-@class tracereel%." .. class .. "\n(.-)\n%f[^\n\0]%f[^-]")
                or text:match("%-%-%-@class tracereel%." .. class .. "\n(.*)")
            body = body:match("^(.-)\nlocal ") or body:match("^(.-)\n\n") or body
            local expected = {}
            for name in body:gmatch("%-%-%-@field ([%w_]+)") do
                expected[name] = not (" " .. left_out[class] .. " "):find(" " .. name .. " ", 1, true) or nil
            end
            for word in words[object]:gmatch("%S+") do
                expected[word] = true
            end
            local found = {}
            for name in pairs(fields.of(object)) do
                found[name] = true
            end
            assert.same(expected, found)
        end
    end)
end)

-- An evaluation of its own: what a random expression is of a random trace, by the page's rules.
local random = math.random

local texts = { "", "x", "X", "card declined", "a*b", "Card" }

local function random_subject()
    local order = ({ 3, 3.5, "3", false })[random(5)]
    local fault = random(2) == 1 and texts[random(#texts)] or nil
    return subject { error_count = random(0, 3), duration_ns = random(0, 3) * 1000000000, open = random(2) == 1,
        name = random(2) == 1 and texts[random(#texts)] or nil, metadata_table = { order = order },
        errors = fault and { { message = fault } } or {} }
end

local operands = {
    { "error_count", "number", function(t) return t.error_count end },
    { "metadata.order", "any", function(t) return t.metadata_table.order end },
    { "name", "text", function(t) return t.name end },
    { "error", "text", function(t) return t.errors[1] and t.errors[1].message end },
    { "duration", "duration", function(t) return t.duration_ns end },
}

local function random_literal(kind)
    if kind == "text" then
        local text = texts[random(#texts)]
        return ('"%s"'):format(text), text
    elseif kind == "duration" then
        local seconds = random(0, 3)
        return seconds .. "s", seconds * 1000000000
    end
    local number = random(0, 3)
    return tostring(number), number
end

local relations = {
    ["=="] = function(a, b) return a == b end,
    ["<"] = function(a, b) return a < b end,
    ["<="] = function(a, b) return a < b or a == b end,
    [">"] = function(a, b) return b < a end,
    [">="] = function(a, b) return b < a or a == b end,
}
local signs = { "==", "!=", "<", "<=", ">", ">=", "in", "not in" }

local function random_comparison()
    local name, kind, get = table.unpack(operands[random(#operands)])
    local literal_kind = kind == "any" and (random(2) == 1 and "number" or "text") or kind
    local text, value = random_literal(literal_kind)
    local sign = signs[random(#signs)]
    local written = sign:find("in") and ("%s %s (%s)"):format(name, sign, text) or ("%s %s %s"):format(name, sign, text)
    local is_opposite = sign == "!=" or sign == "not in"
    local relation = relations[sign] or relations["=="]
    return written, function(t)
        local got = get(t)
        local holds = got ~= nil and type(got) == type(value) and relation(got, value)
        if is_opposite then
            return not holds
        end
        return holds
    end
end

local function random_expression(depth)
    local what = depth > 0 and random(5) or 1
    if what == 1 then
        return random_comparison()
    elseif what == 2 then
        local text, get = random_expression(depth - 1)
        return ("not (%s)"):format(text), function(t) return not get(t) end
    elseif what == 3 then
        return "open", function(t) return t.open end
    end
    local left, get_left = random_expression(depth - 1)
    local right, get_right = random_expression(depth - 1)
    if what == 4 then
        return ("(%s) and (%s)"):format(left, right), function(t) return get_left(t) and get_right(t) end
    end
    return ("(%s) or (%s)"):format(left, right), function(t) return get_left(t) or get_right(t) end
end

-- "Does this pattern match from here on?", each way tried.
local function matches(text, pattern)
    text, pattern = text:lower(), pattern:lower()
    local function here(i, j)
        local character = pattern:sub(j, j)
        if j > #pattern then
            return true
        elseif character == "$" and j == #pattern then
            return i > #text
        elseif character == "*" then
            for k = i, #text + 1 do
                if here(k, j + 1) then
                    return true
                end
            end
            return false
        end
        return text:sub(i, i) == character and i <= #text and here(i + 1, j + 1)
    end
    if pattern:sub(1, 1) == "^" then
        return here(1, 2)
    end
    for i = 1, #text + 1 do
        if here(i, 1) then
            return true
        end
    end
    return false
end

describe("--where, of random expressions,", function()
    it("is what an evaluation by itself says", function()
        math.randomseed(16)
        local true_count = 0
        for _ = 1, 500 do
            local text, expected = random_expression(random(0, 4))
            local test = compiler.test(text, "trace", false)
            for _ = 1, 6 do
                local one = random_subject()
                assert.equal(expected(one) and true or false, test(one), text)
                true_count = true_count + (expected(one) and 1 or 0)
            end
        end
        assert.is_true(true_count > 1000 and true_count < 2000)
    end)

    it("matches texts as a search that tries every way", function()
        math.randomseed(17)
        local function word(letters, length)
            local made = {}
            for index = 1, random(0, length) do
                local place = random(#letters)
                made[index] = letters:sub(place, place)
            end
            return table.concat(made)
        end
        local true_count = 0
        for _ = 1, 1500 do
            local text = word("abAB*$", 7)
            local pattern = (random(3) == 1 and "^" or "") .. word("abB**$", 5) .. (random(3) == 1 and "$" or "")
            -- A $ that is not the end is a character.
            local expected = matches(text, pattern)
            assert.equal(expected, is_true(('error ~ "%s"'):format(pattern), { errors = { { message = text } } }),
                text .. " ~ " .. pattern)
            true_count = true_count + (expected and 1 or 0)
        end
        assert.is_true(true_count > 400 and true_count < 1100, true_count)
    end)

    it("sorts as a list that is sorted whole, and keeps the first", function()
        math.randomseed(18)
        for round = 1, 150 do
            local list, is_unsigned = {}, round % 3 == 0
            for index = 1, random(0, 30) do
                local key = random(4) > 1 and random(-3, 3) or nil
                list[index] = { key = key, number = index }
            end
            local is_ascending = ({ true, false })[random(3)]
            local top = random(3) > 1 and random(1, 12) or nil
            local ranked = ranking.new({ key = function(one) return one.key end, is_unsigned = is_unsigned,
                is_ascending = is_ascending }, top)
            for _, one in ipairs(list) do
                ranked:add(function() return one end, one)
            end
            local expected = table.move(list, 1, #list, 1, {})
            local is_below = is_unsigned and math.ult or relations["<"]
            table.sort(expected, function(a, b)
                if (a.key == nil) ~= (b.key == nil) then
                    return b.key == nil
                elseif a.key == b.key then
                    return a.number < b.number
                elseif is_ascending then
                    return is_below(a.key, b.key)
                end
                return is_below(b.key, a.key)
            end)
            assert.same(table.move(expected, 1, math.min(top or #list, #list), 1, {}), ranked:sorted())
            assert.equal(#list, ranked:count())
        end
    end)

    it("sorts numbers before texts, these before truths, and what is missing last", function()
        local ranked = ranking.new({ key = function(one) return one[1] end, is_unsigned = false }, nil)
        for _, one in ipairs { { "b" }, { 2 }, {}, { true }, { "a" }, { 3.5 } } do
            ranked:add(function() return tostring(one[1]) end, one)
        end
        assert.same({ "3.5", "2", "a", "b", "true", "nil" }, ranked:sorted())
    end)
end)

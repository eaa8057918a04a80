-- diff: two traces side by side.
local alignment = require "tracereel.log.trace_alignment"
local exact_json = require "tests.spec.exact_json"
local helper = require "tests.spec.helper"
local reel = require "tracereel"

local orders = helper.log("orders")

-- How long a common order of two lists can be, by the table of all beginnings.
local function common_length(a, b)
    local row = {}
    for place = 0, #b do
        row[place] = 0
    end
    for i = 1, #a do
        local diagonal = 0
        for j = 1, #b do
            local above = row[j]
            row[j] = a[i] == b[j] and diagonal + 1 or math.max(above, row[j - 1])
            diagonal = above
        end
    end
    return row[#b]
end

local function shuffled(count, share)
    local list = {}
    for number = 1, count do
        if math.random() < share then
            table.insert(list, math.random(math.max(1, #list - 3), #list + 1), ("step %d"):format(number))
        end
    end
    return list
end

describe("aligned steps", function()
    it("are both lists in their orders, with the longest order that both have", function()
        math.randomseed(41)
        for _ = 1, 300 do
            local count = math.random(0, 25)
            local a, b = shuffled(count, 0.8), shuffled(count, 0.8)
            local seen_a, seen_b, both, is_in_a, is_in_b = {}, {}, 0, {}, {}
            for _, key in ipairs(a) do
                is_in_a[key] = true
            end
            for _, key in ipairs(b) do
                is_in_b[key] = true
            end
            for _, step in ipairs(alignment.align(a, b)) do
                seen_a[#seen_a + 1], seen_b[#seen_b + 1] = a[step.a], b[step.b]
                if step.a and step.b then
                    assert.equal(a[step.a], b[step.b])
                    both = both + 1
                else
                    local key = a[step.a] or b[step.b]
                    assert.equal(is_in_a[key] and is_in_b[key] or false, step.has_moved or false)
                end
            end
            assert.same({ a, b }, { seen_a, seen_b })
            assert.equal(common_length(a, b), both)
        end
    end)
end)

-- A log of traces as lists of { type, node, time, error }.
local function log_of(traces)
    local directory = helper.directory()
    local writer = reel.writer(directory)
    for index, steps in ipairs(traces) do
        for _, step in ipairs(steps) do
            writer:append(reel.record[step[1]] { trace_id = ("%08d-0000-4000-8000-000000000000"):format(index),
                node_id = step[2], timestamp_ns = step[3], error_message = step[4] })
        end
    end
    writer:close()
    return directory
end

local function of_one(directory, ...)
    return helper.run { "diff", directory, ... }
end

describe("diff", function()
    after_each(helper.clean)

    local first = { { "trace_start", 0, 1000 }, { "node_start", 1, 1010 }, { "node_start", 2, 1020 },
        { "node_error", 1, 1500, "declined" }, { "node_done", 2, 2000 }, { "trace_complete", 0, 3000 } }
    local second = { { "trace_start", 0, 5000 }, { "node_start", 2, 5010 }, { "node_start", 1, 5020 },
        { "node_error", 1, 5500, "timeout" }, { "node_start", 1, 5600 }, { "node_done", 1, 5700 },
        { "node_done", 2, 6000 }, { "trace_complete", 0, 9000 } }

    it("says what moved, what is in one alone, what went otherwise, and where they part first", function()
        local directory = log_of { first, second }
        local object = exact_json(of_one(directory, "00000001", "00000002", "--json").stdout)
        local steps = {}
        for index, step in ipairs(object.steps) do
            steps[index] = ("%s %s %s %s %s"):format(step.difference, step.type, step.node_id, step.a_ns, step.b_ns)
        end
        local moved = steps[2]:find("node_start #1", 1, true) and 1 or 2
        -- Of two that changed places, either can be the one that has moved.
        local changed_places = moved == 2 and { "moved node_start #2 #null #5010", "same node_start #1 #1010 #5020",
            "moved node_start #2 #1020 #null" } or { "moved node_start #1 #1010 #null",
            "same node_start #2 #1020 #5010", "moved node_start #1 #null #5020" }
        assert.same(changed_places, table.move(steps, 2, 4, 1, {}))
        assert.same({ "other node_error #1 #1500 #5500", "only_b node_start #1 #null #5600",
            "only_b node_done #1 #null #5700", "same node_done #2 #2000 #6000",
            "same trace_complete #null #3000 #9000" }, table.move(steps, 5, #steps, 1, {}))
        assert.equal("#2", object.parted)
        assert.same({ { node = "#1", a = "#1", b = "#2" } }, object.attempts)
    end)

    it("is at most 80 columns wide, and says so where both did the same", function()
        local text = of_one(orders, "6b7452b3", "068c8572").stdout
        for line in text:gmatch("[^\n]+") do
            assert.is_true(utf8.len(line) <= 80, line)
        end
        assert.truthy(text:find("\n! node_error 3 [^\n]*card declined | payme"), text)
        assert.truthy(text:find("\nnode 3: 1 attempt in A, 3 in B\n", 1, true), text)
        assert.truthy(text:find("\nthey part first at step 12, node_error 3\n$"), text)
        assert.truthy(of_one(orders, "6b7452b3", "6b74").stdout:find("both did the same, in the same order\n$"))
    end)

    it("compares a trace with itself in another log", function()
        local directory = helper.directory()
        assert.equal(0, helper.run({ "extract", orders, "-o", directory, "--trace", "6b74" }).status)
        local result = of_one(orders, "6b74", "--with", directory)
        assert.equal(0, result.status, result.stderr)
        assert.truthy(result.stdout:find("both did the same", 1, true))
        assert.equal(3, of_one(helper.log("lost-page"), "6b74", "--with", directory).status)
    end)

    it("says which trace it cannot find, or cannot tell", function()
        for words, message in pairs {
            [{ "6b74" }] = "takes two traces", [{ "6b74", "ffffffff" }] = 'no trace whose id begins with "ffffffff"',
            [{ "6", "068c" }] = '"6" is the beginning of several traces', [{ "6b74", "xyz" }] = "neither a trace id",
        } do
            local result = of_one(orders, table.unpack(words))
            assert.equal(2, result.status)
            assert.truthy(result.stderr:find(message, 1, true), result.stderr)
        end
    end)
end)

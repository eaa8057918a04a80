-- The forms in which Temporal's tools write one history.
local dkjson = require "dkjson"
local helper = require "tests.spec.helper"
local imported = require "tests.spec.imported"

local nanoseconds = imported.nanoseconds

local function json(value)
    return dkjson.encode(value)
end

local function write(value)
    return helper.write(helper.directory() .. "/history.json", type(value) == "string" and value or json(value))
end

describe("import --from temporal", function()
    after_each(helper.clean)

    it("reads each form in which the same history is written", function()
        local plain = dkjson.decode(helper.read(
            "tests/fixtures/foreign/temporal-parallel-guardrail.json"))
        local numbers = { WORKFLOW_EXECUTION_STARTED = 1, WORKFLOW_EXECUTION_COMPLETED = 2,
            WORKFLOW_TASK_SCHEDULED = 5, WORKFLOW_TASK_STARTED = 6, WORKFLOW_TASK_COMPLETED = 7,
            ACTIVITY_TASK_SCHEDULED = 10, ACTIVITY_TASK_STARTED = 11, ACTIVITY_TASK_COMPLETED = 12 }
        local function snake(name)
            return (name:gsub("%u", function(letter)
                return "_" .. letter:lower()
            end))
        end
        local function changed(value, key_of, values)
            if type(value) ~= "table" then
                return value
            end
            local copy = {}
            for key, member in pairs(value) do
                local new = values[key] and values[key](member) or changed(member, key_of, values)
                copy[type(key) == "string" and key_of(key) or key] = new
            end
            return copy
        end
        local function same(name)
            return name
        end
        local camel_types = changed(plain, same, { eventType = function(name)
            return name:gsub("EVENT_TYPE_", ""):lower():gsub("_?(%a+)", function(word)
                return word:sub(1, 1):upper() .. word:sub(2)
            end)
        end })
        local snake_case = changed(plain, snake, {})
        local as_numbers = changed(plain, same, {
            eventType = function(name)
                return numbers[name:gsub("EVENT_TYPE_", "")]
            end,
            eventId = tonumber,
            scheduledEventId = tonumber,
            eventTime = function(text)
                local ns = nanoseconds(text)
                return { seconds = tostring(ns // 1000000000), nanos = ns % 1000000000 }
            end,
        })
        local latest_first, lines = {}, {}
        for index, event in ipairs(plain.events) do
            latest_first[#plain.events - index + 1] = event
            lines[index] = json(event)
        end
        local expected = imported.bytes(imported.log("temporal", { write(plain) }))
        for form, value in pairs {
            ["camel-case types"] = camel_types, ["snake-case fields"] = snake_case, ["numbers"] = as_numbers,
            ["a list"] = plain.events, ["the latest first"] = latest_first,
            ["the server's answer"] = { history = plain, nextPageToken = "" },
            ["a list of histories"] = { plain }, ["one event a line"] = table.concat(lines, "\n") .. "\n",
            ["a history on one line"] = json(plain) .. "\n",
        } do
            assert.equal(expected, imported.bytes(imported.log("temporal", { write(value) })), form)
        end
    end)

    it("has no times of objects before 1970 or after 2261, and names the event", function()
        for seconds, problem in pairs { [-2] = "is not a time", [18446744074] = "is before 1970 or after 2261" } do
            local history = helper.write(helper.directory() .. "/one.json", json { events = { { eventId = "1",
                eventType = "EVENT_TYPE_WORKFLOW_EXECUTION_STARTED", eventTime = { seconds = seconds, nanos = 5 } } } })
            local result = helper.run { "import", "--from", "temporal", history, "-o", helper.directory() .. "/log" }
            assert.equal(4, result.status)
            assert.truthy(result.stderr:find(('one.json: $.events[0]: "%d.000000005" %s'):format(seconds, problem), 1,
                true), result.stderr)
        end
    end)
end)

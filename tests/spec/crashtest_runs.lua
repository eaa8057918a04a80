-- Runs `tracereel crashtest`, for the specs of it.
local helper = require "tests.spec.helper"
local reel = require "tracereel"

local crash = {}

-- The engine's own decision, always.
crash.default_script = [[
return { api = 1, recover = function(_, default) return default end }
]]

---Runs a script (its text, or the name of a bundled one) with --json. Gives the findings, the summary, and the run.
---@param options? { log: string, path: string, arguments: string[] }
function crash.test(script, options)
    options = options or {}
    local path = script:find("\n") and helper.script(script) or script
    local words = { "crashtest", "--json", path, options.path or helper.log(options.log or "orders") }
    table.move(options.arguments or {}, 1, #(options.arguments or {}), #words + 1, words)
    local run = helper.run(words)
    local found, summary = {}, nil
    for line in run.stdout:gmatch("[^\n]+") do
        local object = reel.json_decode(line)
        found[#found + 1] = object.finding
        summary = object.summary or summary
    end
    return found, summary, run
end

---How many crash points each check found something at.
function crash.counts_by_check(found)
    local counts = {}
    for _, group in ipairs(found) do
        counts[group.check] = (counts[group.check] or 0) + group.count
    end
    return counts
end

---A log of one segment that has these records.
function crash.log_of(records)
    local parts = {}
    for index, rec in ipairs(records) do
        parts[index] = rec:bytes()
    end
    local directory = helper.directory()
    helper.write(directory .. "/wal_0000000000000000.log", table.concat(parts))
    return directory
end

function crash.records_of(name)
    local list = {}
    for rec in reel.open(helper.log(name)):records() do
        list[#list + 1] = rec
    end
    return list
end

return crash

-- For the specs of importers: imports an input, and shows what the log has.
local helper = require "tests.spec.helper"
local reel = require "tracereel"

local importing = {}

-- Reads a table of runs and steps with their times in seconds.
importing.csv_importer = [[
return { api = 1, import = function(input, out)
    for row in input:csv() do
        local t = out:trace { id = row.run }
        t:start(row.step, { at = input.time(row.begin, "s") })
        t:done(row.step, { at = input.time(row.finish, "s") })
    end
end }
]]

---A file with an importer of that text.
function importing.importer(text)
    return helper.write(helper.directory() .. "/own.lua", text)
end

---The same of what its function does with `input` and `out`.
function importing.importer_doing(body)
    return importing.importer(("return { api = 1, import = function(input, out) %s end }"):format(body))
end

---Runs `tracereel import`. Returns what it printed, and the directory.
---@param format string
---@param text string|nil the input's text, nil where `options.inputs` names files
---@param options? { name: string, inputs: string[], args: string[] }
function importing.run(format, text, options)
    options = options or {}
    local directory = helper.directory()
    local inputs = options.inputs or { helper.write(directory .. "/" .. (options.name or "input"), text) }
    local words = { "import", "--from", format, "-o", directory .. "/log", "--json" }
    for _, argument in ipairs(options.args or {}) do
        table.move({ "-a", argument }, 1, 2, #words + 1, words)
    end
    return helper.run(table.move(inputs, 1, #inputs, #words + 1, words)), directory .. "/log"
end

---An import that must succeed. Returns the log's directory, and the report.
function importing.log(...)
    local result, directory = importing.run(...)
    assert(result.status == 0, result.stderr)
    return directory, helper.objects(result.stdout)[1]
end

---What was dropped, bent or left out: "2 rows without a time", in order.
function importing.kinds(list)
    local lines = {}
    for index, one in ipairs(list) do
        lines[index] = one.count:sub(2) .. " " .. one.kind
    end
    table.sort(lines)
    return lines
end

---The records in words, in their order: "12 node_start charge {...}", times less `origin_ns`.
function importing.lines(directory, origin_ns)
    local lines = {}
    for rec in reel.open(directory):records() do
        local words = { ("%d"):format(rec.timestamp_ns - (origin_ns or 0)), rec.type }
        words[#words + 1] = rec.type ~= "trace_resumed" and rec.node_name or nil
        words[#words + 1] = rec.type:find("^loop") and ("%d"):format(rec.iteration) or nil
        words[#words + 1] = rec.error_message
        words[#words + 1] = rec.metadata
        lines[#lines + 1] = table.concat(words, " ")
    end
    return lines
end

---Of each node by its name: how often it was done, and the sum and the mean of its run times, as texts of digits.
function importing.run_times(directory)
    local result = helper.run { "timing", "--json", directory }
    assert(result.status == 0, result.stderr)
    local nodes, times = dofile(directory .. "/tracereel.flow.lua").nodes, {}
    for _, node in ipairs(helper.objects(result.stdout)[1].nodes) do
        local run = node.run
        times[nodes[math.tointeger(node.id:sub(2))].name] = { count = run.count:sub(2), sum = run.sum_ns:sub(2),
            mean = run.mean_ns:sub(2) }
    end
    return times
end

---The same of plain lists of run times: what importing.run_times must give.
---@param runs table<string, integer[]>
function importing.expected_run_times(runs)
    local times = {}
    for name, list in pairs(runs) do
        local sum = 0
        for _, ns in ipairs(list) do
            sum = sum + ns
        end
        -- The mean is rounded to the nearest nanosecond.
        times[name] = { count = ("%d"):format(#list), sum = ("%d"):format(sum),
            mean = ("%d"):format((2 * sum + #list) // (2 * #list)) }
    end
    return times
end

return importing

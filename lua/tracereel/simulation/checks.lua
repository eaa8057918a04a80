-- What a scenario may say. Every key is known, or an error names it; nothing runs before all was looked at.
local flow = require "tracereel.flow"
local units = require "tracereel.units"

local checks = {}

local largest_node, largest_count = 0xFFFFFFFF, 0xFFFFFFFF

-- Raises a table, which checks.check catches.
local function refuse(message, ...)
    error({ problem = message:format(...) }, 0)
end

local function known_names(known)
    local names = {}
    for name in units.sorted(known) do
        names[#names + 1] = name
    end
    return table.concat(names, ", ")
end

local function check_table(value, known, where)
    if type(value) ~= "table" then
        refuse("%s: a table expected, got a %s", where, type(value))
    end
    for key in units.sorted(value) do
        if not known[key] then
            refuse('%s: unknown key "%s"; known are %s', where, tostring(key), known_names(known))
        end
    end
end

local function check_number(value, least, most, where)
    if type(value) ~= "number" or not (value >= least and value <= most) then
        refuse("%s: a number from %g to %g expected, got %s", where, least, most, tostring(value))
    end
    return value
end

local function check_whole(value, least, most, where)
    local number = math.type(value) == "integer" and value
    if not number or number < least or number > most then
        refuse("%s: a whole number from %d to %d expected, got %s", where, least, most, tostring(value))
    end
    return number
end

-- Nanoseconds of "120ms".
local function duration(value, where)
    if type(value) ~= "string" then
        refuse('%s: a time like "120ms" expected, got %s', where, tostring(value))
    end
    if value:find("^%s*%-") then
        refuse('%s: "%s" is negative: no time runs backwards', where, value)
    end
    local ns, problem = units.parse_duration(value)
    if not ns then
        refuse("%s: %s", where, problem)
    end
    return ns
end

-- A rule for the engine; a function stays beside it.
local function time_rule(value, where)
    if value == nil or value == "recorded" then
        return { kind = "recorded" }
    elseif type(value) == "function" then
        return { kind = "ask" }, value
    elseif type(value) == "number" then
        if value < 0 then
            refuse("%s: %s is negative: a factor of the recorded time is 0 or more", where, tostring(value))
        end
        return { kind = "factor", factor = check_number(value, 0, 1e9, where) }
    end
    return { kind = "fixed", ns = duration(value, where) }
end

local node_keys = { time = true, fail = true, error = true, retry = true }
local retry_keys = { max = true, delay = true, factor = true }

local function check_retry(retry, rule, where)
    check_table(retry, retry_keys, where)
    rule.retry_most = check_whole(retry.max, 0, 1000000, where .. ".max")
    rule.retry_delay_ns = retry.delay and duration(retry.delay, where .. ".delay") or 0
    rule.retry_factor = check_number(retry.factor or 1, 0, 1e6, where .. ".factor")
end

local function check_node(id, node, where, functions)
    check_table(node, node_keys, where)
    local rule = { id = id ~= "default" and id or nil, fail = "recorded", retry_factor = 1 }
    local time_function
    rule.time, time_function = time_rule(node.time, where .. ".time")
    functions.time[id] = time_function
    if type(node.fail) == "function" then
        rule.fail, functions.fail[id] = "ask", node.fail
    elseif node.fail ~= nil then
        rule.fail, rule.fail_share = "share", check_number(node.fail, 0, 1, where .. ".fail")
    elseif node.error or node.retry then
        refuse("%s: it never fails by this scenario (no `fail`), so `error` and `retry` mean nothing", where)
    end
    if node.error ~= nil and type(node.error) ~= "string" then
        refuse("%s.error: a text expected, got a %s", where, type(node.error))
    end
    rule.error = node.error or "simulated failure"
    if node.retry ~= nil then
        check_retry(node.retry, rule, where .. ".retry")
    end
    return rule
end

local function check_id(id, recording, where)
    if math.type(id) ~= "integer" or id < 0 or id > largest_node then
        refuse("%s: %s is not a node number", where, tostring(id))
    elseif not recording:has_node(id) then
        refuse("%s: the log has no node %d", where, id)
    end
end

local function check_nodes(value, recording, compiled, functions)
    if type(value) ~= "table" then
        refuse("node: a table like { [3] = { time = 0.5 } } expected, got a %s", type(value))
    end
    for id, node in units.sorted(value) do
        local where = ("node[%s]"):format(tostring(id))
        if id == "default" then
            compiled.default = check_node(id, node, "node.default", functions)
        else
            check_id(id, recording, where)
            compiled.nodes[#compiled.nodes + 1] = check_node(id, node, where, functions)
        end
    end
end

local function check_suspensions(value, recording, compiled, functions)
    if type(value) ~= "table" then
        refuse('suspension: a table like { [4] = { time = "2h" } } expected, got a %s', type(value))
    end
    for id, suspension in units.sorted(value) do
        local where = ("suspension[%s]"):format(tostring(id))
        check_id(id, recording, where)
        check_table(suspension, { time = true }, where)
        local rule, time_function = time_rule(suspension.time, where .. ".time")
        functions.suspension[id] = time_function
        compiled.suspensions[#compiled.suspensions + 1] = { id = id, time = rule }
    end
end

local function check_arrivals(value, compiled, functions)
    check_table(value, { rate = true, every = true, times = true }, "arrivals")
    local first = next(value)
    if not first or next(value, first) then
        refuse('arrivals: one of rate, every and times expected')
    elseif value.rate then
        local rate = check_number(value.rate, 1e-6, 1e9, "arrivals.rate")
        compiled.arrivals = { kind = "ask" }
        functions.mean_interval_ns = 1e9 / rate
    elseif value.every then
        compiled.arrivals = { kind = "fixed", ns = duration(value.every, "arrivals.every") }
    elseif value.times ~= "recorded" then
        refuse('arrivals.times: "recorded" is all that it can be, got %s', tostring(value.times))
    end
end

local limit_names = { nodes_per_trace = "most_nodes_per_trace", nodes = "most_nodes", traces = "most_traces" }

local function check_limits(value, compiled)
    check_table(value, limit_names, "limits")
    for name, number in units.sorted(value) do
        compiled[limit_names[name]] = check_whole(number, 1, largest_count, "limits." .. name)
    end
end

local function check_flow(value, recording, compiled)
    local checked, problem = flow.check(value)
    if not checked then
        refuse("flow: %s", problem)
    end
    compiled.flow = {}
    for id, node in units.sorted(value.nodes) do
        check_id(id, recording, "flow")
        compiled.flow[#compiled.flow + 1] = { id = id, after = node.after or {} }
    end
end

local function check_crash(value, recording, compiled)
    check_table(value, { at = true, record = true, torn = true, lost = true }, "crash")
    if (value.at == nil) == (value.record == nil) then
        refuse("crash: one of `at` (a time behind the log's first event) and `record` (how many are written) expected")
    end
    local crash = { ns = -1, records = math.maxinteger } -- -1: the largest unsigned time
    if value.at then
        crash.ns = recording:facts().first_ns + duration(value.at, "crash.at")
    else
        crash.records = check_whole(value.record, 0, math.maxinteger, "crash.record")
    end
    crash.torn_bytes = check_whole(value.torn or 0, 0, 0xFFFFFFFF, "crash.torn")
    crash.lost_records = check_whole(value.lost or 0, 0, 1000000, "crash.lost")
    compiled.crash = crash
end

local scenario_keys = {
    api = true, summary = true, seed = true, node = true, suspension = true, arrivals = true, traces = true,
    limits = true, flow = true, crash = true,
}

local function check_all(value, recording)
    check_table(value, scenario_keys, "scenario")
    local compiled = { seed = 0, nodes = {}, suspensions = {} }
    local functions = { time = {}, fail = {}, suspension = {} }
    if value.api ~= nil and value.api ~= 1 then
        refuse("api = 1 expected, got %s", tostring(value.api))
    elseif value.summary ~= nil and type(value.summary) ~= "string" then
        refuse("summary: a text expected, got a %s", type(value.summary))
    end
    compiled.seed = check_whole(value.seed or 0, math.mininteger, math.maxinteger, "seed")
    compiled.traces = value.traces and check_whole(value.traces, 1, math.maxinteger, "traces")
    if value.traces and recording:facts().traces == recording:facts().tainted_traces then
        refuse("traces: the log has no whole trace to draw from")
    end
    check_nodes(value.node or {}, recording, compiled, functions)
    check_suspensions(value.suspension or {}, recording, compiled, functions)
    check_limits(value.limits or {}, compiled)
    if value.arrivals ~= nil then
        check_arrivals(value.arrivals, compiled, functions)
    end
    if value.flow ~= nil then
        check_flow(value.flow, recording, compiled)
    end
    if value.crash ~= nil then
        check_crash(value.crash, recording, compiled)
    end
    return compiled, functions
end

---Checks a scenario against a log, and makes of it what the engine takes.
---@return table|nil compiled
---@return table|string functions those of the scenario, by kind and node; or the problem
function checks.check(value, recording)
    local checked, compiled, functions = pcall(check_all, value, recording)
    if checked then
        return compiled, functions
    elseif type(compiled) == "table" and compiled.problem then
        return nil, compiled.problem
    end
    error(compiled, 0)
end

return checks

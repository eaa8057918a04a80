-- What a scenario may say. Every key is known, or an error names it; nothing runs before all was looked at.
local damage_request = require "tracereel.simulation.damage_request"
local failure = require "tracereel.util.failure"
local faults = require "tracereel.simulation.faults"
local beside = require "tracereel.flow.beside"
local flow = require "tracereel.flow"
local named_nodes = require "tracereel.simulation.named_nodes"
local pools = require "tracereel.simulation.pools"
local tables = require "tracereel.util.tables"
local units = require "tracereel.util.units"
local values = require "tracereel.simulation.values"

local checks = {}

local largest_count = 0xFFFFFFFF

local node_keys = { time = true, fail = true, error = true, retry = true }
local retry_keys = { max = true, delay = true, factor = true }

local function check_retry(retry, rule, where)
    values.known_keys(retry, retry_keys, where)
    rule.max_retries = values.whole(retry.max, 0, 1000000, where .. ".max")
    rule.retry_delay_ns = retry.delay and values.duration(retry.delay, where .. ".delay") or 0
    rule.retry_factor = values.number(retry.factor or 1, 0, 1e6, where .. ".factor")
end

local function check_node(id, node, where, into)
    local functions = into.functions
    values.known_keys(node, node_keys, where)
    local rule = { id = id ~= "default" and id or nil, fail = "recorded", retry_factor = 1 }
    local time_function
    rule.time, time_function = values.time_rule(node.time, where .. ".time")
    functions.time[id] = time_function
    if type(node.fail) == "function" then
        rule.fail, functions.fail[id] = "ask", node.fail
    elseif node.fail ~= nil then
        rule.fail, rule.fail_share = "share", values.number(node.fail, 0, 1, where .. ".fail")
    elseif (node.error or node.retry) and not into.has_faults then
        values.refuse("%s: it never fails by this scenario (no `fail`, `faults` or `goal`), so `error` and `retry` "
            .. "mean nothing", where)
    end
    rule.error = values.text(node.error or "simulated failure", where .. ".error")
    if node.retry ~= nil then
        check_retry(node.retry, rule, where .. ".retry")
    end
    return rule
end

-- Calls visit(id, rule, where) for each node of the table at that key, in order: { [3] = rule, ... }.
local function each_node(value, key, example, into, visit)
    if type(value) ~= "table" then
        values.refuse("%s: a table like %s expected, got a %s", key, example, type(value))
    end
    for id, rule in units.sorted(value) do
        local where = ("%s[%s]"):format(key, failure.got(id))
        visit(values.node(id, into.recording, where), rule, where)
    end
end

local function check_nodes(value, into)
    local nodes = value
    if type(value) == "table" and value.default ~= nil then
        nodes = tables.changed(value, { default = false })
        into.compiled.default = check_node("default", value.default, "node.default", into)
    end
    each_node(nodes, "node", "{ [3] = { time = 0.5 } }", into, function(id, node, where)
        into.compiled.nodes[#into.compiled.nodes + 1] = check_node(id, node, where, into)
    end)
end

local function check_suspensions(value, into)
    each_node(value, "suspension", '{ [4] = { time = "2h" } }', into, function(id, suspension, where)
        values.known_keys(suspension, { time = true }, where)
        local rule, time_function = values.time_rule(suspension.time, where .. ".time")
        into.functions.suspension[id] = time_function
        into.compiled.suspensions[#into.compiled.suspensions + 1] = { id = id, time = rule }
    end)
end

local max_iterations = 1000000

local function check_loop(id, loop, where, into)
    values.known_keys(loop, { iterations = true, body = true }, where)
    local rule = { id = id }
    if type(loop.iterations) == "function" then
        into.functions.loop[id] = loop.iterations
    else
        rule.iterations = values.whole(loop.iterations, 1, max_iterations, where .. ".iterations")
    end
    if loop.body ~= nil then
        rule.body = {}
        for _, node in ipairs(values.list(loop.body, where .. ".body")) do
            rule.body[#rule.body + 1] = values.node(node, into.recording, where .. ".body")
        end
    end
    return rule
end

local function check_loops(value, into)
    each_node(value, "loop", "{ [8] = { iterations = 3 } }", into, function(id, loop, where)
        if not into.recording:has_loop(id) then
            values.refuse("%s: node %d is no loop: the log has no loop_iteration of it", where, id)
        end
        into.compiled.loops[#into.compiled.loops + 1] = check_loop(id, loop, where, into)
    end)
end

local function check_arrivals(value, into)
    values.known_keys(value, { rate = true, every = true, times = true }, "arrivals")
    local first = next(value)
    if not first or next(value, first) then
        values.refuse('arrivals: one of rate, every and times expected')
    elseif value.rate then
        local rate = values.number(value.rate, 1e-6, 1e9, "arrivals.rate")
        into.compiled.arrivals = { kind = "ask" }
        into.functions.mean_interval_ns = 1e9 / rate
    elseif value.every then
        into.compiled.arrivals = { kind = "fixed", ns = values.duration(value.every, "arrivals.every") }
    elseif value.times ~= "recorded" then
        values.refuse('arrivals.times: "recorded" is all that it can be, got %s', failure.got(value.times))
    end
end

local limit_names = { nodes_per_trace = true, nodes = true, traces = true, recorded = true }
local recorded_names = { nodes_per_trace = true, nodes = true }

-- How many places there were when the log was recorded.
local function check_recorded(value)
    if type(value) == "table" and value.traces ~= nil then
        values.refuse("limits.recorded.traces: what a trace waited before its trace_start is not in the log")
    end
    values.known_keys(value, recorded_names, "limits.recorded")
    local recorded = {}
    for name, number in units.sorted(value) do
        recorded[name] = values.whole(number, 1, largest_count, "limits.recorded." .. name)
    end
    return recorded
end

local function check_limits(value, into)
    values.known_keys(value, limit_names, "limits")
    into.compiled.limits = {}
    for name, number in units.sorted(value) do
        if name == "recorded" then
            into.compiled.recorded = check_recorded(number)
        else
            into.compiled.limits[name] = values.whole(number, 1, largest_count, "limits." .. name)
        end
    end
end

-- Of each node in `after`, whether no edge comes from its port "out"; nil where all do.
local function off_out(node)
    local list, is_any = {}, false
    for index, before in ipairs(node.after) do
        list[index] = node.ports[before] ~= nil
        for _, port in ipairs(node.ports[before] or {}) do
            list[index] = list[index] and port ~= "out"
        end
        is_any = is_any or list[index]
    end
    return is_any and list or nil
end

local function check_flow(value, into)
    local checked, problem = flow.check(value)
    if not checked then
        values.refuse("flow: %s", problem)
    end
    into.compiled.flow = {} -- ascending, as tr_scenario has it
    for id, node in units.sorted(checked.nodes) do
        values.node(id, into.recording, "flow")
        into.compiled.flow[#into.compiled.flow + 1] = { id = id, after = node.after, off_out = off_out(node) }
    end
end

-- By a flow, a node belongs to an iteration where it comes after the loop's node, straight or by others.
local function check_loops_in_flow(into)
    local is_known, comes_before = {}, {}
    for _, node in ipairs(into.compiled.flow or {}) do
        is_known[node.id] = true
        for _, before in ipairs(node.after) do
            comes_before[before] = true
        end
    end
    for _, node in ipairs(into.recording:nodes()) do
        if not is_known[node] and not into.recording:has_loop(node) then
            return -- what it follows is guessed, and can be a loop
        end
    end
    for _, loop in ipairs(into.compiled.loops) do
        if not loop.body and not comes_before[loop.id] then
            values.refuse("loop[%d]: by the flow no node comes after %d, so nothing belongs to an iteration: say in "
                .. "the flow what does (after = { %d }), or give the loop's `body`", loop.id, loop.id, loop.id)
        end
    end
end

local function check_crash(value, into)
    values.known_keys(value, { at = true, record = true, torn = true, lost = true }, "crash")
    if (value.at == nil) == (value.record == nil) then
        values.refuse("crash: one of `at` (a time after the log's first event) and `record` (how many are written) "
            .. "expected")
    end
    local crash = { ns = -1, records = math.maxinteger } -- -1: the largest unsigned time
    if value.at then
        crash.ns = into.recording:stats().first_ns + values.duration(value.at, "crash.at")
    else
        crash.records = values.whole(value.record, 0, math.maxinteger, "crash.record")
    end
    crash.torn_bytes = values.whole(value.torn or 0, 0, 0xFFFFFFFF, "crash.torn")
    crash.lost_records = values.whole(value.lost or 0, 0, 1000000, "crash.lost")
    into.compiled.crash = crash
end

local function check_traces(value, into)
    into.compiled.traces = values.whole(value, 1, math.maxinteger, "traces")
    local stats = into.recording:stats()
    if stats.traces == stats.tainted_traces then
        values.refuse("traces: the log has no whole trace to draw from")
    end
end

local function check_on_event(value, into)
    if type(value) ~= "function" then
        values.refuse("on_event: a function expected, got a %s", type(value))
    end
    into.compiled.asks_events, into.functions.on_event = true, value
end

-- What each key of a scenario is checked by, in this order: the value, and { compiled, functions, recording }. A new
-- key is a new line.
local keys = {
    { "api", function(value)
        if value ~= 1 then
            values.refuse("api = 1 expected, got %s", failure.got(value))
        end
    end },
    { "summary", function(value)
        values.text(value, "summary")
    end },
    -- Both were used when the scenario was loaded.
    { "args", function() end },
    { "start", function() end },
    { "seed", function(value, into)
        into.compiled.seed = values.whole(value, math.mininteger, math.maxinteger, "seed")
    end },
    { "traces", check_traces },
    { "node", check_nodes },
    { "suspension", check_suspensions },
    { "loop", check_loops },
    { "limits", check_limits },
    { "pools", pools.check },
    { "arrivals", check_arrivals },
    { "flow", check_flow },
    { "crash", check_crash },
    { "on_event", check_on_event },
    { "damage", function(value, into)
        into.compiled.damage = damage_request.check(value, into)
    end },
    { "faults", faults.check },
    { "goal", function(value)
        if type(value) ~= "function" then
            values.refuse("goal: a function(trace) that answers with true or false expected, got a %s", type(value))
        end
    end },
}

local known_keys = {}
for _, key in ipairs(keys) do
    known_keys[key[1]] = true
end

local function check_all(scenario, recording, flow_of_log)
    values.known_keys(scenario, known_keys, "scenario")
    local into = {
        compiled = { seed = 0, nodes = {}, suspensions = {}, loops = {} },
        functions = { time = {}, fail = {}, suspension = {}, loop = {}, priority = {} },
        recording = recording,
        has_faults = scenario.faults ~= nil or scenario.goal ~= nil, -- so that any node may fail
    }
    for _, key in ipairs(keys) do
        if scenario[key[1]] ~= nil then
            key[2](scenario[key[1]], into)
        end
    end
    if into.compiled.flow then
        check_loops_in_flow(into)
    elseif flow_of_log and beside.has_order(flow_of_log) then
        check_flow(named_nodes.flow_of_log(flow_of_log, function(id)
            return recording:has_node(id)
        end), into)
    end
    return into.compiled, into.functions
end

---Checks a scenario against a log, and makes of it what the engine takes.
---@param flow_of_log tracereel.flow|nil whose order is that of the nodes, where the scenario has no flow
---@return table|nil compiled
---@return table|string functions those of the scenario, by kind and node; or the problem
function checks.check(value, recording, flow_of_log)
    return values.attempt(check_all, value, recording, flow_of_log)
end

return checks

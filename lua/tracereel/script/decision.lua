-- What a recovery script answers for a trace: an immutable value. What it means for the trace's state is view.lua's.
local core = require "tracereel.core"
local failure = require "tracereel.util.failure"
local tables = require "tracereel.util.tables"
local units = require "tracereel.util.units"

local decision = {}

local metatable_of = debug.getmetatable

---@class tracereel.decision
local methods = {}

local leaves_open = { default = true, await = true, hold = true, release = true, resume_from = true, retry = true,
    restart = true }
local await_options = { hook_id = "string", skips = "boolean", timeout_action = "string", timeout_secs = "integer" }
local max_node = 0xFFFFFFFF
local output_fields = { offset = math.maxinteger, size = 0xFFFFFFFF, schema_hash = math.maxinteger }

-- Locked: what one script does to a decision's methods must not reach another.
local type_name = "tracereel.decision"
local metatable = { __name = type_name, __metatable = type_name, __index = methods }

local function refuse_change()
    error("a decision cannot be changed; :skip, :rerun and :because make another", 2)
end

-- Most decisions skip and forget nothing; the methods make lists of their own.
local nothing = setmetatable({}, { __metatable = "tracereel.nothing", __newindex = refuse_change })

local function new(fields)
    fields.skipped, fields.forgotten = nothing, nothing
    return setmetatable(fields, metatable)
end

local function check_node(node, what, level)
    local number = math.type(node) == "float" and math.tointeger(node) or node
    if math.type(number) ~= "integer" or number < 0 or number > max_node then
        error(("%s: a node's number expected, got %s"):format(what, failure.got(node)), level + 1)
    end
    return number
end

local function check_nodes(nodes, what, level)
    if type(nodes) ~= "table" then
        error(("%s: a list of nodes expected, such as { 3, 5 }, got %s"):format(what, failure.got(nodes)), level + 1)
    end
    local checked = {}
    for index, node in ipairs(nodes) do
        checked[index] = check_node(node, what, level + 1)
    end
    if #checked == 0 then
        error(("%s: at least one node expected"):format(what), level + 1)
    end
    return checked
end

local function check_reason(reason, what, level)
    if type(reason) ~= "string" or reason == "" then
        error(("%s: a reason expected, for whoever reads the log later, got %s"):format(what, failure.got(reason)),
            level + 1)
    end
    return reason
end

---Close the trace as failed.
function decision.fail(reason)
    return new { kind = "fail", reason = check_reason(reason, "fail", 2) }
end

---Close the trace as complete.
function decision.complete()
    return new { kind = "complete" }
end

local function is_option(name, value)
    if await_options[name] == "integer" then
        return math.type(value) == "integer" and value >= 0
    end
    return type(value) == await_options[name]
end

---Wait at a node for a resume. Approving that marks the node as done: where it has not run, or is done, `skips` says
---that this is meant.
---@param node integer
---@param options? { hook_id: string, skips: boolean, timeout_action: string, timeout_secs: integer }
function decision.await(node, options)
    if options ~= nil and type(options) ~= "table" then
        error(("await: a table of options expected, got %s"):format(failure.got(options)), 2)
    end
    local kept = {}
    for name, value in units.sorted(options or {}) do
        local wanted = await_options[name]
        if not wanted then
            error(("await: unknown option %s; it has hook_id, skips, timeout_action, timeout_secs"):format(
                failure.name(name)), 2)
        elseif not is_option(name, value) then
            error(("await: %s: a %s expected, got %s"):format(name, wanted, failure.got(value)), 2)
        end
        kept[name] = value
    end
    local skips = kept.skips
    kept.skips = nil
    return new { kind = "await", node = check_node(node, "await", 2), options = kept, skips = skips or nil }
end

---Wait for a person, however long that takes; approving that skips no node.
function decision.hold(reason)
    return new { kind = "hold", reason = check_reason(reason, "hold", 2) }
end

---End a hold: what runs goes on, what waits waits.
function decision.release()
    return new { kind = "release" }
end

---Continue after a node that is done.
function decision.resume_from(node)
    return new { kind = "resume_from", node = check_node(node, "resume_from", 2) }
end

---Run these nodes again.
function decision.retry(nodes)
    return new { kind = "retry", nodes = check_nodes(nodes, "retry", 2) }
end

---Begin the trace afresh.
function decision.restart()
    return new { kind = "restart" }
end

local default_metatable
local default_fields = { kind = "default", skipped = nothing, forgotten = nothing }

local function copy_with(self, changes)
    local copied = {}
    for key, value in next, rawget(self, "trace") and default_fields or {} do
        copied[key] = value
    end
    for key, value in next, self do
        copied[key] = value
    end
    for key, value in next, changes do
        copied[key] = value
    end
    return setmetatable(copied, rawget(self, "trace") and default_metatable or metatable)
end

local function check_is_open(self, what)
    if not leaves_open[self.kind] then
        error(("%s: a decision to %s closes the trace"):format(what, self.kind), 3)
    end
end

local function check_output(output)
    local checked = { offset = 0, size = 0, schema_hash = 0 }
    for name, value in units.sorted(output) do
        local most = output_fields[name]
        if not most then
            error(("skip: an output has no field %s; it has offset, schema_hash, size"):format(failure.name(name)), 3)
        elseif math.type(value) ~= "integer" or math.ult(most, value) and most == 0xFFFFFFFF then
            error(("skip: %s of an output: a whole number expected, got %s"):format(name, failure.got(value)), 3)
        end
        checked[name] = value
    end
    return checked
end

---Count a node as done, with its output there (in the trace's arena); without one, with no output.
---@param node integer
---@param output? tracereel.output
function methods:skip(node, output)
    check_is_open(self, "skip")
    if output ~= nil and type(output) ~= "table" then
        error(("skip: an output expected, { offset =, size =, schema_hash = }, got %s"):format(failure.got(output)), 2)
    end
    local skipped = {}
    node = check_node(node, "skip", 2)
    for _, earlier in ipairs(self.skipped) do
        if earlier.node ~= node then
            skipped[#skipped + 1] = earlier
        end
    end
    skipped[#skipped + 1] = { node = node, output = check_output(output or {}) }
    return copy_with(self, { skipped = skipped })
end

---Forget that nodes were done.
---@param nodes integer[]
function methods:rerun(nodes)
    check_is_open(self, "rerun")
    local forgotten = table.move(self.forgotten, 1, #self.forgotten, 1, {})
    for _, node in ipairs(check_nodes(nodes, "rerun", 2)) do
        forgotten[#forgotten + 1] = node
    end
    return copy_with(self, { forgotten = forgotten })
end

---Give a reason, for the plan and its readers.
---@param reason string
function methods:because(reason)
    return copy_with(self, { reason = check_reason(reason, "because", 2) })
end

for name, method in pairs(methods) do
    methods[name] = core.framed(function(self, ...)
        if not decision.is(self) then
            error(("%s is called with a colon, default:%s(...): a decision expected in front, got %s"):format(name,
                name, failure.got(self)), 2)
        end
        return method(self, ...)
    end)
end

-- The engine's own decision: worked out when it is looked at, because most scripts only hand it back.
local engine_fields = { action = true, node = true, nodes = true }

-- What the engine really does, now and after `repair --arenas`. It is not kept: crashtest asks with the same decision
-- at every crash of a trace. The forecast is loaded at the first question, because most scripts ask none.
local forecasts = {
    engine = function(self)
        return (require("tracereel.forecast").of(rawget(self, "trace")))
    end,
    mended = function(self)
        local forecast = require "tracereel.forecast"
        return (forecast.of(rawget(self, "trace"), tables.joined(forecast.options, { mended = true })))
    end,
}

default_metatable = {
    __name = type_name,
    __metatable = type_name,
    __newindex = refuse_change,
    __index = function(self, key)
        local field = default_fields[key] -- first: most scripts ask for nothing but the kind
        if field then
            return field
        elseif engine_fields[key] then
            local recovery = rawget(self, "trace"):recovery()
            return recovery[key]
        end
        local forecast = forecasts[key]
        return forecast and forecast(self) or methods[key]
    end,
}
---What the engine does by itself: `action`, and `node` or `nodes`; `engine` is what comes of it,
---`mended` what comes of it after `repair --arenas`.
function decision.default(trace)
    return setmetatable({ trace = trace }, default_metatable)
end

---Is this a decision?
function decision.is(value)
    local actual = metatable_of(value) -- itself: its name can be had by any table
    return actual == metatable or actual == default_metatable
end

---Does it leave everything to the engine?
function decision.is_plain_default(value)
    return value.kind == "default" and value.skipped == nothing and value.forgotten == nothing
end

local function is_whole_number(value, most)
    return math.type(value) == "integer" and value >= 0 and value <= most
end

local function are_nodes(list)
    if type(list) ~= "table" then
        return false
    end
    for _, node in ipairs(list) do
        if not is_whole_number(node, max_node) then
            return false
        end
    end
    return true
end

local function are_skipped(list)
    for _, one in ipairs(type(list) == "table" and list or { false }) do
        local output = type(one) == "table" and is_whole_number(one.node, max_node) and one.output
        if type(output) ~= "table" or math.type(output.offset) ~= "integer"
            or math.type(output.schema_hash) ~= "integer" or not is_whole_number(output.size, output_fields.size) then
            return false
        end
    end
    return true
end

local function has_node(value)
    return is_whole_number(value.node, max_node)
end

local function is_always_whole()
    return true
end

local is_whole_of = {
    default = is_always_whole,
    complete = is_always_whole,
    release = is_always_whole,
    restart = is_always_whole,
    resume_from = has_node,
    fail = function(value)
        return value.reason ~= nil
    end,
    hold = function(value)
        return value.reason ~= nil
    end,
    await = function(value)
        for name, option in pairs(type(value.options) == "table" and value.options or { false }) do
            if not is_option(name, option) then
                return false
            end
        end
        return has_node(value)
    end,
    retry = function(value)
        return are_nodes(value.nodes) and #value.nodes > 0
    end,
}

---A script can write into the tables that it got. Does this one still say what a decision says?
function decision.is_whole(value)
    local is_whole = is_whole_of[value.kind]
    return is_whole ~= nil and is_whole(value) and (value.skipped == nothing or are_skipped(value.skipped))
        and (value.forgotten == nothing or are_nodes(value.forgotten))
        and (value.reason == nil or type(value.reason) == "string")
end

---What a script answered, said as a problem where it is no decision that can be used; nil where it is one.
---@param answer any but nil
---@return string|nil
function decision.problem(answer)
    if not decision.is(answer) then
        local kind = type(answer)
        local words = (kind == "number" or kind == "string" or kind == "boolean") and tostring(answer) or "a " .. kind
        return "a decision expected (default, tracereel.fail(reason), ...), got " .. words
    elseif not decision.is_plain_default(answer) and not decision.is_whole(answer) then
        return "the decision was changed after it was made; return one as tracereel.fail(reason) and the others make it"
    end
end

local function number(node)
    return ("%d"):format(node)
end

local function list(nodes, label)
    local texts = {}
    for index, node in ipairs(nodes) do
        texts[index] = label(node)
    end
    return table.concat(texts, ", ")
end

---"retry 3, 5; skip 2; rerun 4": one line for a person.
---@param value tracereel.decision
---@param label? fun(node: integer): string what a node is called; its number where not given
---@return string
function decision.describe(value, label)
    label = label or number
    local head = value.kind
    if value.kind == "retry" then
        head = "retry " .. list(value.nodes, label)
    elseif value.kind == "await" or value.kind == "resume_from" then
        head = ("%s %s%s"):format(value.kind, label(value.node), value.skips and ", skipping it" or "")
    end
    local parts, skipped = { head }, {}
    for index, one in ipairs(value.skipped) do
        skipped[index] = one.node
    end
    parts[#parts + 1] = #skipped > 0 and "skip " .. list(skipped, label) or nil
    parts[#parts + 1] = #value.forgotten > 0 and "rerun " .. list(value.forgotten, label) or nil
    return table.concat(parts, "; ")
end

---What a plan says of it.
function decision.to_table(value)
    local is_default = value.kind == "default"
    local result = { kind = value.kind, node = not is_default and value.node or nil,
        nodes = not is_default and value.nodes or nil, skips = value.skips }
    if #value.skipped > 0 then
        result.skipped = {}
        for index, one in ipairs(value.skipped) do
            result.skipped[index] = one.node
        end
    end
    result.forgotten = #value.forgotten > 0 and value.forgotten or nil
    if value.options and next(value.options) then
        result.options = value.options
    end
    return result
end

return decision

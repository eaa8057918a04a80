-- The kinds of forecasts: which one a trace's is, its title, what can be done, and a few words for a list.
local node_names = require "tracereel.log.node_names"

local classes = {}

local safe_start = "tracereel recover safe_start LOG -o PLAN.json"

---The kinds of forecasts, gravest first: a trace is of the first that fits it. Of a grave one something is lost, or a
---person is asked twice.
classes.all = {
    {
        key = "panics", is_grave = true, title = "makes the engine panic",
        advice = "The engine opens the arena, panics, and recovers no trace after it. Move the file away before it "
            .. "starts",
    },
    {
        key = "skipped", is_grave = true, title = "skipped, for ever",
        advice = "They stay open at every start and never run. Bring the arena back, or close them: " .. safe_start,
    },
    {
        key = "branch", is_grave = true, title = "ends without a branch",
        advice = "The log does not tell which port a routing node answered on, so that none of its branches goes on. "
            .. "Running the node again cures that: " .. safe_start .. " --flow FILE",
    },
    {
        key = "inputs", is_grave = true, title = "runs without its inputs",
        advice = "Mend the arenas before the engine starts: tracereel repair --arenas LOG shows it, --yes does it",
    },
    {
        key = "approval", is_grave = true, title = "waits, and its approval will fail",
        advice = "An approval takes the hook away before it fails. Bring the arena back before anybody answers",
    },
    {
        key = "approval_loses", is_grave = true, title = "waits, and its approval will lose something",
        advice = "Cure it before anybody answers: tracereel repair --arenas LOG for inputs, " .. safe_start
            .. " --flow FILE for branches",
    },
    {
        key = "overwritten", is_grave = true, title = "output overwritten",
        advice = "What was written over is gone, and what reads it reads something else",
    },
    {
        key = "asks", is_grave = true, title = "asks again",
        advice = "Somebody has answered already, and will be asked once more",
    },
    { key = "runs", title = "runs" },
    { key = "closes", title = "is closed as complete", advice = "Nothing of them is left that could run" },
    { key = "waits", title = "waits" },
    { key = "held", title = "held", advice = "They wait for a person, because a plan decided so" },
}

local function has_lost_inputs(situation)
    if situation.run then
        return situation.lost_inputs ~= nil and next(situation.lost_inputs) ~= nil
    end
    return situation.after ~= nil and #situation.after > 0
end

local function loses_branch(situation)
    return situation.knows_ports and (#situation.without_branch > 0 or #situation.lost_nodes > 0)
end

local function is_over(situation)
    return situation.engine.closes and #situation.run.waves == 0
end

local function class_key(situation)
    if situation.outcome == "waits" then
        return situation.refused and "approval"
            or situation.run and (loses_branch(situation) or has_lost_inputs(situation)) and "approval_loses"
            or situation.held and "held" or "waits"
    elseif situation.outcome == "skipped" then
        return situation.is_short and "panics" or "skipped"
    elseif loses_branch(situation) then
        return "branch"
    elseif has_lost_inputs(situation) then
        return "inputs"
    elseif #situation.overwritten > 0 then
        return "overwritten"
    end
    return situation.engine.asks_again and "asks" or is_over(situation) and "closes" or "runs"
end

---The first of `all` that fits.
---@return table
function classes.of(situation)
    local key = class_key(situation)
    for _, class in ipairs(classes.all) do
        if class.key == key then
            return class
        end
    end
end

local short_labels = {
    panics = function()
        return "the engine panics"
    end,
    skipped = function(situation)
        return situation.is_absent and "skipped: no arena" or "skipped: arena"
    end,
    branch = function()
        return "loses a branch"
    end,
    inputs = function(situation)
        return situation.run and "loses inputs" or "may lose inputs"
    end,
    overwritten = function()
        return "output overwritten"
    end,
    asks = function(situation)
        return "asks again at " .. node_names.label(situation.engine.waits_at)
    end,
    runs = function(situation)
        local waves = situation.run and situation.run.waves or {}
        return #waves > 0 and "runs " .. node_names.list(waves[1]) or nil
    end,
    closes = function()
        return "is closed"
    end,
    approval = function()
        return "approval will fail"
    end,
    approval_loses = function()
        return "approval will lose"
    end,
    held = function()
        return "held"
    end,
}

---A few words for a list; nil if there is nothing to add to the trace's state.
---@return string|nil
function classes.short(situation)
    local key = class_key(situation)
    local words = short_labels[key] and short_labels[key](situation)
    local is_untold = situation.engine.asks_again and key ~= "asks"
    return is_untold and ("%s, %s"):format(words, short_labels.asks(situation)) or words
end

return classes

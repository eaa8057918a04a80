-- Makes the engine's next start lose nothing, as far as a log and its arenas can: what to type when there is no time to
-- write a script. What it counts on besides, the stale write positions of arenas set right, is done by
-- `apply --repair`.
local is_on

local function switch(help)
    return { type = "boolean", default = true, help = help }
end

local function list(nodes)
    local words = {}
    for index, node in ipairs(nodes) do
        words[index] = ("%d"):format(node)
    end
    return (#words == 1 and "node " or "nodes ") .. table.concat(words, ", ")
end

-- The engine skips such a trace at every start. What is damaged may still be brought back; what is not there is gone,
-- unless the directory holds no arena: then it may be the wrong one.
local function can_never_run(engine)
    return engine.outcome == "skipped" and (engine.arena == "absent" or engine.arena == "short"
        or engine.arena == "empty" and is_on.empty)
end

local function why_it_never_runs(trace, engine)
    if engine.arena == "short" then
        return "its arena is shorter than an arena's header: the engine panics on it"
    end
    local failed = trace.errors[#trace.errors]
    return "it has no arena, so that the engine skips it at every start, for ever"
        .. (failed and (": node %d failed: %s"):format(failed.node_id, failed.message) or "")
end

-- What a node that runs would read is lost, and mending the arena does not bring it back.
local function what_is_lost(engine)
    if engine.outcome ~= "runs" then
        return nil
    elseif #engine.overwritten > 0 then
        return ("what %s put out was written over"):format(list(engine.overwritten))
    elseif engine.without_inputs and #engine.without_inputs > 0 then
        return ("%s would run without inputs, and mending the arena does not help"):format(list(engine.without_inputs))
    end
end

local function explain(engine, mended)
    local lost = engine.without_inputs
    local is_read_again = engine.reason ~= mended.reason -- all that is known without a flow
    if lost then
        is_read_again = #lost > 0
    end
    local is_cured = is_on.arenas and is_read_again and mended.outcome == "runs"
    return (is_cured and "apply --repair mends its arena, so that no input is lost; " or "") .. mended.reason
        .. (engine.arena == "empty" and "; the directory of arenas holds none at all: is it the right one? (if it is: "
            .. "--arg empty=true)" or "")
        .. (engine.ends_without_branch == nil and mended.outcome == "runs"
            and "; whether it loses a branch is not known without --flow" or "")
end

return {
    api = 1,
    shard = "trace",
    summary = "recover: make the engine's next start lose nothing; then apply --repair",
    args = {
        arenas = switch("count on stale write positions of arenas being set right, as apply --repair does"),
        branches = switch("run routing nodes again whose branches would be lost; needs --flow"),
        dead = switch("close as failed what has no arena and so can never run"),
        empty = { type = "boolean", default = false,
            help = "close it, too, where the directory of arenas holds none at all, as an orderly shutdown leaves it" },
        lost = switch("hold what would run without inputs, or on outputs that were written over"),
        tainted = switch("hold what was open across damage"),
    },

    start = function(args)
        is_on = args
    end,

    recover = function(trace, default)
        local engine = default.engine
        local mended = is_on.arenas and default.mended or engine
        local lost = is_on.lost and what_is_lost(mended)
        local branches = is_on.branches and mended.ends_without_branch or {}
        if not is_on.tainted and trace.tainted then -- a person decides for it
            return default:because("it was open across damage, and is left to the engine: " .. mended.reason)
        elseif is_on.dead and can_never_run(mended) then
            return tracereel.fail(why_it_never_runs(trace, mended))
        elseif lost then
            return tracereel.hold(lost)
        elseif #branches > 0 then
            return default:rerun(branches):because(("%s runs again: the log does not say which branch was taken, and "
                .. "none has begun"):format(list(branches)))
        end
        return default:because(explain(engine, mended))
    end,
}

-- Not all at once.
--
-- The payment provider had been down for an hour, and so had the shop's engine. At its start it took up every order at
-- once: the provider went down again under the flood, and so did the engine.
--
-- So everything is held first. Then ten orders are released, the oldest, and somebody looks at what they do; then ten
-- more, until none is held:
--
--     tracereel recover recover_batches.lua LOG -o hold.json
--     tracereel recover recover_batches.lua LOG -a release=true --limit 10 -o ten.json
--
-- The script itself counts nothing: asked again, it would count another ten. It decides from the trace alone, and
-- --limit takes ten of those that would change. What was released once is not held again, whatever became of it.
local releases

local reason = "waits for its batch"

-- Has a plan touched the trace that was not undone since?
local function was_touched(trace)
    local planned = trace.planned
    return planned ~= nil and planned[#planned].action ~= "undo"
end

return {
    api = 1,
    shard = "trace",
    summary = "recover: hold every order, then release them in batches",
    args = { release = { type = "boolean", default = false, help = "release what this script holds; --limit says how "
        .. "many" } },

    start = function(args)
        releases = args.release
    end,

    recover = function(trace, default)
        if releases then
            return trace.held == reason and tracereel.release() or default
        elseif trace.suspended_at or was_touched(trace) then
            return default -- it waits for somebody already, or had its turn
        end
        return tracereel.hold(reason)
    end,

    -- An order that waits for a person keeps that person's hook.
    check = function(trace, decision)
        if trace.suspended_at and not trace.held and decision.kind ~= "default" then
            return "it waits for somebody, and was touched"
        end
    end,
}

-- Closes the traces whose suspension is past its timeout, as of the end of the log or of a given time.
local now_ns, log_of_run

local second_ns = 1000000000

local function expired_seconds(suspension)
    local decoded = suspension.decoded
    local seconds = type(decoded) == "table" and decoded.timeout_secs
    if math.type(seconds) ~= "integer" or seconds < 0 or seconds > math.maxinteger // second_ns then
        return nil
    end
    local now = now_ns or log_of_run:stats().now_ns
    local waited_ns = math.ult(suspension.since_ns, now) and now - suspension.since_ns or 0
    return (waited_ns < 0 or waited_ns >= seconds * second_ns) and seconds or nil
end

return {
    api = 1,
    shard = "trace",
    summary = "recover: give up on suspensions that are past their timeout",
    args = { now_ns = { type = "integer", min = 0, help = "the time, ns since 1970; the end of the log otherwise" } },

    start = function(args, log)
        now_ns, log_of_run = args.now_ns, log
    end,

    recover = function(trace, default)
        -- A held trace waits for a person, however long that takes.
        local suspension = not trace.held and trace.suspension
        -- Where a snapshot says that it is suspended, but not since when, nobody knows.
        local seconds = suspension and suspension.since_ns ~= 0 and expired_seconds(suspension)
        if not seconds then
            return default
        end
        return tracereel.fail(("waited at node %d past its timeout of %d s"):format(suspension.node_id, seconds))
    end,
}

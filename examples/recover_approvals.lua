-- A person's answer is worth waiting for.
--
-- Large orders wait for an approval (node 4), an hour at the most; then they are rejected. The engine was down from
-- Friday to Monday, and at its start it rejected every order that had been waiting: the hour was long over, and nobody
-- could have answered.
--
-- So what waits when the engine goes down waits without an end: the timeout is taken away, and the hook stays, so that
-- the mail that was sent on Friday still works.
return {
    api = 1,
    shard = "trace",
    summary = "recover: orders that wait for a person wait without a timeout",

    recover = function(trace, default)
        if trace.suspended_at then
            return tracereel.hold("the engine was down: nobody could answer")
        end
        return default
    end,

    -- Where somebody answered later, that answer must still find the order waiting.
    check = function(trace, decision, future)
        if trace.suspended_at and future.trace_resumed and decision.kind ~= "hold" then
            return "somebody answered later, and the order would not wait for it"
        end
    end,
}

-- At which moment can a single fault charge a customer twice, or leave an order unfinished?
--
--     tracereel simulate examples/double_charge.lua examples/logs/orders --explore --faults error,delay,crash
--
-- An error cannot: every node is tried three times. Nor can a person who takes a day longer to approve. But where the
-- engine dies while the charge (node 3) runs, nobody knows whether the card was charged, and after the restart it is
-- charged again: a crash fails at each end of a charge (records 12, 15 and 18), and nowhere else. So this node, and no
-- other, needs a key by which the payment service knows a charge that it has seen.
--
-- With `--faults error` the smallest set that fails is three errors of the same node.
return {
    node = { default = { retry = { max = 2, delay = "20ms" } } },
    goal = function(trace)
        if trace.status ~= "complete" then
            return false
        end
        local may_have_charged = 0
        for _, attempt in ipairs(trace:node(3).attempts) do
            if attempt.outcome ~= "error" then
                may_have_charged = may_have_charged + 1
            end
        end
        return may_have_charged == 1
    end,
}

-- examples/killed/orders.yaml, with the numbers that its nodes have in examples/killed/wal,
-- as `tracereel flow --yaml` found them. The engine numbers the nodes anew at each start.
return {
    name = "orders",
    nodes = {
        [0] = { name = "trigger", type = "trigger::manual", after = {} },
        [1] = { name = "validate", type = "test::work", after = {0} },
        [2] = { name = "fraud", type = "test::work", after = {1} },
        [3] = { name = "charge", type = "test::work", after = {2, 7} },
        [4] = { name = "approve", type = "std::wait", after = {3} },
        [5] = { name = "ship", type = "test::work", after = {4} },
        [6] = { name = "notify", type = "test::work", after = {5} }, -- never ran in the log
        [7] = { name = "reserve", type = "test::work", after = {1} },
    },
}

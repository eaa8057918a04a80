-- What if orders came in at 40 a second, and only seven nodes could run at once?
--
--     tracereel simulate examples/rush_hour.lua examples/logs/orders -o /tmp/rush
--
-- As the pipeline is (set `time = 1`), half of the orders take longer than 232 ms, where 120 ms were recorded: the
-- nodes stand in line for the seven places. The charge holds a place longest, so that is where a faster one pays twice:
-- with `time = 0.5` the line is gone, and half of the orders are done in 73 ms, faster than recorded, at three
-- times the load.
return {
    seed = 1,
    traces = 2000,
    arrivals = { rate = 40 },
    node = { [3] = { time = 0.5 } },
    limits = { nodes = 7 },
}

-- Faults, a goal, and loops, for changes to begin from.
return {
    seed = 3,
    loop = { [3] = { iterations = function(n)
        return n + 1
    end, body = { 2, 7 } }, [5] = { iterations = 2 } },
    faults = {
        { trace = 1, record = 3, error = "declined" },
        { trace = 2, record = 4, delay = "2h" },
        { trace = 3, record = 2, lost = true },
        { trace = 4, record = 5, crash = "10s" },
    },
    node = { [3] = { retry = { max = 2, delay = "1s" } } },
    crash = { record = 100, lost = 1 },
    arrivals = { times = "recorded" },
    goal = function(trace)
        return trace.status == "complete"
    end,
}

-- Every key of a scenario, for changes to begin from.
return {
    api = 1,
    summary = "everything",
    seed = 7,
    args = { rate = { type = "number", default = 40, min = 1, max = 1000, help = "traces a second" } },
    start = function(args)
        return { arrivals = { rate = args.rate } }
    end,
    traces = 40,
    arrivals = { every = "50ms" },
    node = {
        [1] = { time = "120ms", fail = 0.25, error = "made up", retry = { max = 3, delay = "200ms", factor = 2 } },
        [2] = { time = function(ns, trace, attempt, random)
            return ns + math.floor(random.exponential(1000)) + attempt + trace.number
        end },
        [3] = { time = 0.5, fail = function(_, attempt, random)
            return attempt == 1 and random() or false
        end },
        default = { time = "recorded" },
    },
    suspension = { [4] = { time = "2s" } },
    limits = { nodes_per_trace = 3, nodes = 8, traces = 20 },
    flow = { nodes = { [0] = { after = {} }, [1] = { after = { 0 } }, [2] = { after = { 1 } }, [7] = { after = { 1 } },
        [3] = { after = { 2, 7 } }, [4] = { after = { 3 } }, [5] = { after = { 4, 3 } }, [6] = { after = { 5 } } } },
    on_event = function(event)
        return event.at_ns + 1000
    end,
    crash = { at = "1s", lost = 2, torn = 30 },
    damage = { bit_flips = 3, lost_pages = 1, page_bytes = 512 },
}

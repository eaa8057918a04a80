-- Which node is worth speeding up, when orders come in at 40 a second and only seven nodes can run at once?
--
--     tracereel simulate examples/which_node.lua examples/logs/orders --rank
--
-- The charge (3): a tenth off its time takes more than a fifth off the median, because the others wait less for a
-- place, too. With places for all (`-a places=100`) the same tenth gives 8 %, what it saves by itself. Node 7, which
-- runs beside the longer node 2, then gives nothing: the order waits for node 2 anyway. One place more takes off a
-- seventh. So do even more places help as well?
--
--     tracereel simulate examples/which_node.lua examples/logs/orders --sweep args.places=5,7,9,12 --svg places.svg
--
-- Up to twelve, yes: the median falls from 2.6 s at five to 121 ms, and stays there.
return {
    args = { places = { type = "integer", default = 7, min = 1, help = "how many nodes can run at once" } },
    start = function(args)
        return { limits = { nodes = args.places } }
    end,
    seed = 1,
    traces = 1000,
    arrivals = { rate = 40 },
    -- What `tracereel flow` guesses from the log: without it, a node would not know that it waits for two others.
    flow = {
        nodes = {
            [0] = {}, [1] = { after = { 0 } }, [2] = { after = { 1 } }, [7] = { after = { 1 } },
            [3] = { after = { 2, 7 } }, [4] = { after = { 3 } }, [5] = { after = { 3, 4 } }, [6] = { after = { 5 } },
        },
    },
}

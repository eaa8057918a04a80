-- A pipeline ran on four places, and orders waited: what would six or eight places do, and how sure is that?
--
--     tracereel capacity examples/logs/busy
--     tracereel simulate examples/more_places.lua examples/logs/busy --sweep args.places=4,6,8 --rounds 20
--     tracereel backtest examples/logs/busy examples/more_places.lua -a places=4
--
-- docs/capacity.md tells the story, with what these print. The four places that the log was recorded on are found in it
-- (`limits.recorded` would say so), and what the nodes waited for them is left out, so that it arises anew with others.
return {
    args = { places = { type = "integer", default = 8, min = 1, help = "how many nodes can run at once" } },
    start = function(args)
        return { limits = { nodes = args.places } }
    end,
    -- What `tracereel flow` guesses from the log of a day with little to do.
    flow = {
        nodes = {
            [0] = {}, [1] = { after = { 0 } }, [2] = { after = { 1 } }, [7] = { after = { 1 } },
            [3] = { after = { 2, 7 } }, [5] = { after = { 3 } }, [6] = { after = { 5 } },
        },
    },
}

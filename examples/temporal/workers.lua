-- What if the questions came in one every so many seconds, at random moments, and there were so many workers?
--
--     tracereel simulate examples/temporal/workers.lua research -a workers=20 -o /tmp/twice
return {
    args = {
        workers = { type = "integer", default = 10, min = 1, help = "activities that run at once" },
        every = { type = "number", default = 12, min = 1, help = "seconds between two questions, on average" },
        questions = { type = "integer", default = 200, min = 1, help = "how many come in" },
    },
    start = function(args)
        return {
            traces = args.questions,
            arrivals = { rate = 1 / args.every },
            limits = { nodes = args.workers },
        }
    end,
}

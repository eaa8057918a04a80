-- Benchmark: every node needs places, for which some stand in line.
return {
    api = 1,
    summary = "benchmark: pools",
    limits = { nodes = 20 },
    pools = {
        charges = { nodes = { 3 }, capacity = 16, order = "lifo" },
        workers = { nodes = "others", capacity = 4 },
    },
}

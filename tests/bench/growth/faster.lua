-- A scenario for `make growth`: node 0, which every log of it has, takes half its time.
return {
    api = 1,
    summary = "growth: a time function",
    node = {
        [0] = {
            time = function(ns)
                return ns // 2
            end,
        },
    },
}

-- How often 95 % intervals hold the truth, for processes whose quantiles are known: `make intervals`.
local interval_coverage = require "tests.spec.interval_coverage"
local processes = require "tests.spec.interval_processes"

local logs = math.tointeger(tonumber(arg[1])) or 200

local function shown(counts)
    local cells = {}
    for index, name in ipairs { "p50", "p90", "p99", "mean" } do
        local count = counts[name]
        local with = logs - count.missing
        cells[index] = ("%4s %3.0f"):format(with > logs / 2 and ("%.0f"):format(100 * count.prediction / with) or "-",
            100 * count.simulation / logs)
    end
    return table.concat(cells, " | ")
end

print(("%d logs of each process: %% of the prediction intervals, and of the simulation errors, that hold the truth")
    :format(logs))
print(("%-36s | %-8s | %-8s | %-8s | mean"):format("process, traces, runs, resamples", "p50", "p90", "p99"))
for _, case in ipairs {
    { "exponential", 40, 5, 20 }, { "exponential", 100, 10, 10 }, { "exponential", 100, 20, 20 },
    { "exponential", 100, 100, 20 }, { "exponential", 600, 20, 20 }, { "lognormal", 100, 20, 20 },
    { "lognormal", 600, 20, 20 }, { "two_humps", 100, 20, 20 }, { "dependent", 200, 20, 20 },
    { "dependent", 1500, 20, 20 },
} do
    local name, traces, runs, rounds = table.unpack(case)
    local counts = interval_coverage.of {
        logs = logs, traces = traces, arriving = 2 * traces, runs = runs, rounds = rounds, process = processes[name],
    }
    print(("%-36s | %s"):format(("%s, %d, %d, %d"):format(name, traces, runs, rounds), shown(counts)))
end

-- Processes whose logs are drawn, and what is true of them when each node takes half its time: from the distributions.
local processes = {}

local function normal(uniform)
    return math.sqrt(-2 * math.log(1 - uniform())) * math.cos(2 * math.pi * uniform())
end

-- Quantiles of the normal distribution at 0.9 and 0.99.
local z90, z99 = 1.2815515655446004, 2.3263478740408408

processes.exponential = {
    draw = function(uniform)
        return function()
            return -0.1 * math.log(1 - uniform())
        end
    end,
    truth = {
        p50 = 0.05 * math.log(2), p90 = 0.05 * math.log(10), p99 = 0.05 * math.log(100),
        mean = 0.05,
    },
}

processes.lognormal = {
    draw = function(uniform)
        return function()
            return 0.1 * math.exp(normal(uniform))
        end
    end,
    truth = {
        p50 = 0.05, p90 = 0.05 * math.exp(z90), p99 = 0.05 * math.exp(z99),
        mean = 0.05 * math.exp(0.5),
    },
}

-- Six of ten take 100 to 200 ms, the others 500 to 700 ms.
processes.two_humps = {
    draw = function(uniform)
        return function()
            return uniform() < 0.6 and 0.1 + 0.1 * uniform() or 0.5 + 0.2 * uniform()
        end
    end,
    truth = {
        p50 = (0.1 + 0.1 * 0.5 / 0.6) / 2, p90 = (0.5 + 0.2 * 0.75) / 2,
        p99 = (0.5 + 0.2 * 0.975) / 2, mean = (0.6 * 0.15 + 0.4 * 0.6) / 2,
    },
}

-- The logarithm of each time has 0.6 of that before it.
processes.dependent = {
    draw = function(uniform)
        local before = normal(uniform)
        return function()
            before = 0.6 * before + 0.8 * normal(uniform)
            return 0.1 * math.exp(0.7 * before)
        end
    end,
    truth = {
        p50 = 0.05, p90 = 0.05 * math.exp(0.7 * z90), p99 = 0.05 * math.exp(0.7 * z99),
        mean = 0.05 * math.exp(0.7 ^ 2 / 2),
    },
}

return processes

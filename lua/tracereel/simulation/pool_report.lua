-- What became of a scenario's pools: a row for each, and for each value of its key; with several runs, their means.
local columns = require "tracereel.render.timing_table.columns"
local estimates = require "tracereel.simulation.estimates"
local format = require "tracereel.simulation.format"
local intervals = require "tracereel.simulation.intervals"
local text = require "tracereel.util.text"
local units = require "tracereel.util.units"

local pool_report = {}

local second_ns <const> = 1e9

-- How far both sides of Little's law may be apart before it is said.
local little_tolerance <const> = 0.05
local min_length_to_compare <const> = 0.01

-- Of one pool in one run: name and value.
local measures = {
    { "utilisation", function(pool) return pool.utilisation end },
    { "queue_mean", function(pool) return pool.queue_mean end },
    { "queue_max", function(pool) return pool.queue_max end },
    { "wait_mean", function(pool) return units.magnitude(pool.wait.mean_ns) end },
    { "wait_p50", function(pool) return units.magnitude(pool.wait.p50_ns) end },
    { "wait_p90", function(pool) return units.magnitude(pool.wait.p90_ns) end },
    { "wait_p99", function(pool) return units.magnitude(pool.wait.p99_ns) end },
    { "asked", function(pool) return pool.asked_count end },
    { "waiting", function(pool) return pool.waiting_count end },
    { "rate", function(pool)
        return pool.span_ns == 0 and 0.0 or pool.asked_count / (pool.span_ns / second_ns)
    end },
}

local function key_of(pool)
    return (pool.name or "") .. "\0" .. (pool.value or "")
end

-- By name, the limit of all nodes first.
local function sorted(by_key)
    local rows = {}
    for _, row in units.sorted(by_key) do
        rows[#rows + 1] = row
    end
    return rows
end

---One row for each pool that any of the runs has: { name, value, capacity, [measure] = { mean, simulation_error } }.
---@param all_stats table[] what each run counted
---@return table[]
function pool_report.rows(all_stats)
    local by_key, values = {}, {}
    for run, stats in ipairs(all_stats) do
        for _, pool in ipairs(stats.pools or {}) do
            local key = key_of(pool)
            by_key[key] = by_key[key] or { name = pool.name, value = pool.value, capacity = pool.capacity }
            values[key] = values[key] or {}
            values[key][run] = pool
        end
    end
    for key, row in pairs(by_key) do
        for _, measure in ipairs(measures) do
            local list = {}
            for run = 1, #all_stats do
                list[run] = values[key][run] and measure[2](values[key][run]) or 0
            end
            local mean, half_width = estimates.mean(list)
            row[measure[1]] = { mean = mean, simulation_error = half_width }
        end
    end
    return sorted(by_key)
end

---Little's law for a row: the mean length of the queue, and what the rate of those that asked and the mean wait of
---those that got a place make of it. They differ where many still waited at the end.
---@return number length
---@return number by_law
---@return boolean holds
function pool_report.little(row)
    local length, by_law = row.queue_mean.mean, row.rate.mean * row.wait_mean.mean / second_ns
    local is_near = math.abs(length - by_law) <= little_tolerance * math.max(length, by_law)
    return length, by_law, is_near or math.max(length, by_law) < min_length_to_compare
end

---For JSON: times in nanoseconds, shares from 0 to 1; nil where there are no pools.
---@param all_stats table[]
---@return table[]|nil
function pool_report.object(all_stats)
    local list = {}
    for index, row in ipairs(pool_report.rows(all_stats)) do
        local object = { name = row.name, value = row.value, capacity = row.capacity }
        for _, measure in ipairs(measures) do
            local cell = row[measure[1]]
            object[measure[1]] = intervals.measure_object(cell.mean, #all_stats > 1 and cell.simulation_error or nil)
        end
        local length, by_law, holds = pool_report.little(row)
        object.little = { length = length, by_law = by_law, holds = holds }
        list[index] = object
    end
    return #list > 0 and list or nil
end

-- ---- what is printed ----

local function label_of(row)
    local name = text.clean(row.name or "limits.nodes")
    return row.value and name .. "[" .. text.clean(row.value) .. "]" or name
end

local narrow <const> = 6

local function length_text(value)
    return value == 0 and "0" or value < 0.005 and "<.01" or value < 9.995 and ("%.2f"):format(value)
        or value < 99.95 and ("%.1f"):format(value) or format.count(value, narrow)
end

local function percent(share)
    return share == 0 and "0" or share < 0.0005 and "<0.1" or ("%.1f"):format(share * 100)
end

local duration = units.rounded_duration

-- Heading, width, measure, how it is written.
local shown = {
    { "USED %", narrow, "utilisation", percent }, { "QUEUE", narrow, "queue_mean", length_text },
    { "MAX", narrow, "queue_max", format.count }, { "WAIT MEAN", 9, "wait_mean", duration },
    { "P50", 8, "wait_p50", duration }, { "P90", 8, "wait_p90", duration }, { "P99", 8, "wait_p99", duration },
}

local max_label_columns <const> = 15

local function definitions_of(rows)
    local width = 4
    for _, row in ipairs(rows) do
        width = math.max(width, math.min(text.width(label_of(row)), max_label_columns))
    end
    local definitions = { { "POOL", width, function(line)
        return line.row and text.cut(label_of(line.row), width) or "  sim. ±"
    end, left = true }, { "PLACES", narrow, function(line)
        return line.row and format.count(line.row.capacity, narrow) or ""
    end } }
    for index, column in ipairs(shown) do
        definitions[index + 2] = { column[1], column[2], function(line)
            return column[4](line.values[column[3]], column[2])
        end }
    end
    return definitions
end

local function say_little(row)
    local length, by_law, holds = pool_report.little(row)
    if holds then
        return
    end
    format.write(("%s: %s waited on average, but by Little's law %s (%s a second asked, and waited %s each): %s "
        .. "still waited at the end, and their waits are not counted"):format(label_of(row), length_text(length),
        length_text(by_law), length_text(row.rate.mean), duration(row.wait_mean.mean),
        format.count(row.waiting.mean)))
end

---Prints a table of the pools; nothing where there are none.
---@param all_stats table[] what each run counted
function pool_report.write(all_stats)
    local rows, lines = pool_report.rows(all_stats), {}
    if #rows == 0 then
        return
    end
    for _, row in ipairs(rows) do
        local means, errors = {}, {}
        for _, measure in ipairs(measures) do
            means[measure[1]], errors[measure[1]] = row[measure[1]].mean, row[measure[1]].simulation_error
        end
        lines[#lines + 1] = { row = row, values = means }
        lines[#lines + 1] = #all_stats > 1 and { values = errors } or nil
    end
    columns.heading("Pools", "share of the places in use; nodes in line; what each waited")
    columns.write(definitions_of(rows), lines)
    for _, row in ipairs(rows) do
        say_little(row)
    end
end

return pool_report

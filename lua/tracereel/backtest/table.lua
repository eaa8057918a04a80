-- What a backtest has found, for people: what was learnt, the numbers of traces, the errors of nodes, 80 columns wide.
local columns = require "tracereel.render.timing_table.columns"
local node_names = require "tracereel.log.node_names"
local output = require "tracereel.cli.output"
local plain_text = require "tracereel.util.text"
local text = require "tracereel.backtest.text"

local backtest_table = {}

local function cell(heading, width, value, left)
    return { heading, width, value, left = left }
end

-- One line for each number of the traces, and one for the distance of the makespans.
local function trace_lines(measures)
    local lines = {}
    for _, measure in ipairs(measures) do
        for _, statistic in ipairs(measure.node and {} or measure.statistics) do
            local name = statistic.name == "value" and measure.name or measure.name .. " " .. statistic.name
            lines[#lines + 1] = { name = name, measure = measure, statistic = statistic }
        end
        if not measure.node and measure.ks then
            lines[#lines + 1] = { name = measure.name .. " KS", measure = measure }
        end
    end
    return lines
end

local function value_cell(key)
    return function(line)
        if line.statistic then
            return text.value(line.measure, line.statistic[key])
        end
        return key == "predicted" and text.distance(line.measure.ks)
            or key == "naive" and text.distance(line.measure.naive_ks) or ""
    end
end

local function error_cell(key, of)
    return function(line)
        local statistic = line.statistic
        return statistic and text.error(line.measure, statistic[key], statistic[of] ~= nil) or ""
    end
end

local function interval_cell(line)
    local statistic = line.statistic
    if not statistic or not statistic.low then
        return ""
    end
    local mark = (statistic.real < statistic.low or statistic.real > statistic.high) and " !" or "  "
    return text.value(line.measure, statistic.low) .. " to " .. text.value(line.measure, statistic.high) .. mark
end

local function write_traces(result)
    local definitions = {
        cell("MEASURE", 13, function(line) return line.name end, true),
        cell("REAL", 8, value_cell "real"), cell("PREDICTED", 9, value_cell "predicted"),
        cell("ERROR", 7, error_cell("error", "predicted")), cell("NAIVE", 8, value_cell "naive"),
        cell("ERROR", 7, error_cell("naive_error", "naive")),
    }
    if result.coverage then
        table.insert(definitions, 4, cell("INTERVAL", 20, interval_cell))
    end
    columns.heading("Traces", result.coverage and ("an interval holds what came in %.0f %% of cases; ! it does not")
        :format(100 * result.coverage) or "naive: the past repeated")
    columns.write(definitions, trace_lines(result.measures))
end

local function write_mean_of_folds(result)
    local definitions = {
        cell("MEASURE", 13, function(line) return line.name end, true),
        cell("ERROR", 9, function(line)
            return line.statistic and text.error(line.measure, line.statistic.error) or text.distance(line.measure.ks)
        end),
        cell("NAIVE ERROR", 11, function(line)
            return line.statistic and text.error(line.measure, line.statistic.naive_error)
                or text.distance(line.measure.naive_ks)
        end),
    }
    columns.heading("Traces", ("mean of %d folds, without signs; naive: the past repeated"):format(#result.folds))
    columns.write(definitions, trace_lines(result.measures))
end

local function statistic_of(name)
    return function(measure)
        for _, statistic in ipairs(measure.statistics) do
            if statistic.name == name or statistic.name == "value" and name == "mean" then
                return text.error(measure, statistic.error, statistic.predicted ~= nil)
            end
        end
        return ""
    end
end

local function mean_error(key)
    return function(measure)
        local score = measure[key]
        return score and text.error({ kind = measure.kind, folds = 1 }, score, true) or "-"
    end
end

local function write_nodes(measures)
    local rows = {}
    for _, measure in ipairs(measures) do
        -- Where nothing ever fails there is nothing to say.
        local has_said = measure.name ~= "errors" or measure.score ~= 0 or measure.naive_score ~= 0
        rows[#rows + 1] = measure.node and has_said and text.is_known(measure) and measure or nil
    end
    if #rows == 0 then
        return
    end
    local label_columns, label = node_names.column(30)
    columns.heading("Nodes", "errors; all: their mean without signs, beside that of the past repeated")
    columns.write({
        cell("NODE", math.max(6, label_columns), function(measure) return label(measure.node) end, true),
        cell("TIME", 9, function(measure) return measure.name end, true),
        cell("P50", 7, statistic_of "p50"), cell("P90", 7, statistic_of "p90"), cell("P99", 7, statistic_of "p99"),
        cell("MEAN", 7, statistic_of "mean"), cell("KS", 4, function(measure) return text.distance(measure.ks) end),
        cell("ALL", 7, mean_error "score"), cell("NAIVE", 7, mean_error "naive_score"),
        cell("", 6, function(measure) return measure.verdict or "" end, true),
    }, rows)
end

local function write_folds(result)
    for index, fold in ipairs(result.folds) do
        local learnt, predicted = text.fold(fold)
        local head = #result.folds > 1 and ("fold %d "):format(index) or ""
        local indent = "\n" .. (" "):rep(#head + 11)
        output.line(head .. "learnt     " .. table.concat(learnt, indent))
        output.line((" "):rep(#head) .. "predicted  " .. table.concat(predicted, indent))
    end
end

---@param result table of backtest.run
function backtest_table.write(result)
    write_folds(result)
    if #result.folds == 1 then
        write_traces(result)
    else
        write_mean_of_folds(result)
    end
    write_nodes(result.measures)
    output.line("")
    output.line(table.concat(plain_text.wrap(text.summary(result.measures), math.min(output.columns(), 80) - 2),
        "\n  "))
end

return backtest_table

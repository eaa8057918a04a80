-- What a backtest has found, as a table for JSON and as one for the page.
local conditions = require "tracereel.backtest.conditions"
local node_names = require "tracereel.log.node_names"
local text = require "tracereel.backtest.text"

local report = {}

-- What of a measure, and of each of its numbers, is told.
local measure_keys = {
    "name", "node", "kind", "folds", "real_count", "predicted_count", "naive_count", "ks", "naive_ks", "score",
    "naive_score", "verdict",
}
local statistic_keys = { "real", "predicted", "error", "naive", "naive_error", "low", "high" }

local function picked(from, keys)
    local made = {}
    for _, key in ipairs(keys) do
        made[key] = from[key]
    end
    return made
end

local function measure_object(measure)
    local object = picked(measure, measure_keys)
    object.node_name = measure.node and node_names.name(measure.node) or nil
    object.statistics = {}
    for _, statistic in ipairs(measure.statistics) do
        object.statistics[statistic.name] = picked(statistic, statistic_keys)
    end
    return object
end

local function measure_list(measures)
    local list = {}
    for index, measure in ipairs(measures) do
        list[index] = measure_object(measure)
    end
    return list
end

---What `--json` prints.
---@param result table of backtest.run
function report.object(result)
    local folds = {}
    for index, fold in ipairs(result.folds) do
        folds[index] = picked(fold, { "cut_ns", "until_ns", "arrivals", "closed", "lagging", "learnt", "contention" })
        folds[index].measures = measure_list(fold.measures)
    end
    return {
        log = result.path, seed = result.seed, rounds = result.rounds, coverage = result.coverage,
        damaged = result.damaged, folds = folds,
        measures = #folds > 1 and measure_list(result.measures) or nil,
        summary = text.summary(result.measures), failed_checks = result.failed_checks,
    }
end

-- Is there anything to see of a measure: a time that is not 0?
local function is_visible(measure)
    for _, distribution in pairs(measure.distributions) do
        if distribution.max_ns ~= 0 then
            return true
        end
    end
    return false
end

-- The curves of one fold: of the makespan, and of the times of nodes.
local function add_charts(charts, fold, head)
    for _, measure in ipairs(fold.measures) do
        if measure.kind == "times" and (measure.node == nil or head == "" and is_visible(measure)) then
            charts[#charts + 1] = {
                title = head .. text.measure(measure), is_whole = measure.node == nil,
                detail = ("KS %s; the past %s; %d came"):format(text.distance(measure.ks),
                    text.distance(measure.naive_ks), measure.real_count),
                words = ("%s: shares of what came, of what was predicted and of the past, over time; the distance of "
                    .. "the prediction is %s, that of the past %s"):format(text.measure(measure),
                    text.distance(measure.ks), text.distance(measure.naive_ks)),
                distributions = measure.distributions,
            }
        end
    end
end

local function row_of(measure)
    local row = { title = text.measure(measure), verdict = measure.verdict, ("%d"):format(measure.real_count) }
    local by_name = {}
    for _, statistic in ipairs(measure.statistics) do
        by_name[statistic.name == "value" and "mean" or statistic.name] = statistic
    end
    for _, name in ipairs { "p50", "p90", "p99", "mean" } do
        local statistic = by_name[name]
        row[#row + 1] = statistic and text.error(measure, statistic.error, statistic.predicted ~= nil) or ""
        row[#row + 1] = statistic and text.error(measure, statistic.naive_error, statistic.naive ~= nil) or ""
    end
    row[#row + 1] = measure.kind == "times" and text.distance(measure.ks) or ""
    row[#row + 1] = measure.kind == "times" and text.distance(measure.naive_ks) or ""
    return row
end

---What the page shows.
---@param result table of backtest.run
function report.page(result)
    local page = { title = "Backtest of " .. result.path, where = {}, charts = {}, rows = {},
        notices = { { text = text.summary(result.measures) } },
        headings = { "Measure", "Came", "p50", "past", "p90", "past", "p99", "past", "mean", "past", "KS", "past", "" },
        errors_note = "Of the prediction and, beside it, of the past repeated." .. (#result.folds > 1
            and " Means over the folds, without signs." or "") }
    for _, sentence in ipairs(text.warnings(result)) do
        table.insert(page.notices, { class = "warning", text = sentence })
    end
    for _, sentence in ipairs(result.failed_checks) do
        table.insert(page.notices, { class = "damage", text = "Check failed: " .. sentence })
    end
    for index, fold in ipairs(result.folds) do
        local learnt, predicted = text.fold(fold)
        local head = #result.folds > 1 and ("fold %d: "):format(index) or ""
        page.where[#page.where + 1] = head .. "learnt " .. table.concat(learnt, "; ")
        page.where[#page.where + 1] = head .. "predicted " .. table.concat(predicted, "; ")
        add_charts(page.charts, fold, head)
    end
    for index, measure in ipairs(result.measures) do
        page.rows[index] = row_of(measure)
    end
    return page
end

-- A sentence for each measure that a condition says is too far off.
local function failed_sentence(condition, failed)
    local measure, name = failed.measure, condition.statistic
    local subject = text.measure(measure) .. (name and " " .. name or "")
    if name == "ks" and failed.error then
        return ("%s: %s: %s apart"):format(condition.text, subject, text.distance(failed.error))
    elseif not failed.error then
        return ("%s: %s: it came, and was not predicted"):format(condition.text, subject)
    end
    return ("%s: %s: %s"):format(condition.text, subject, text.error(measure, failed.error, true))
end

---@param measures table[]
---@param list table[] of conditions.parse
---@return string[] sentences about the measures that are too far off
function report.failed_checks(measures, list)
    local sentences = {}
    for _, condition in ipairs(list) do
        for _, failed in ipairs(conditions.failed(condition, measures)) do
            sentences[#sentences + 1] = failed_sentence(condition, failed)
        end
    end
    return sentences
end

return report

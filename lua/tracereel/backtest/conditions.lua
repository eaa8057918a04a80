-- The conditions of --fail-on: [MEASURE.][STATISTIC]>LIMIT%, such as "p90>20%", "makespan.p90>20%",
-- "charge.queue.mean>50%", "throughput>10%", "charge.errors>2%".
local failure = require "tracereel.util.failure"
local options = require "tracereel.cli.options"
local tables = require "tracereel.util.tables"

local conditions = {}

local is_statistic = tables.set { "p50", "p90", "p99", "mean", "ks" }
-- By measure: whether it has statistics, or is one number; whether traces have it, and whether nodes do.
local measures = {
    makespan = { has_statistics = true, of_traces = true },
    throughput = { of_traces = true },
    errors = { of_traces = true, of_nodes = true },
    run = { has_statistics = true, of_nodes = true },
    queue = { has_statistics = true, of_nodes = true },
    suspended = { has_statistics = true, of_nodes = true },
}

local form = 'write MEASURE.STATISTIC>LIMIT%, as in "makespan.p90>20%", "charge.queue.p50>30%" or "throughput>10%"'

-- What is wrong, and at which character.
local function wrong(text, position, message)
    return nil, ('"%s", character %d: %s; %s'):format(text, position, message, form)
end

-- The words between dots, each with the character that it begins at. The name of a node can have dots in it.
local function words_of(left)
    local words = {}
    for position, word in left:gmatch("%s*()([^.]*)") do
        words[#words + 1] = { position = position, text = word }
    end
    return words
end

-- What a measure and a statistic that do not fit are told; nil where they fit.
local function misfit(name, statistic, position, end_position)
    local measure = measures[name]
    if not measure then
        return position, ('makespan, throughput, errors, run, queue, suspended%s expected, got "%s"'):format(
            statistic and "" or ", p50, p90, p99, mean or ks", name)
    elseif measure.has_statistics and not statistic then
        return end_position, ("one of p50, p90, p99, mean and ks of %s expected after a dot"):format(name)
    elseif statistic and not measure.has_statistics then
        return position + #name, ("%s is one number, it has no %s"):format(name, statistic)
    end
end

-- What is left of the ">": { measure, statistic, node (a word) }.
local function parse_left(text, left)
    local words = words_of(left)
    local statistic = is_statistic[words[#words].text] and table.remove(words).text or nil
    -- A statistic alone is the makespan's.
    local word = table.remove(words) or { text = "makespan", position = 1 }
    local position, message = misfit(word.text, statistic, word.position, #left + 1)
    if position then
        return wrong(text, position, message)
    end
    local node = #words > 0 and left:sub(words[1].position, word.position - 2) or nil
    if node == "" then
        return wrong(text, 1, "a node's number or name expected before the dot")
    elseif node and not measures[word.text].of_nodes then
        return wrong(text, word.position, ("%s is of traces, no node has one"):format(word.text))
    end
    return { measure = word.text, statistic = statistic, node = node }
end

---For argparse.
---@param text string
---@return { text: string, measure: string, statistic: string|nil, node: string|nil, limit: number }|nil
---@return string|nil problem
function conditions.parse(text)
    local left, above, right = text:match("^%s*(.-)%s*()>%s*()")
    if not left or left == "" then
        return wrong(text, above and 1 or #text + 1, left and "a measure expected" or '">" expected')
    end
    local begin = text:find("%S")
    local condition, problem = parse_left(text, (" "):rep(begin - 1) .. left)
    if not condition then
        return nil, problem
    end
    local percent, after = text:match("^(%d+%.?%d*)()", right)
    if not percent then
        return wrong(text, right, "a number expected")
    elseif not text:find("^%s*%%%s*$", after) then
        return wrong(text, after, '"%" and nothing more expected')
    end
    condition.text, condition.limit = text, tonumber(percent) / 100
    return condition
end

-- Is the measure one that the condition is about? Without a node, those of traces; where traces have none, of any node.
local function is_about(condition, nodes, measure)
    if measure.name ~= condition.measure then
        return false
    elseif nodes then
        return tables.contains(nodes, measure.node)
    end
    return (measure.node == nil) == (measures[condition.measure].of_traces == true)
end

-- The number of a measure that a condition limits; nil where nothing was predicted that could be compared.
local function error_of(condition, measure)
    if condition.statistic == "ks" then
        return measure.ks
    end
    for _, statistic in ipairs(measure.statistics) do
        if statistic.name == (condition.statistic or "value") then
            return statistic.error
        end
    end
end

---Checks a condition. Raises where it is about nothing: it would hold whatever happens.
---@param condition table of conditions.parse
---@param compared table[] measures of judgement
---@return table[] failed { measure, error } of those that are over the limit; without `error` what was not predicted
function conditions.failed(condition, compared)
    local nodes = condition.node and options.nodes_called(condition.node)
    local failed, is_judged = {}, false
    for _, measure in ipairs(compared) do
        if is_about(condition, nodes, measure) then
            local off = error_of(condition, measure)
            is_judged = true
            if not off or math.abs(off) > condition.limit then
                failed[#failed + 1] = { measure = measure, error = off }
            end
        end
    end
    if not is_judged then
        failure.raise("usage", "--fail-on %s: there is nothing to judge: after the cut no %s was measured%s",
            condition.text, condition.measure, condition.node and (' of the node "%s"'):format(condition.node) or "")
    end
    return failed
end

return conditions

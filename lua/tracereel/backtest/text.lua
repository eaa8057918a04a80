-- How measures and their errors are written, in the text and on the page.
local node_names = require "tracereel.log.node_names"
local plain_text = require "tracereel.util.text"
local units = require "tracereel.util.units"

local text = {}

---"makespan", "charge queue".
function text.measure(measure)
    return measure.node and node_names.node(measure.node) .. " " .. measure.name or measure.name
end

---A number of a measure.
---@param measure table
---@param value number|nil
function text.value(measure, value)
    if not value then
        return "-"
    elseif measure.kind == "times" then
        return units.rounded_duration(units.magnitude(value))
    elseif measure.kind == "rate" then
        return units.rate(value)
    end
    return ("%.1f %%"):format(value * 100)
end

---An error: "+12 %"; of a share "+1.2 pp", points of percent. Of several folds it has no sign.
---@param measure table
---@param off number|nil
---@param has_value boolean something was predicted
function text.error(measure, off, has_value)
    if not off then
        return has_value and "new" or "-"
    end
    local sign, percent = measure.folds and "" or "+", off * 100
    if measure.kind == "share" then
        return (("%" .. sign .. ".1f pp"):format(percent):gsub("^-0%.0 ", "+0.0 "))
    end
    local form = math.abs(percent) >= 1e5 and ".0e" or math.abs(percent) >= 9.95 and ".0f" or ".1f"
    return (("%" .. sign .. form .. " %%"):format(percent):gsub("^-0%.0 ", "+0.0 "))
end

---A distance from 0 to 1.
function text.distance(value)
    return value and ("%.2f"):format(value) or "-"
end

-- In this order.
local verdicts = {
    { "better", "better than the past repeated: %s" }, { "worse", "worse: %s" },
    { "same", "no different (within 2 points): %s" }, { "unjudged", "too few values: %s" },
    { "unknown", "not in the past: %s" },
}

local max_named = 12

---Has the past anything of it, so that something could be predicted?
function text.is_known(measure)
    return (measure.score or measure.naive_score) ~= nil
end

-- Nodes as a list: names, and numbers where there are none; three numbers or more that follow each other as "4-9".
local function node_list(nodes)
    local parts, index = {}, 1
    while index <= #nodes do
        local last = index
        while not node_names.name(nodes[last]) and nodes[last + 1] == nodes[last] + 1
            and not node_names.name(nodes[last + 1]) do
            last = last + 1
        end
        local is_range = last - index >= 2
        parts[#parts + 1] = is_range and ("%d-%d"):format(nodes[index], nodes[last]) or node_names.label(nodes[index])
        index = is_range and last + 1 or index + 1
    end
    local more = #parts > max_named and (" and %d more"):format(#parts - max_named) or ""
    return table.concat(parts, ", ", 1, math.min(#parts, max_named)) .. more
end

-- The measures of each verdict in words: those of the traces, then for each measure of nodes which have it.
local function words_by_verdict(measures)
    local words, groups = {}, {}
    for _, measure in ipairs(measures) do
        local verdict = measure.verdict or text.is_known(measure) and "unjudged" or "unknown"
        words[verdict], groups[verdict] = words[verdict] or {}, groups[verdict] or {}
        local of_name = groups[verdict][measure.name]
        if not measure.node then
            table.insert(words[verdict], measure.name)
        elseif of_name then
            table.insert(of_name, measure.node)
        else
            groups[verdict][measure.name] = { measure.node }
        end
    end
    for verdict, by_name in pairs(groups) do
        for _, name in ipairs { "run", "queue", "suspended", "errors" } do
            if by_name[name] then
                local is_numbered = not node_names.name(by_name[name][1])
                table.insert(words[verdict], ("%s of %s%s"):format(name, is_numbered and "node " or "",
                    node_list(by_name[name])))
            end
        end
    end
    return words
end

---Which measures are predicted better than by the past repeated, and which not, in one sentence.
---@param measures table[]
---@return string
function text.summary(measures)
    local words, parts = words_by_verdict(measures), {}
    for _, verdict in ipairs(verdicts) do
        local list = words[verdict[1]]
        if list or verdict[1] == "better" then
            parts[#parts + 1] = verdict[2]:format(list and table.concat(list, ", ") or "none")
        end
    end
    return table.concat(parts, "; ")
end

local function from(from_ns, until_ns)
    return ("from %s, %s"):format(units.time(from_ns):gsub("%d%d%d%d%d%dZ$", "Z"), units.span(from_ns, until_ns))
end

---What was learnt in one fold and what of it is not known, and what was predicted: lines of text.
---@return string[] learnt
---@return string[] predicted
function text.fold(fold)
    local learnt = fold.learnt
    local lines = {
        from(learnt.from_ns, learnt.until_ns),
        plain_text.count(learnt.closed, "closed trace") .. (learnt.open == 0 and ", none open at the cut"
            or ("; %d open at the cut are censored"):format(learnt.open)),
    }
    if learnt.open > 0 then
        lines[#lines + 1] = ("effective sample: %.0f traces"):format(learnt.effective)
    end
    if learnt.never_closed_weight > 0 then
        lines[#lines + 1] = ("%d outlasted all closed ones: %.2g %% of the weight, which never ends"):format(
            learnt.never_closed, 100 * learnt.never_closed_weight)
    end
    if learnt.left_out > 0 then
        lines[#lines + 1] = plain_text.count(learnt.left_out, "tainted trace") .. " left out"
    end
    return lines, {
        from(fold.cut_ns, fold.until_ns),
        ("%s when they came, of which %d closed in the log"):format(plain_text.count(fold.arrivals, "arrival"),
            fold.closed),
    }
end

---What must be known before the numbers are believed, in sentences.
---@param result table of backtest.run
---@return string[]
function text.warnings(result)
    local sentences = {}
    for _, fold in ipairs(result.folds) do
        local found = fold.contention
        if found then
            sentences[#sentences + 1] = ("before the cut at %s the log was recorded on %s, all taken for %.0f %% of "
                .. "the time in which any was: of %s that nodes waited %s were for want of a place, and are played "
                .. "again as they were. A scenario that says `limits = { nodes = %d }` has them arise anew"):format(
                units.time(fold.cut_ns), plain_text.count(found.places, "place"), 100 * found.full_share,
                units.rounded_duration(found.lag_ns), units.rounded_duration(found.wait_ns), found.places)
        end
        if fold.lagging > 0 then
            sentences[#sentences + 1] = ("of %s the clock is far behind the log's, which stands still meanwhile: their "
                .. "times are too short or too long"):format(plain_text.count(fold.lagging, "trace"))
        end
    end
    return sentences
end

return text

-- What the engine will do with every open trace, for a person who has to act on it: grouped by outcome, the gravest
-- first, each group with what can be done.
local forecast_classes = require "tracereel.forecast.classes"
local output = require "tracereel.cli.output"
local render_table = require "tracereel.render.table"
local text = require "tracereel.util.text"

local forecast_page = {}

-- Traces of one group that are shown unless all are asked for.
local max_shown = 20

local style_of = { skipped = "red", branch = "red", inputs = "red", overwritten = "red", asks = "yellow" }

local function write_wrapped(words, indent)
    for _, line in ipairs(text.wrap(words, math.max(output.columns() - #indent, 24))) do
        output.line(indent .. line)
    end
end

local function by_class(traces)
    local groups = {}
    for _, one in ipairs(traces) do
        local key = one.outlook.class
        groups[key] = groups[key] or {}
        table.insert(groups[key], one)
    end
    return groups
end

local function write_group(class, traces, is_full)
    output.line("")
    output.line(output.paint(style_of[class.key] or "bold", ("%s: %s"):format(class.title,
        text.count(#traces, "trace"))))
    if class.advice then
        write_wrapped(class.advice .. ".", "  ")
    end
    local shown = is_full and #traces or math.min(#traces, max_shown)
    for index = 1, shown do
        local one = traces[index]
        local mark = one.entry.tainted and "  TAINTED" or ""
        output.line(("  %s%s"):format(output.paint("bold", one.entry.trace_id), mark))
        write_wrapped(one.engine.reason, "    ")
    end
    if shown < #traces then
        output.line(("  ... and %d more (--full shows them)"):format(#traces - shown))
    end
end

---Writes the forecast of a plan's traces to standard output.
---@param traces table[] { entry, engine, outlook }
---@param is_full boolean
function forecast_page.write(traces, is_full)
    local groups, rows = by_class(traces), {}
    for _, class in ipairs(forecast_classes.all) do
        if groups[class.key] then
            rows[#rows + 1] = { class.title, #groups[class.key] }
        end
    end
    output.write(render_table(rows, { "AT ITS NEXT START THE ENGINE", "TRACES" }))
    for _, class in ipairs(forecast_classes.all) do
        if groups[class.key] then
            write_group(class, groups[class.key], is_full)
        end
    end
end

return forecast_page

-- `tracereel timing`: which node costs the time, of whole logs and against a baseline.
local baseline = require "tracereel.timing.baseline"
local exit_codes = require "tracereel.cli.exit_codes"
local failure = require "tracereel.util.failure"
local of_log = require "tracereel.flow.of_log"
local node_names = require "tracereel.log.node_names"
local logs = require "tracereel.cli.logs"
local options = require "tracereel.cli.options"
local output = require "tracereel.cli.output"
local render_csv = require "tracereel.render.timing_csv"
local renumbering = require "tracereel.flow.renumbering"
local restarts = require "tracereel.log.restarts"
local rows = require "tracereel.timing.rows"
local output_file = require "tracereel.cli.output_file"
local timing = require "tracereel.timing.gather"
local tables = require "tracereel.util.tables"
local timing_table = require "tracereel.render.timing_table"
local tracereel = require "tracereel"
local units = require "tracereel.util.units"

local command = { name = "timing", summary = "Show where time goes: run times, waiting, critical path, per node." }

local default_worst_count, default_trace_rows, max_rows = 10, 20, 1000

local function row_count(value)
    local number = value:match("^%d+$") and math.tointeger(tonumber(value))
    if not number or number < 1 or number > max_rows then
        return nil, ('"%s" is not a number from 1 to %d'):format(value, max_rows)
    end
    return number
end

function command.define(definition)
    options.logs(definition)
    options.trace_filter(definition, timing.parse_moment)
    options.outcome(definition)
    definition:option("--by", "What each row is: a node, one of the longest traces, an hour, or an outcome.")
        :choices({ "node", "trace", "hour", "outcome" }):default("node"):show_default(true)
    local sorts = units.keys(rows.keys)
    definition:option("--sort", "Sort nodes by this column, largest first: " .. table.concat(sorts, ", ") .. ".")
        :argname("<COLUMN>"):choices(sorts):default("total"):show_default(true)
    definition:option("--top", "Show at most N nodes; with --by trace, at most N traces (20).")
        :argname("<N>"):convert(row_count)
    of_log.define(definition)
    definition:option("--baseline", "Compare with this log, node by node."):argname("<LOG>")
    definition:option("--fail-on", "Exit with status 7 if a change from the baseline is significant and larger than "
        .. "this, as in \"p99>20%\". Can be repeated.")
        :argname("<CONDITION>"):count("*"):convert(baseline.parse_condition)
    options.json(definition)
    definition:flag("--csv", "Print rows as comma-separated values.")
    definition:option("--html", "Also write the report to this file, as one HTML page."):argname("<FILE>")
    options.reading(definition)
    options.since_restart(definition)
end

local function check_usage(parsed)
    if parsed.json and parsed.csv then
        failure.raise("usage", "--json and --csv exclude each other")
    elseif #parsed.fail_on > 0 and not parsed.baseline then
        failure.raise("usage", "--fail-on needs a --baseline to compare with")
    end
    for _, path in ipairs(parsed.logs) do
        if path == "-" and parsed.baseline == "-" then
            failure.raise("usage", "standard input can be the log or the baseline, not both")
        end
    end
end

local function query_of(parsed, flow, prefixes)
    local worst_count = parsed.by == "trace" and (parsed.top or default_trace_rows) or default_worst_count
    return {
        by = parsed.by,
        worst_count = worst_count,
        flow = flow,
        has_own_ids = node_names.are_imported(),
        since = parsed.since,
        until_moment = parsed["until"],
        is_trace_meant = prefixes and options.id_test(prefixes),
        is_outcome_meant = options.outcome_test(parsed),
    }
end

-- One report of all the logs, which need no headings: nil where none could be read, or the user has interrupted.
local function gather(parsed, query)
    local gatherer = timing.gatherer(query)
    gatherer:find_period(parsed, options.opener(parsed))
    local code = logs.each(setmetatable({ json = true }, { __index = parsed }), function(log, context)
        local finder = restarts.finder()
        gatherer:read(log, context.path, finder:handlers(log), options.to_open(parsed, context.path))
        renumbering.say(context.path, finder.list, parsed)
    end)
    if logs.interrupted() or #gatherer.log.paths == 0 then
        return nil, code
    end
    return gatherer:report(), code
end

-- A time that is written absolutely is of the logs; the baseline has its own. One before the end is before its own end.
local function baseline_query(query)
    local function relative(moment)
        return moment and moment.before_end_ns and moment or nil
    end
    return setmetatable({
        by = "node",
        since = relative(query.since) or false,
        until_moment = relative(query.until_moment) or false,
    }, { __index = query })
end

local function compare(report, parsed, query, nodes)
    local before_parsed = setmetatable({ logs = { parsed.baseline }, since_restart = false }, { __index = parsed })
    local before, code = gather(before_parsed, baseline_query(query))
    if not before then
        return code
    end
    rows.choose(before, { nodes = nodes })
    report.comparison = baseline.compare(before, report)
    baseline.check(report.comparison, parsed.fail_on)
    for _, sentence in ipairs(report.comparison.failed_checks) do
        output.say("%s", sentence)
        code = exit_codes.graver(code, exit_codes.check_failed)
    end
    return code
end

-- Times are unsigned, while an integer of Lua's is written with its sign. No text can look like the end of such a key:
-- a quotation mark within one is escaped.
local function json_of(value)
    return (tracereel.json(value):gsub('(_ns":)(%-%d+)', function(key, number)
        return key .. tracereel.unsigned(math.tointeger(number))
    end))
end

local function write_json_list(nodes)
    output.write("[")
    for index = 1, #nodes do
        output.write(index > 1 and "," or "", json_of(nodes:whole(index)))
    end
    output.write("]")
end

-- Nodes are written one by one, where in the text of all the rest a mark stands for a list of them. As in a key, no
-- text can look like it.
local function write_json(report)
    local mark, lists = '"nodes":"*"', {}
    local groups = {}
    for index, group in ipairs(report.groups) do
        lists[index], groups[index] = group.nodes, tables.changed(group, { nodes = "*" })
    end
    lists[#lists + 1] = report.nodes
    local text = json_of(tables.changed(report, { nodes = "*", groups = groups }))
    local from = 1
    for _, nodes in ipairs(lists) do -- "groups" comes before "nodes"
        local first, last = assert(text:find(mark, from, true))
        output.write(text:sub(from, first - 1), '"nodes":')
        write_json_list(nodes)
        from = last + 1
    end
    output.line(text:sub(from))
end

local function write(report, parsed)
    if parsed.json then
        write_json(report)
    elseif parsed.csv then
        render_csv(report, output.write)
    else
        timing_table.write(report)
    end
end

---@param parsed table
---@return integer exit code
function command.run(parsed)
    check_usage(parsed)
    parsed.measured = true
    local flow = of_log.of_all(parsed, parsed.logs, parsed.baseline)
    node_names.use(flow)
    local nodes, prefixes = options.nodes_and_traces(parsed)
    local query = query_of(parsed, flow, prefixes)
    local report, code = gather(parsed, query)
    if not report then
        return code
    end
    if parsed.baseline then
        rows.choose(report, { nodes = nodes })
        code = exit_codes.graver(code, compare(report, parsed, query, nodes))
    end
    local max_rows_shown = parsed.by ~= "trace" and parsed.top or nil
    rows.choose(report, { nodes = nodes, sort = parsed.sort, top = max_rows_shown })
    if parsed.html then
        local target = output_file.open(parsed.html)
        require "tracereel.render.timing_page".write(report, function(...)
            target:write(...)
        end)
        target:commit()
    end
    write(report, parsed)
    return code
end

return command

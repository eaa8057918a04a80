-- `tracereel timing`: which node costs the time, of whole logs and against a baseline.
local baseline = require "tracereel.timing.baseline"
local exit_codes = require "tracereel.cli.exit_codes"
local failure = require "tracereel.util.failure"
local grouping = require "tracereel.timing.grouping"
local of_log = require "tracereel.flow.of_log"
local node_names = require "tracereel.log.node_names"
local logs = require "tracereel.cli.logs"
local options = require "tracereel.cli.options"
local output = require "tracereel.cli.output"
local render_csv = require "tracereel.render.timing_csv"
local renumbering = require "tracereel.flow.renumbering"
local restarts = require "tracereel.log.restarts"
local rows = require "tracereel.timing.rows"
local shard = require "tracereel.cli.shard"
local output_file = require "tracereel.cli.output_file"
local period = require "tracereel.cli.period"
local partial_header = require "tracereel.partial.header"
local partial_task = require "tracereel.partial.task"
local timing = require "tracereel.timing.gather"
local timing_json = require "tracereel.render.timing_json"
local tables = require "tracereel.util.tables"
local timing_table = require "tracereel.render.timing_table"
local units = require "tracereel.util.units"
local where = require "tracereel.where"
local workers = require "tracereel.cli.workers"

local command = { name = "timing" }

local default_worst_count, default_trace_rows = 10, 20

local default_limits = { window = 5000, value = 100 }
-- Each group is compared with a baseline by dozens of tests.
local max_compared_windows = 1000

local function default_limit(parsed)
    local limit = default_limits[parsed.by.kind]
    return limit and parsed.baseline and math.min(limit, max_compared_windows) or limit
end

local function row_count(value)
    local number = value:match("^%d+$") and math.tointeger(tonumber(value))
    if not number or number < 1 or number > rows.max_rows then
        return nil, ('"%s" is not a number from 1 to %d'):format(value, rows.max_rows)
    end
    return number
end

-- For argparse's `action`.
local function set_once(parsed, key, value)
    parsed.has_two, parsed.has_one = parsed.has_one, true
    parsed[key] = value
end

function command.define(definition)
    options.logs(definition)
    options.trace_filter(definition, period.parse_moment)
    options.outcome(definition)
    where.define(definition, "traces")
    local by = definition:option("--by", "What each row is: node, trace (the longest), outcome, hour or any window of "
        .. "time such as 15m, or metadata.KEY: the traces with the same value in their metadata.")
        :argname("<ROWS>"):convert(grouping.parse):action(set_once):default("node"):show_default(true)
    by.completions = grouping.words
    definition:option("--limit", "Show at most N windows (the latest; 5000) or values of metadata (those with the "
        .. "most traces; 100); all others are one row."):argname("<N>"):convert(options.whole(1, rows.max_groups))
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
    shard.define(definition)
    partial_task.define(definition)
    workers.define(definition, "Read so many logs at a time, each in a process of its own; or one log by parts of its "
        .. "traces.")
end

-- What a partial, or what is merged of partials, cannot have: it would need the logs again, or all of them at once.
local function check_partial_usage(parsed)
    partial_task.check_usage(parsed)
    local ways_out = { baseline = "run timing on the logs themselves for it", flow = "put the flow beside the log",
        html = "merge --html writes the page" }
    for name, way_out in units.sorted(ways_out) do
        if parsed[name] then
            failure.raise("usage", "--partial is merged without the logs: it excludes --%s; %s", name, way_out)
        end
    end
    period.check_partial(parsed)
end

local function check_usage(parsed)
    if parsed.has_two then
        failure.raise("usage", "--by was given twice: a report has rows of one kind; --trace, --outcome, --since and "
            .. "--until make a report of a part of the log")
    elseif parsed.json and parsed.csv then
        failure.raise("usage", "--json and --csv exclude each other")
    elseif parsed.shard and parsed.baseline then
        failure.raise("usage", "--shard reads a part of a log, for a report that is merged: it excludes --baseline")
    elseif #parsed.fail_on > 0 and not parsed.baseline then
        failure.raise("usage", "--fail-on needs a --baseline to compare with")
    elseif parsed.limit and not default_limits[parsed.by.kind] then
        failure.raise("usage", "--limit is of the groups by windows of time and by values of metadata; --top is how "
            .. "many nodes or traces are shown")
    end
    for _, path in ipairs(parsed.logs) do
        if path == "-" and parsed.baseline == "-" then
            failure.raise("usage", "standard input can be the log or the baseline, not both")
        end
    end
end

-- Of values a partial keeps all: which have the most traces is known when all are merged.
local function limit_of(parsed, is_partial)
    return not (is_partial and parsed.by.kind == "value") and (parsed.limit or default_limit(parsed)) or nil
end

local function query_of(parsed, flow, prefixes, is_partial)
    local worst_count = parsed.by.by == "trace" and (parsed.top or default_trace_rows) or default_worst_count
    return {
        grouping = parsed.by,
        group_limit = limit_of(parsed, is_partial),
        worst_count = worst_count,
        flow = flow,
        has_own_ids = node_names.are_imported(),
        since = parsed.since,
        until_moment = parsed["until"],
        is_trace_meant = prefixes and options.id_test(prefixes),
        is_outcome_meant = options.outcome_test(parsed),
    }
end

-- Where no trace has the value that rows are made of, it was probably mistyped.
local function say_missing(report, noted_fields)
    local by = report.grouping
    if not by or by.value_count ~= 0 or #report.groups == 0 then
        return
    end
    table.sort(noted_fields)
    output.say("no trace has %s in the metadata of its trace_start%s", by.path, #noted_fields > 0
        and "; there are: " .. table.concat(noted_fields, ", ") or ", which holds no names at all")
end

local function visit(gatherer, parsed, is_packed)
    return function(log, context)
        -- What tells of restarts and of other numbers is in all traces: of shards the first one looks at them.
        local finder = not log.shard and restarts.finder() or nil
        local part = gatherer:part(log, context.path, finder and finder:handlers(log),
            options.to_open(parsed, context.path), is_packed)
        if shard.speaks(log.shard) then
            renumbering.say(context.path, finder and finder.list, parsed)
        end
        return nil, part
    end
end

-- One report of all the logs, which need no headings: nil where none could be read, or the user has interrupted.
local function gather(parsed, query)
    local gatherer = timing.gatherer(query)
    gatherer:find_period(parsed, options.opener(parsed))
    local is_shared = parsed.jobs > 1 and #parsed.logs == 1 and parsed.logs[1] ~= "-" and not parsed.shard
    local all = setmetatable({ json = true, shards = is_shared and parsed.jobs or nil }, { __index = parsed })
    local code, is_lost = logs.each(all, visit(gatherer, parsed, parsed.jobs > 1), function(part)
        gatherer:add(part)
    end)
    if logs.interrupted() or is_lost or #gatherer.log.paths == 0 then
        return nil, code
    end
    local report = gatherer:report()
    if report and not parsed.shard then
        say_missing(report, gatherer.noted)
    end
    return report, report and code or exit_codes.interrupted, gatherer
end

-- A time that is written absolutely is of the logs; the baseline has its own. One before the end is before its own end.
-- Of values, those of the report are compared, however many traces of the baseline have them.
local function baseline_query(query, report)
    local function relative(moment)
        return moment and moment.before_end_ns and moment or nil
    end
    return tables.changed(query, {
        chosen_values = report.grouping and query.grouping.kind == "value" and report.groups:key_set() or nil,
        since = relative(query.since) or false,
        until_moment = relative(query.until_moment) or false,
    })
end

local function compare(report, parsed, query, nodes)
    local before_parsed = setmetatable({ logs = { parsed.baseline }, since_restart = false }, { __index = parsed })
    local before, code = gather(before_parsed, baseline_query(query, report))
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
    return code, before
end

local function write_page(report, parsed, nodes, gatherer, before)
    local wanted = { nodes = nodes, before = before, top = parsed.by.by ~= "trace" and parsed.top or nil,
        logs = gatherer and { sources = gatherer.sources, test = gatherer:test(), flow = gatherer.query.flow } }
    output_file.made(parsed.html, function(put)
        require "tracereel.render.timing_page".write(report, put, wanted)
    end)
end

local function write(report, parsed, nodes, gatherer, before)
    if parsed.html then
        write_page(report, parsed, nodes, gatherer, before)
    end
    if parsed.json then
        timing_json.write(report, output.write)
    elseif parsed.csv then
        render_csv(report, output.write)
    else
        timing_table.write(report, nodes)
    end
end

local function write_partial(parsed, query)
    if query.has_own_ids then
        failure.raise("usage", "--partial: %s was imported, and its own ids are read from the log when the report is "
            .. "made: run timing on the logs themselves", parsed.logs[1])
    end
    local task = partial_task.begin(parsed, partial_header.new(command.name, parsed,
        { name = "", is_bundled = true, modules = {} }, {}))
    if not task then
        return exit_codes.ok
    end
    local gatherer = timing.gatherer(query)
    gatherer:find_period(parsed, options.opener(parsed))
    local visit_part = visit(gatherer, parsed, true)
    return task:finish(logs.each(setmetatable({ json = true }, { __index = parsed }), function(log, context)
        local code, part = visit_part(log, context)
        if part then
            part.open_options = nil
            task:take({ part }, log)
        end
        return code
    end))
end

---Prints the report of partials.
---@param parsed table as it was for each of them, with the paths of all logs
---@param each fun(take: fun(part: tracereel.timing_part)) calls take with each part, in their order
function command.write_merged(parsed, each)
    parsed.fail_on = {}
    local flow = of_log.of_all(parsed, parsed.logs)
    node_names.use(flow)
    local nodes = options.nodes_and_traces(parsed)
    local gatherer = timing.gatherer(query_of(parsed, flow, nil, true))
    gatherer:find_period(parsed)
    each(function(part)
        gatherer:add(part)
    end)
    gatherer:choose_values(limit_of(parsed))
    local report = gatherer:report()
    say_missing(report, gatherer.noted)
    rows.choose(report, { nodes = nodes, sort = parsed.sort, top = parsed.by.by ~= "trace" and parsed.top or nil })
    write(report, parsed, nodes)
end

---@param parsed table
---@return integer exit code
function command.run(parsed)
    check_usage(parsed)
    if parsed.where then
        where.check({ where = parsed.where }, "trace")
    end
    if parsed.partial then
        check_partial_usage(parsed)
    end
    parsed.measured = true
    local flow = of_log.of_all(parsed, parsed.logs, parsed.baseline)
    node_names.use(flow)
    local nodes, prefixes = options.nodes_and_traces(parsed)
    local query = query_of(parsed, flow, prefixes, parsed.partial)
    query.is_meant = where.test(parsed, "trace")
    if parsed.partial then
        return write_partial(parsed, query)
    end
    local report, code, gatherer = gather(parsed, query)
    local before
    if not report then
        return code
    end
    if parsed.baseline then
        rows.choose(report, { nodes = nodes })
        local compared
        compared, before = compare(report, parsed, query, nodes)
        code = exit_codes.graver(code, compared)
    end
    local max_rows_shown = parsed.by.by ~= "trace" and parsed.top or nil
    rows.choose(report, { nodes = nodes, sort = parsed.sort, top = max_rows_shown })
    write(report, parsed, nodes, gatherer, before)
    return code
end

return command

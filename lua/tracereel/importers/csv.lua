-- Event logs of process mining as tables: a row for each activity with its start and end, or for each event.
local activities = require "parts.activities"
local columns = require "parts.columns"
local exported = require "parts.exported_csv"
local times = require "parts.times"

local delimiters = { ",", ";", "\t", "|" }

-- The one that the first line has most of, outside of quotes.
local function delimiter_of(head)
    local line = (head:match("^[^\r\n]*") or ""):gsub('"[^"]*"', "")
    local best, best_count = ",", 0
    for _, delimiter in ipairs(delimiters) do
        local _, count = line:gsub("%" .. delimiter, "")
        if count > best_count then
            best, best_count = delimiter, count
        end
    end
    return best
end

local function header_of(head, delimiter)
    local header, line = {}, head:gsub("^\u{FEFF}", ""):match("^[^\r\n]*") or ""
    for field in (line .. delimiter):gmatch("(.-)%" .. delimiter) do
        header[#header + 1] = field:gsub('^"(.*)"$', "%1")
    end
    return header
end

local function detect(head)
    local header = header_of(head, delimiter_of(head))
    return #header > 1 and columns.suit(header)
end

-- What a file of events has in common with the next one: an activity may begin in one and end in the other.
local book

-- What a row says besides: of its case, with names that begin with case:, and of its activity.
local function other_columns(header, found, out, where)
    local is_used, of_case, of_activity = {}, {}, {}
    for _, index in pairs(found) do
        is_used[index] = true
    end
    for index, name in ipairs(header) do
        local case_name = name:match("^case:(.+)$")
        if is_used[index] then
            goto continue
        elseif name == "" or name:find("^Unnamed: %d+$") then
            out:left_out("columns without a name", where)
        elseif case_name then
            of_case[#of_case + 1] = { index = index, name = case_name }
        else
            of_activity[#of_activity + 1] = { index = index, name = name }
        end
        ::continue::
    end
    return of_case, of_activity
end

local function values_of(row, list)
    local values
    for _, column in ipairs(list) do
        local value = row[column.index]
        if value ~= "" then
            values = values or {}
            values[column.name] = value
        end
    end
    return values
end

-- A function that reads the time in a column, or gives nil where the field is empty or before 1970. Raises with the
-- row's place. The other function that is returned gives { index, zone or unit }, once a row has shown that input.time
-- reads it as is.
local function time_reader(table_of, index)
    local input = table_of.input
    local read, zone, form
    local function reader(row)
        local value = row[index]
        if value == "" then
            return nil
        elseif times.is_before_1970(value) then
            table_of.out:dropped("times before 1970", input:where())
            return nil
        elseif not read then
            read, zone = times.reader(input, table_of.out, value, input:where(), table_of.args)
            form = read == input.time and { index, zone } or nil
        end
        return read(value, zone)
    end
    return reader, function()
        return form
    end
end

local function never()
    return nil
end

local function field_reader(index)
    return index and function(row)
        local value = row[index]
        return value ~= "" and value or nil
    end or never
end

-- What is odd about the times of an activity. Returns them as they are to be written, nil where there are none.
local function mended(table_of, start_ns, end_ns)
    local out, input = table_of.out, table_of.input
    if not start_ns and not end_ns then
        out:dropped("rows without a time", input:where())
        return nil
    elseif start_ns and end_ns and end_ns < start_ns then
        out:bent("activities that end before they start: they take no time", input:where())
        end_ns = start_ns
    end
    return start_ns or end_ns, end_ns
end

local function schedule_before(table_of, scheduled_ns, start_ns)
    if scheduled_ns and scheduled_ns > start_ns then
        table_of.out:dropped("times of schedule that are after the start", table_of.input:where())
        return nil
    end
    return scheduled_ns
end

-- A row that has the start and the end of an activity, either of which may be empty. The other function that is
-- returned gives the columns as out:attempts takes them, once the rows have shown that it can.
local function interval_step(table_of, found)
    local start_of, start_form = time_reader(table_of, found.start)
    local end_of, end_form = time_reader(table_of, found["end"])
    local instance_of = found.instance and field_reader(found.instance)
    local scheduled_of, scheduled_form
    if found.scheduled then
        scheduled_of, scheduled_form = time_reader(table_of, found.scheduled)
    end
    local resource_index = found.resource or 0
    -- Filled anew for each row, which is cheaper than a new one.
    local step = {}
    local function write(row, trace, activity, metadata)
        local start_ns, end_ns = start_of(row), end_of(row)
        if not start_ns or not end_ns or end_ns < start_ns then
            start_ns, end_ns = mended(table_of, start_ns, end_ns)
            if not start_ns then
                return
            end
        end
        local resource = row[resource_index]
        step.at, step.instance, step.metadata = start_ns, instance_of and instance_of(row) or nil, metadata
        step.resource = resource ~= "" and resource or nil
        step.parallel = end_ns ~= nil
        step.scheduled = scheduled_of and schedule_before(table_of, scheduled_of(row), start_ns) or nil
        if end_ns then
            step.duration = end_ns - start_ns
            trace:attempt(activity, step)
        else
            step.duration = nil
            book:stays_open(trace)
            trace:start(activity, step)
        end
    end
    return write, function()
        local start, finish, scheduled = start_form(), end_form(), scheduled_form and scheduled_form()
        return start and finish and {
            trace = found.case, node = found.activity, start = start, ["end"] = finish,
            scheduled = scheduled or found.scheduled, instance = found.instance, resource = found.resource,
            parallel = true, outcome = "complete",
        }
    end
end

-- A row that is an event: without a lifecycle it takes no time, or it ends what began with the event before it.
local function event_step(table_of, found)
    local time_of = time_reader(table_of, found.time or found["end"] or found.start)
    local instance_of, resource_of = field_reader(found.instance), field_reader(found.resource)
    local out, input, only_ends = table_of.out, table_of.input, table_of.args.single == "end"
    return function(row, trace, activity, metadata)
        local at = time_of(row)
        if not at then
            out:dropped("rows without a time", input:where())
            return
        end
        local instance, resource = instance_of(row), resource_of(row)
        if not only_ends then
            trace:start(activity, { at = at, instance = instance, resource = resource, metadata = metadata })
        end
        trace:done(activity, { at = at, instance = instance, metadata = only_ends and metadata or nil })
    end
end

-- A row that is one transition of an activity. They are paired when all have been read, in the order of their times.
local function lifecycle_step(table_of, found)
    local time_of = time_reader(table_of, found.time or found["end"] or found.start)
    local instance_of, resource_of = field_reader(found.instance), field_reader(found.resource)
    local transition_of = field_reader(found.lifecycle)
    local out, input = table_of.out, table_of.input
    local events_of, order = {}, {}
    local function step(row, trace, activity, metadata)
        local at = time_of(row)
        if not at then
            out:dropped("rows without a time", input:where())
            return
        end
        local events = events_of[trace]
        if not events then
            events = {}
            events_of[trace], order[#order + 1] = events, trace
        end
        events[#events + 1] = { activity = activity, transition = transition_of(row), at = at,
            instance = instance_of(row), resource = resource_of(row), metadata = metadata, place = input:where() }
    end
    local function finish()
        for _, trace in ipairs(order) do
            local events = events_of[trace]
            activities.sort(events)
            for _, event in ipairs(events) do
                book:event(trace, event)
            end
        end
    end
    return step, nil, finish
end

-- What to do with a row, by the columns that there are; how out:attempts does it, where it can; what to do at the end.
local function step_of(table_of, found)
    if found.start and not found["end"] and found.time then
        -- As pm4py has it: time:timestamp is when the activity ended.
        found["end"], found.time = found.time, nil
    end
    if found.start and found["end"] then
        return interval_step(table_of, found)
    elseif found.lifecycle then
        return lifecycle_step(table_of, found)
    end
    return event_step(table_of, found)
end

local function require_columns(input, header, found)
    local function need(role, name)
        if not found[role] then
            input:fail("no column is known to be the %s; -a %s=NAME says which, of %s", name, role,
                table.concat(header, ", "))
        end
    end
    need("case", "case")
    need("activity", "activity")
    if not found.start and not found["end"] then
        need("time", "time")
    end
end

-- By name, as out:attempts takes them; nil where two have one name.
local function indexes_of(list)
    local indexes = {}
    for _, column in ipairs(list) do
        if indexes[column.name] then
            return nil
        end
        indexes[column.name] = column.index
    end
    return indexes
end

-- The rows that are to be looked at here: all, until it is known how out:attempts can take most of them.
local function rows_left(out, rows, columns_of, of_case, of_activity)
    local trace_metadata, metadata = indexes_of(of_case), indexes_of(of_activity)
    local others
    return columns_of and trace_metadata and metadata and function()
        local roles = not others and columns_of()
        if roles then
            roles.trace_metadata, roles.metadata = trace_metadata, metadata
            others = out:attempts(rows, roles)
        end
        return (others or rows)()
    end or rows
end

local function read_rows(table_of, rows, header, found)
    local out, input = table_of.out, table_of.input
    local step, columns_of, finish = step_of(table_of, found)
    local of_case, of_activity = other_columns(header, found, out, input.name)
    local case_index, activity_index, width = found.case, found.activity, #header
    local traces = {}
    for row in rows_left(out, rows, columns_of, of_case, of_activity) do
        local case, activity = row[case_index], row[activity_index]
        if #row ~= width then
            out:dropped("rows with more or fewer fields than the first", input:where())
        elseif case == "" or activity == "" then
            out:dropped("rows without a case or an activity", input:where())
        else
            local trace = traces[case]
            if not trace then
                trace = out:trace { id = case, metadata = values_of(row, of_case), outcome = "complete" }
                traces[case] = trace
                book:note(trace)
            end
            step(row, trace, activity, of_activity[1] and values_of(row, of_activity))
        end
    end
    if finish then
        finish()
    end
end

local function import(input, out, args)
    local given_delimiter = args.delimiter == "tab" and "\t" or args.delimiter
    local delimiter = given_delimiter or delimiter_of(input:head())
    local rows = input:csv { delimiter = delimiter, header = false, reuse = true }
    local header = rows()
    if not header then
        input:fail("it is empty: a first row with the names of the columns expected")
    end
    header = table.move(header, 1, #header, 1, {})
    if exported.suits(header) then
        return exported.import(input, out, rows, header)
    end
    local found = columns.find(header, args, function(...)
        input:fail(...)
    end)
    require_columns(input, header, found)
    if not book then
        out:flow { name = input.name:match("([^/]+)%.[ct]sv") or "events" }
        book = activities.new(out, function(event)
            return event.place
        end)
    end
    read_rows({ input = input, out = out, args = args }, rows, header, found)
end

local function column(help)
    return { type = "string", help = help }
end

return {
    api = 1,
    summary = "Event logs of process mining as tables (CSV), and what export --format csv writes.",
    extensions = { "csv", "tsv" },
    detect = detect,
    args = {
        case = column("The column with the case."),
        activity = column("The column with the activity."),
        start = column("The column with an activity's start."),
        ["end"] = column("The column with an activity's end."),
        time = column("The column with an event's time."),
        scheduled = column("The column with the time at which an activity could have begun."),
        resource = column("The column with who did it."),
        lifecycle = column("The column with an event's transition: start, complete and so on."),
        instance = column("The column that tells activities of one name apart."),
        zone = column("The zone of times that name none, such as +01:00. Default: UTC."),
        dates = { type = "string", choices = { "dmy", "mdy" }, help = "What stands first in dates with slashes." },
        delimiter = column("What separates fields: a character, or tab. Default: what the first line has most of."),
        single = { type = "string", choices = { "instant", "end" }, default = "instant",
            help = "What an event with one time is: it takes no time, or ends what began with the event before it." },
    },
    import = import,
    finish = function()
        if book then
            book:finish()
        end
    end,
}

-- The options that several commands share: how a log is read, and which of its records are meant.
local failure = require "tracereel.util.failure"
local base = require "tracereel.base"
local node_names = require "tracereel.log.node_names"
local period = require "tracereel.cli.period"
local tables = require "tracereel.util.tables"
local units = require "tracereel.util.units"

local options = {}

---For argparse: a whole number within limits.
---@param least integer
---@param most integer
---@return fun(text: string): integer|nil, string|nil
function options.whole(least, most)
    return function(text)
        local number = math.tointeger(tonumber(text))
        if not number or number < least or number > most then
            return nil, ('"%s" is not a whole number from %d to %d'):format(text, least, most)
        end
        return number
    end
end

-- For argparse's `convert`, which takes (value or nil, problem): a list with commas of one item or more, each of which
-- `check` accepts, or answers with nil and what is wrong with it.
local function list_of(what, check)
    return function(value)
        if not value:find("[^,]") then
            return nil, ("%s expected, got an empty list"):format(what)
        end
        for item in value:gmatch("[^,]+") do
            local accepted, problem = check(item)
            if not accepted then
                return nil, problem
            end
        end
        return value
    end
end

local function one_of(known, what)
    return function(name)
        return known[name], ('unknown %s "%s"; known are %s'):format(what, name, units.names(known))
    end
end

-- A number is one; what else is written may be the name of a node, which only a log's flow can tell.
local function node_word(item)
    local node = item:match("^%d+$") and math.tointeger(tonumber(item))
    if item:find("^%d+$") and (not node or node > 0xFFFFFFFF) then
        return nil, ('"%s" is not a node number'):format(item)
    end
    return item
end

-- The beginning of an id in text form, or all of it.
local function is_prefix(value)
    return value:find("^[%x-]+$") ~= nil and #value <= 36
end

---How a message calls the traces that a word means.
---@param word string
---@return string
function options.trace_words(word)
    return is_prefix(word) and ('whose id begins with "%s"'):format(word) or ('that is called "%s"'):format(word)
end

local known_types = {}
for _, name in ipairs(base.types) do
    known_types[name] = true
end

---The option for a log whose segments are elsewhere.
---@param command table
function options.segments_from(command)
    command:option("--segments-from", "Read one more log, whose segments this file lists: on each line a path, or "
        .. "\"wal_HEX.log | COMMAND\", where the command writes the segment."):argname("<LIST>")
end

---The logs of a command line, in parsed.logs.
function options.logs(command)
    command:argument("logs", "A directory of segments, one segment, a .gz or .zst, or - for standard input.")
        :argname("<LOG>"):args("*")
    options.segments_from(command)
end

function options.json(command)
    command:flag("--json", "Print JSON, one object per line.")
end

local from_position = {
    help = "Start at SEQUENCE:OFFSET; SEQUENCE is decimal, hexadecimal (0x...), or a segment's file name.",
    argname = "<POSITION>",
    convert = units.parse_position,
}

---Where the arenas are.
function options.arenas(command)
    command:option("--arenas", "The directory of the nodes' outputs. Default: LOG/../arenas or LOG/.., where the "
        .. "engine keeps them."):argname("<DIR>")
end

---`--arenas [DIR]`, of a command that changes them: whether they are meant, and where they are.
function options.log_arenas(command, help)
    command:option("--arenas", help .. " DIR: the directory of the arenas. Default: LOG/../arenas or LOG/.., where "
        .. "the engine keeps them."):argname("<DIR>"):args("?")
end

---After `--arenas` without a directory comes the log, which argparse then takes for the directory.
---@param parsed table
---@param key string of the argument for the log
function options.resolve_log_arenas(parsed, key)
    local arenas = parsed.arenas
    if not parsed[key] and arenas and arenas[1] then
        parsed[key], arenas[1] = arenas[1], nil
    elseif not parsed[key] then
        failure.raise("usage", "no log: give a directory of segments")
    end
end

---How a log is read.
---@param command table
---@param from? { help: string, argname: string, convert: function } where --from can be more than a position
function options.reading(command, from)
    from = from or from_position
    command:option("--mode", "At damage: read on after it (salvage), stop (prefix), or fail (strict).")
        :choices({ "salvage", "prefix", "strict" }):default("salvage"):show_default(true)
    command:option("--from", from.help):argname(from.argname):convert(from.convert)
    command:flag("--snapshot", "Start at the newest snapshot, if any; the engine never does.")
    command:flag("--no-snapshot"):hidden(true) -- what older versions had
end

local to_nodes = list_of("a node number", node_word)
local to_traces = list_of("a trace id, or the beginning of one,", function(item)
    return item
end)

---For argparse: a list with commas of ids, beginnings of ids, and texts that an import had as ids.
options.trace_list = to_traces

local time_forms = "RFC 3339, nanoseconds since 1970, or, as in -2h, a time before the end of the log."

---When, of what is meant.
---@param command table
---@param since string what --since says, up to the forms of a time
---@param before string what --until says
---@param parse_time? function
function options.period(command, since, before, parse_time)
    command:option("--since", since .. time_forms):argname("<TIME>"):convert(parse_time or period.parse)
    command:option("--until", before):argname("<TIME>"):convert(parse_time or period.parse)
end

local function add_filter(command, nodes, traces)
    command:option("--node", nodes):argname("<NODE>"):count("*"):convert(to_nodes)
    command:option("--trace", traces):argname("<ID>"):count("*"):convert(to_traces)
end

---Which records are meant. Every option can be repeated and takes lists with commas.
function options.filter(command)
    command:option("--type", "Show only records of these types."):argname("<TYPE>"):count("*")
        :convert(list_of("a record type", one_of(known_types, "type")))
    add_filter(command, "Show only records of these nodes, and records that name no node.",
        "Show only records of these traces, given by id, by the beginning of one, or by the source's own id.")
    options.period(command, "Show only records from this time on: ", "Show only records before this time.")
end

---Which traces are meant, and which of their nodes. Every option can be repeated and takes lists with commas.
---@param command table
---@param parse_time? function in place of period.parse
function options.trace_filter(command, parse_time)
    add_filter(command, "Include only these nodes of the traces.",
        "Include only these traces, given by id, by the beginning of one, or by the source's own id.")
    options.trace_period(command, parse_time)
end

---Which traces are meant, by when they began.
---@param command table
---@param parse_time? function
function options.trace_period(command, parse_time)
    options.period(command, "Include only traces that began at this time or later: ",
        "Include only traces that began before this time.", parse_time)
end

local function flat(lists, convert)
    local items = {}
    for _, list in ipairs(lists or {}) do
        for item in list:gmatch("[^,]+") do
            items[#items + 1] = convert and convert(item) or item
        end
    end
    return #items > 0 and items or nil
end

local max_told_names = 12

-- The names that there are, for a message.
local function known_names()
    local names = node_names.all()
    local shown = table.concat(names, ", ", 1, math.min(#names, max_told_names))
    return #names > max_told_names and ("%s and %d more"):format(shown, #names - max_told_names) or shown
end

---The numbers of the nodes that a word means: a number, or a name of the log that is used (node_names.use). Raises
---where no node is called so.
---@param word string
---@return integer[]
function options.nodes_called(word)
    local ids = node_names.find(word)
    if word:find("^%d+$") then
        ids = { math.tointeger(tonumber(word)) }
    elseif not node_names.are_known() then
        failure.raise("usage", '"%s" is not a node number, and the log has no names of nodes', word)
    elseif #ids == 0 then
        failure.raise("usage", 'no node is called "%s"; known are %s', word, known_names())
    end
    return ids
end

---Raises where a word cannot mean a trace of the log that is used: in one that was not imported a trace has no other id
---than its own.
---@param word string
---@param where string|nil what the message begins with
function options.check_trace_word(word, where)
    if not is_prefix(word) and not node_names.are_imported() then
        failure.raise("usage", '%s"%s" is neither a trace id nor the beginning of one', where or "", word)
    end
end

---The words for traces of the parsed options. A source's own id may have a comma in it: then it is one of them, too.
---@return string[]|nil nil: all traces
function options.trace_list_of(parsed)
    local words = flat(parsed.trace)
    for _, word in ipairs(words or {}) do
        options.check_trace_word(word)
    end
    for _, whole in ipairs(node_names.are_imported() and parsed.trace or {}) do
        if words and whole:find(",", 1, true) then
            words[#words + 1] = whole
        end
    end
    return words
end

---The nodes, and the words for traces, of the parsed options. Nodes can be called by the names of the log that
---is used.
---@return integer[]|nil nodes nil: all of them
---@return string[]|nil traces nil: all of them
function options.nodes_and_traces(parsed)
    local nodes
    for _, word in ipairs(flat(parsed.node) or {}) do
        nodes = nodes or {}
        for _, id in ipairs(options.nodes_called(word)) do
            nodes[#nodes + 1] = id
        end
    end
    return nodes, options.trace_list_of(parsed)
end

local function id_key(id)
    return (id:lower():gsub("-", ""))
end

---A test for the ids that words mean: those that begin so, written with or without hyphens, and that which an import
---made of the word where the source had it as an id.
---@param words string[]
---@return fun(id: string): boolean
function options.id_test(words)
    local keys, is_called = {}, {}
    for _, word in ipairs(words) do
        keys[#keys + 1] = is_prefix(word) and id_key(word) or nil
        is_called[base.trace_id_of(word)] = true
    end
    return function(id)
        if is_called[id] then
            return true
        end
        local key = id_key(id)
        for _, prefix in ipairs(keys) do
            if key:sub(1, #prefix) == prefix then
                return true
            end
        end
        return false
    end
end

---Where the period begins and ends that is meant. Raises where nothing can be in it.
---@param parsed table after period.resolve
---@return integer|nil since_ns
---@return integer|nil until_ns
function options.times(parsed)
    local since_ns, until_ns = parsed.since, parsed["until"]
    if since_ns and until_ns and not math.ult(since_ns, until_ns) then
        failure.raise("usage", "--since is not before --until: nothing can be shown")
    elseif until_ns == 0 then
        failure.raise("usage", "--until: nothing is before 1970-01-01T00:00:00Z")
    end
    return since_ns, until_ns
end

---The filter for a replay, from the parsed options.
---@return tracereel.filter
---@return nil|fun(id: string): boolean accepts what the filter's `traces` cannot say: beginnings of ids
function options.to_filter(parsed)
    local nodes, traces = options.nodes_and_traces(parsed)
    local is_whole, ids = true, {}
    for index, word in ipairs(traces or {}) do
        is_whole = is_whole and (not is_prefix(word) or #id_key(word) == 32)
        ids[index] = base.trace_id_of(word)
    end
    local filter = { types = flat(parsed.type), nodes = nodes, traces = is_whole and traces and ids or nil }
    filter.since_ns, filter.until_ns = options.times(parsed)
    return filter, not is_whole and options.id_test(traces) or nil
end

local outcomes = { "complete", "failed", "open", "continued", "cancelled", "timed_out", "terminated" }
local is_outcome = tables.set(outcomes)

---Which traces are meant, by how they ended.
---@param command table
---@param help string|nil
function options.outcome(command, help)
    local option = command:option("--outcome", (help or "Include only traces that ended so: ")
        .. table.concat(outcomes, ", ") .. ". Can be repeated."):argname("<OUTCOME>"):count("*")
        :convert(list_of("an outcome", one_of(is_outcome, "outcome")))
    option.completions = outcomes
end

---The outcomes that are meant; nil where all are.
---@return string[]|nil
function options.outcomes(parsed)
    return flat(parsed.outcome)
end

---A test of outcomes: of a trace that has not ended "open", otherwise trace.outcome. nil where all are meant.
---@return nil|fun(outcome: string|nil): boolean
function options.outcome_test(parsed)
    local wanted = options.outcomes(parsed)
    if not wanted then
        return nil
    end
    local is_wanted = tables.set(wanted)
    return function(outcome)
        return is_wanted[outcome or "open"] == true
    end
end

local function whole_number(text)
    local number = text:match("^%d+$") and math.tointeger(tonumber(text))
    return number, not number and ('"%s" is not a number'):format(text) or nil
end

---Reading what lies between two starts of the engine alone.
function options.since_restart(command)
    command:option("--since-restart", "Read only from the engine's Nth restart to the next one, numbered as in check; "
        .. "0: up to the first. Traces from before are treated as by --from.")
        :argname("<N>"):convert(whole_number)
end

---What tracereel.open takes, from the parsed options. A command sets `as_engine` for what the engine reads of a log.
---@param path? string of the log, where --since-restart is an option
---@return tracereel.open_options
function options.to_open(parsed, path)
    if parsed.no_snapshot then
        failure.raise("usage", "--no-snapshot: this is what happens now, leave it out; --snapshot uses a snapshot")
    end
    local opened = { mode = parsed.mode, from = parsed.from, snapshot = parsed.snapshot or false,
        compressed = not parsed.as_engine, measured = parsed.measured }
    if not parsed.since_restart or not path then
        return opened
    elseif parsed.from or parsed.snapshot then
        failure.raise("usage", "--since-restart says where to begin: it excludes %s", parsed.from and "--from"
            or "--snapshot")
    end
    return require "tracereel.log.restarts".period(path, parsed.since_restart, opened)
end

---The same for the traces that are meant to be read: those of --shard. What concerns the whole log (its end, its
---restarts, what is learned of its nodes) is read with `to_open`.
---@return tracereel.open_options
function options.to_read(parsed, path)
    local opened = options.to_open(parsed, path)
    opened.shard = parsed.shard
    return opened
end

---`to_open` as a function of a log's path.
---@return fun(path: string): tracereel.open_options
function options.opener(parsed)
    return function(path)
        return options.to_open(parsed, path)
    end
end

return options

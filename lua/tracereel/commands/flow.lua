-- `tracereel flow`: a first flow file, for a person to correct: guessed from logs, or the engine's own with the numbers
-- that its nodes have in them.
local certainty_texts = require "tracereel.flow.certainty_texts"
local exit_codes = require "tracereel.cli.exit_codes"
local failure = require "tracereel.util.failure"
local flow = require "tracereel.flow"
local from_yaml = require "tracereel.flow.from_yaml"
local guess = require "tracereel.flow.guess"
local logs = require "tracereel.cli.logs"
local of_log = require "tracereel.flow.of_log"
local options = require "tracereel.cli.options"
local output = require "tracereel.cli.output"
local renumbering = require "tracereel.flow.renumbering"
local restarts = require "tracereel.log.restarts"
local output_file = require "tracereel.cli.output_file"
local tracereel = require "tracereel"
local units = require "tracereel.util.units"

local command = { name = "flow" }

local default_name = "pipeline"

local function name_and_number(text)
    local name, digits = text:match("^(.+)=(%d+)$")
    local number = digits and math.tointeger(tonumber(digits))
    if not number then
        return nil, ('"%s" is no NAME=NUMBER'):format(text)
    end
    return { name = name, number = number }
end

local function share(text)
    local number = tonumber(text)
    if not number or not (number >= 0 and number <= 1) then
        return nil, ('--min-confidence: a number from 0 to 1 expected, got "%s"'):format(text)
    end
    return number
end

function command.define(definition)
    options.logs(definition)
    options.json(definition)
    definition:option("--yaml", "The engine's flow file; find the number that each of its nodes has in the logs.")
        :argname("<FILE>")
    definition:option("--number", "With --yaml: the number of a node that the log does not determine. Can be "
        .. "repeated."):argname("<NAME=N>"):count("*"):convert(name_and_number)
    definition:option("--name", "Name of the inferred pipeline."):default(default_name):show_default(true)
    definition:flag("--confidence", "Say of each edge how sure it is, and why.")
    definition:option("--min-confidence", "Leave out what is less sure than this, from 0 to 1. 0 writes all that "
        .. "nothing contradicts. Default: 0; where nodes waited for places 0.1, or 0.02 if the "
        .. "log does not say when they were ready."):argname("<N>"):convert(share)
    definition:option("-o --output", "Write to this file instead of standard output."):argname("<FILE>")
    options.reading(definition)
    options.since_restart(definition)
end

local guess_preface = [[
-- Guessed from %s by `tracereel flow`: a node comes after those
-- that had always ended when it began. Fill in the names, and correct
-- `after`: a log shows what happened, not what must be so.
]]

local yaml_preface = [[
-- %s, with the numbers that its nodes have in %s,
-- as `tracereel flow --yaml` found them. The engine numbers the nodes anew at each start.
]]

-- A file's name can hold a line feed, a comment must not.
local function in_comment(text)
    return (text:gsub("%c", "?"))
end

-- Calls add(log, handlers) for each log, which replays it with the handlers beside others. Returns the exit code, and
-- the paths of the logs that were read to their end.
local function read_logs(parsed, add)
    local read = {}
    local code = logs.each(setmetatable({ json = true }, { __index = parsed }), function(log, context)
        local finder = restarts.finder()
        add(log, finder:handlers(log))
        renumbering.say(context.path, finder.list, parsed)
        if not logs.interrupted() then
            read[#read + 1] = context.path
        end
    end)
    return code, read
end

-- What the flow that the logs bring along says besides the order: names, types, origin and pools.
local function take_over(guessed, own, parsed)
    if not own then
        return
    end
    guessed.name = parsed.name == default_name and own.name or parsed.name
    for id, node in pairs(guessed.nodes) do
        local known = own.nodes[id]
        node.name, node.type = known and known.name or node.name, known and known.type
    end
    guessed.origin = own.origin
    for name, pool in pairs(own.pools or {}) do
        local nodes = {}
        for _, id in ipairs(pool.nodes) do
            nodes[#nodes + 1] = guessed.nodes[id] and id or nil
        end
        if #nodes > 0 then
            guessed.pools = guessed.pools or {}
            guessed.pools[name] = { nodes = nodes, capacity = pool.capacity }
        end
    end
end

local function run_guess(parsed)
    parsed.measured = true
    local own = of_log.of_all({}, parsed.logs) -- `flow` is the name of the command, and no option of it
    local types = {}
    for id, node in pairs(own and own.nodes or {}) do
        types[id] = node.type
    end
    local guessing = guess.new(types)
    local code, read = read_logs(parsed, function(log, handlers)
        local function add(_, trace)
            if trace then
                guessing:add(trace)
            end
        end
        log:replay({ trace_complete = add, trace_failed = add }, handlers)
        for _, trace in ipairs(logs.interrupted() and {} or log:traces()) do
            guessing:add(trace)
        end
    end)
    if logs.interrupted() or #read == 0 then
        return code
    end
    local guessed, comments, certainty = guessing:flow(parsed.name, parsed.min_confidence)
    if not guessed then
        output.say("no node ran in any trace whose beginning is known: nothing can be inferred")
        return exit_codes.graver(code, exit_codes.refused)
    end
    take_over(guessed, own, parsed)
    if parsed.confidence then
        certainty_texts.add(comments, certainty.edges)
    end
    local text = parsed.json and tracereel.json(certainty_texts.object(guessed, certainty)) .. "\n"
        or guess_preface:format(in_comment(table.concat(read, ", "))) .. certainty_texts.preface(certainty)
        .. flow.text(guessed, comments)
    output_file.replace(parsed.output, text)
    return code
end

local function given_numbers(parsed, definition)
    local given = {}
    for _, one in ipairs(parsed.number) do
        if given[one.name] and given[one.name] ~= one.number then
            failure.raise("usage", "--number: %s cannot be both %d and %d", one.name, given[one.name], one.number)
        end
        given[one.name] = one.number
    end
    return from_yaml.given_numbers(definition, given)
end

local function say_unclear(unclear, is_searched)
    for _, group in ipairs(unclear) do
        output.say("indistinguishable: %s", group.text)
    end
    if not is_searched then
        output.say("not every numbering was tried: some of the candidates listed may be impossible")
    end
    if #unclear > 0 then
        output.say("decide with --number NAME=N, or in the file that is written")
    end
end

-- Leaves out empty tables, which would all be written as lists.
local function json_nodes(nodes)
    local written = {}
    for id, node in units.sorted(nodes) do
        written[id] = { name = node.name, type = node.type, after = node.after,
            ports = next(node.ports) and node.ports or nil, loop_back = node.loop_back[1] and node.loop_back or nil }
    end
    return written
end

local function yaml_text(parsed, value, unclear, comments)
    if parsed.json then
        local ambiguous = {}
        for index, group in ipairs(unclear) do
            ambiguous[index] = { names = group.names, numbers = group.numbers, candidates = group.candidates,
                ran = group.is_seen }
        end
        return tracereel.json { name = value.name, nodes = json_nodes(value.nodes), ambiguous = ambiguous } .. "\n"
    end
    local lines = { yaml_preface:format(in_comment(parsed.yaml), in_comment(table.concat(parsed.logs, ", "))) }
    for _, group in ipairs(unclear) do
        lines[#lines + 1] = ("-- Indistinguishable: %s.\n"):format(in_comment(group.text))
    end
    return table.concat(lines) .. flow.text(value, comments)
end

local function run_yaml(parsed)
    local definition = flow.definition(parsed.yaml)
    local given = given_numbers(parsed, definition)
    local gatherer = from_yaml.gatherer(#definition.members)
    local code, read = read_logs(parsed, function(log, handlers)
        gatherer:read(log, handlers)
    end)
    if logs.interrupted() or #read < #parsed.logs then
        return code
    end
    local value, unclear, comments, is_searched = from_yaml.number(definition, gatherer.evidence, parsed.logs, given)
    for id, comment in units.sorted(comments) do
        comments[id] = in_comment(comment)
    end
    local checked = assert(flow.check(value))
    say_unclear(unclear, is_searched)
    output_file.replace(parsed.output, yaml_text(parsed, checked, unclear, comments))
    return code
end

---@param parsed table
---@return integer exit code
function command.run(parsed)
    if parsed.yaml then
        return run_yaml(parsed)
    elseif #parsed.number > 0 then
        failure.raise("usage", "--number is about the nodes of a file that --yaml names")
    end
    return run_guess(parsed)
end

return command

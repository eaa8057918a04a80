-- `tracereel flow`: a first flow file, guessed from logs, for a person to correct.
local exit_codes = require "tracereel.exit_codes"
local flow = require "tracereel.flow"
local flow_guess = require "tracereel.flow_guess"
local logs = require "tracereel.logs"
local options = require "tracereel.options"
local output = require "tracereel.output"
local sink = require "tracereel.export.sink"
local tracereel = require "tracereel"

local command = { name = "flow", summary = "Guess the order of the nodes: a flow file for --flow, to be corrected." }

local default_name = "pipeline"

function command.define(definition)
    options.logs(definition)
    options.json(definition)
    definition:option("--name", "Name of the pipeline."):default(default_name):show_default(true)
    definition:option("-o --output", "Write to this file instead of standard output."):argname("<FILE>")
    options.reading(definition)
end

local preface = [[
-- Guessed from %s by `tracereel flow`: a node comes after those
-- that had always ended when it began. Names are to be filled in, and `after` to be
-- corrected: a log shows what happened, not what must be so.
]]

local function gather(parsed)
    local guess = flow_guess.new()
    local read = {}
    local code = logs.each(setmetatable({ json = true }, { __index = parsed }), function(log, context)
        local function add(_, trace)
            if trace then
                guess:add(trace)
            end
        end
        log:replay { trace_complete = add, trace_failed = add }
        if logs.interrupted() then
            return
        end
        for _, trace in ipairs(log:traces()) do
            guess:add(trace)
        end
        read[#read + 1] = context.path
    end)
    return guess, code, read
end

local function flow_text(guessed, comments, read, as_json)
    if as_json then
        return tracereel.json(guessed) .. "\n"
    end
    -- A file's name can hold a line feed, a comment must not.
    local names = table.concat(read, ", "):gsub("%c", "?")
    return preface:format(names) .. flow.text(guessed, comments)
end

---@param parsed table
---@return integer exit code
function command.run(parsed)
    local guess, code, read = gather(parsed)
    if logs.interrupted() or #read == 0 then
        return code
    end
    local guessed, comments = guess:flow(parsed.name)
    if not guessed then
        output.say("no node ran in any trace whose beginning is known: there is nothing to guess from")
        return exit_codes.graver(code, exit_codes.refused)
    end
    sink.replace(parsed.output, flow_text(guessed, comments, read, parsed.json))
    return code
end

return command

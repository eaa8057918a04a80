-- What-if: a log is played again in virtual time, as a scenario says, into a new log. The model: docs/simulation.md.
local answers = require "tracereel.simulation.answers"
local checks = require "tracereel.simulation.checks"
local contention = require "tracereel.simulation.contention"
local core = require "tracereel.core"
local damage = require "tracereel.simulation.damage"
local failure = require "tracereel.util.failure"
local faults = require "tracereel.simulation.faults"
local files = require "tracereel.util.files"
local beside = require "tracereel.flow.beside"
local flow = require "tracereel.flow"
local named_nodes = require "tracereel.simulation.named_nodes"
local output = require "tracereel.cli.output"
local plain = require "tracereel.util.plain"
local progress = require "tracereel.cli.progress"
local script = require "tracereel.script"
local script_arguments = require "tracereel.script.arguments"
local tables = require "tracereel.util.tables"
local base = require "tracereel.base"
local unfinished = require "tracereel.log.unfinished"
local unread = require "tracereel.log.unread"

local simulation = {}

local Scenario = {}
Scenario.__index = Scenario

-- The flow of the log that is simulated: its order, where a scenario says none, and what the new log brings along.
local flow_of_log

---@param value tracereel.flow|nil checked
function simulation.use_flow(value)
    flow_of_log = value
end

local function zero()
    return 0
end

-- What `start` answers is laid over the scenario's table: a key that it names is replaced as a whole.
local function laid_over(value, answer, path)
    if answer ~= nil and type(answer) ~= "table" then
        failure.raise("script", "scenario %s: start: a table of the scenario's keys, or nothing, expected, got a %s",
            path, type(answer))
    end
    local not_plain = plain.problem(answer)
    if not_plain then
        failure.raise("script", "scenario %s: start: %s", path, not_plain)
    end
    for _, key in ipairs { "args", "start" } do
        if answer and answer[key] ~= nil then
            failure.raise("script", "scenario %s: start: it cannot answer with `%s`, which was used already", path, key)
        end
    end
    return tables.joined(value, answer or {})
end

-- Looks at the arguments, and calls `start` with them.
local function started(value, path, given)
    local declared = value.args or {}
    local problem = script_arguments.check(declared)
    if problem then
        failure.raise("usage", "scenario %s: %s", path, problem)
    elseif value.start ~= nil and type(value.start) ~= "function" then
        failure.raise("usage", "scenario %s: start: a function expected, got a %s", path, type(value.start))
    end
    script_arguments.check_given({ { arguments = declared } }, given)
    local values = script_arguments.values(script.name_of(path), declared, given)
    return laid_over(value, value.start and script.call(script.name_of(path), "start", value.start, values), path),
        values
end

---Loads a scenario's file and calls its `start`. It is checked against a log by `check`.
---@param path string
---@param options? { given: table<string, any>, unsafe: boolean } values for the scenario's arguments; the whole library
function simulation.load(path, options)
    options = options or {}
    local given = options.given or {}
    local value = script.value(path, script.name_of(path), zero, options.unsafe)
    local arguments
    if type(value) == "table" then
        value, arguments = started(value, path, given)
        value = named_nodes.in_scenario(value)
    end
    return setmetatable({
        path = path, value = value, given = given, arguments = arguments, unsafe = options.unsafe,
    }, Scenario)
end

---A scenario that changes nothing.
function simulation.unchanged()
    return setmetatable({ path = "-", value = {}, given = {}, has_no_file = true }, Scenario)
end

---The scenario loaded afresh, with other values for some of its arguments.
---@param given table<string, any>
function Scenario:with_arguments(given)
    if self.has_no_file then
        return self
    end
    return simulation.load(self.path, { given = tables.joined(self.given, given), unsafe = self.unsafe })
end

---The same scenario with another table of keys.
---@param value table
function Scenario:with_value(value)
    return setmetatable(tables.changed(self, { value = value }), Scenario)
end

---The same scenario, of a log that is made up of the recorded traces: tr_scenario.resample_block says how.
---@param block integer
function Scenario:with_resample(block)
    return setmetatable(tables.changed(self, { resample_block = block }), Scenario)
end

---@class tracereel.timetable which recorded trace arrives when, in the order of time: tr_timed_arrival
---@field times_ns integer[]
---@field traces integer[] numbers of recorded traces, from 1
---@field are_copies boolean[]

---The same scenario by a timetable, in a log that ends at a time.
---@param timetable tracereel.timetable
---@param until_ns integer event time
function Scenario:with_timetable(timetable, until_ns)
    return setmetatable(tables.changed(self, { timetable = timetable, until_ns = until_ns }), Scenario)
end

---Says what of a log is not read, and what in it is unfinished.
---@param path string
function simulation.say_unread(path)
    if path ~= "-" and files.is_directory(path) then
        unread.say(base.open(path), output.say)
    end
    local is_unfinished = unfinished.words(path)
    if is_unfinished then
        output.say("%s", is_unfinished)
    end
end

---Reads a log for any number of simulations. Kept in temporary files while it is used.
---@param path string
---@param to tracereel.position|nil read as if the log ended there, and say nothing of it
---@param timing tracereel.timing|nil gets all traces of the log
function simulation.record(path, to, timing)
    if not to then
        simulation.say_unread(path)
    end
    local recording = core.recording(path, progress.is_shown() and function(records)
        progress.show("reading the log: %d records", records)
    end or nil, to, timing)
    progress.clear()
    return recording
end

---Which nodes follow which: as the scenario says it, or the log's flow where that has an order.
---@return tracereel.flow|nil
function Scenario:flow()
    return self.value.flow or flow_of_log and beside.has_order(flow_of_log) and flow_of_log or nil
end

---Checks the scenario against a recording; raises what is wrong with it.
function Scenario:check(recording)
    local compiled, functions = checks.check(self.value, recording, flow_of_log)
    if not compiled then
        failure.raise("usage", "scenario %s: %s", self.path, functions)
    end
    self.seed = compiled.seed
    return compiled, functions
end

---The same, with what the recording's nodes waited for want of a place, where the scenario says how many there are.
function Scenario:prepared(recording)
    local compiled, functions = self:check(recording)
    compiled.contention = contention.is_asked(compiled) and contention.of(recording, compiled) or nil
    return compiled, functions
end

-- What shows how far a simulation is; nil where nobody looks.
local function progress_of(compiled, recording)
    if not progress.is_shown() then
        return nil
    end
    local recorded = recording:stats()
    local traces = compiled.traces or recorded.traces - recorded.tainted_traces
    return function(records, arrived)
        progress.show("simulating: %d records, %.0f %% of %d traces have arrived", records,
            100 * arrived / math.max(traces, 1), traces)
    end
end

---Simulates once, into a directory that holds no segments.
---@param recording userdata of simulation.record
---@param directory string
---@param seed integer|nil in place of the scenario's
---@param further_faults table[]|nil compiled faults besides the scenario's own
---@param is_temporary boolean|nil the new log need not be there after a crash of the machine
---@param timing tracereel.timing|nil gets all traces of the new log, where nothing happens to it after it was written
---@return table stats what happened
---@return boolean is_measured `timing` has the traces
function Scenario:run(recording, directory, seed, further_faults, is_temporary, timing)
    local compiled, functions = self:prepared(recording)
    compiled.is_temporary = is_temporary
    compiled.seed = seed or compiled.seed
    compiled.faults = faults.joined(compiled.faults or {}, further_faults or {})
    compiled.resample_block = self.resample_block
    if self.timetable then
        compiled.timetable, compiled.traces = self.timetable, #self.timetable.times_ns
        compiled.crash = { ns = self.until_ns, records = math.maxinteger, torn_bytes = 0, lost_records = 0 }
    end
    local is_measured = timing ~= nil and not compiled.crash and not compiled.damage
    local stats = recording:simulate(compiled, directory, answers.new(self.path, functions),
        progress_of(compiled, recording), is_measured and timing or nil)
    progress.clear()
    if flow_of_log and not is_temporary then
        local path = directory .. "/" .. beside.file_name
        local written, problem = files.write(path, flow.text(flow_of_log))
        if not written then
            failure.raise("io", "cannot write %s", problem)
        end
    end
    stats.damage = compiled.damage and damage.apply(compiled.damage, directory, compiled.seed)
    stats.unfit_faults = #compiled.faults - stats.faults
    return stats, is_measured
end

return simulation

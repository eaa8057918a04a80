-- Small logs to simulate, and what a simulation made of them.
local helper = require "tests.spec.helper"
local reel = require "tracereel"

local simulation_logs = {}

simulation_logs.millisecond = 1000000
simulation_logs.start_ns = 1700000000000000000

local function trace_id(number)
    return ("00000000-0000-4000-8000-%012x"):format(number)
end

---Writes records { type, time in ms, node, trace number (1), other fields } as a log; answers with its directory.
function simulation_logs.write(records)
    local directory = helper.directory() .. "/log"
    local writer = reel.writer(directory)
    for _, record in ipairs(records) do
        local fields = {
            trace_id = trace_id(record[4] or 1),
            node_id = record[3],
            timestamp_ns = simulation_logs.start_ns + math.floor(record[2] * simulation_logs.millisecond),
        }
        for name, value in pairs(record.fields or {}) do
            fields[name] = value
        end
        writer:append(reel.record[record[1]](fields))
    end
    writer:close()
    return directory
end

---Writes the records of several traces in the order of their times, those of one time in the order of the traces.
---@param traces table[][] the records of each, as `write` takes them; the n-th is of trace n
function simulation_logs.write_traces(traces)
    local records = {}
    for number, trace in ipairs(traces) do
        for _, record in ipairs(trace) do
            record[4], record.place = number, #records
            records[#records + 1] = record
        end
    end
    table.sort(records, function(a, b)
        return a[2] < b[2] or a[2] == b[2] and a.place < b.place
    end)
    return simulation_logs.write(records)
end

---One trace of one node that runs 10 ms.
function simulation_logs.one_node()
    return simulation_logs.write {
        { "trace_start", 0 },
        { "node_start", 0, 1 },
        { "node_done", 10, 1 },
        { "trace_complete", 10 },
    }
end

---Simulates; answers with the directory of the new log and what the program said.
function simulation_logs.simulate(scenario, log, arguments)
    local directory = helper.directory() .. "/simulated"
    local all = { "simulate", helper.script(scenario, "scenario"), log, "-o", directory }
    for _, argument in ipairs(arguments or {}) do
        all[#all + 1] = argument
    end
    return directory, helper.run(all)
end

---The records of a log as texts "type node@ms", with the iteration of a loop's records, "8[0]", and the trace's number
---where it is not the first.
function simulation_logs.lines(directory)
    local lines, number_of, count = {}, {}, 0
    for rec in reel.open(directory):records() do
        if not number_of[rec.trace_id] then
            count = count + 1
            number_of[rec.trace_id] = count
        end
        local ms = (rec.timestamp_ns - simulation_logs.start_ns) / simulation_logs.millisecond
        local trace = number_of[rec.trace_id] > 1 and (" #%d"):format(number_of[rec.trace_id]) or ""
        local iteration = rec.type:find("^loop_") and ("[%d]"):format(rec.iteration) or ""
        lines[#lines + 1] = ("%s %d%s@%g%s"):format(rec.type, rec.node_id, iteration, ms, trace)
    end
    return lines
end

---Simulates and answers with the lines; fails where the program does.
function simulation_logs.play(scenario, log)
    local directory, ran = simulation_logs.simulate(scenario, log)
    assert(ran.status == 0, ran.stderr)
    return simulation_logs.lines(directory), ran, directory
end

return simulation_logs

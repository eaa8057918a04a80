-- The probe in a Lua of somebody's own, which has the whole module: logs are opened, read, replayed and written.
local seed = math.tointeger(tonumber(arg[2]))

package.path = "./?.lua;" .. package.path
_G.tracereel = require "tracereel" -- as scripts have it

-- The order of pairs is another one in each process.
_G.pairs = tracereel.sorted

local function draws_of_the_probe()
    local probe = require("probe").new(seed, { tracereel = tracereel })
    for name in pairs { open = 1, writer = 1, arenas = 1, script = 1 } do
        probe.callables[#probe.callables + 1], probe.names[#probe.names + 1] = tracereel[name], "tracereel." .. name
    end
    return probe
end

local probe = draws_of_the_probe()

local function handlers()
    local all, count = {}, 0
    for _, name in ipairs { "trace_start", "node_done", "node_error", "record", "gap", "violation", "tick",
        "trace_suspended", "trace_complete" } do
        if probe:draw(2) == 1 then
            all[name] = function(...)
                count = count + 1
                probe:keep((select(probe:draw(2), ...)))
                if count < 40 then
                    probe:some(3)
                end
                if probe:draw(60) == 1 then
                    error(probe:value())
                end
                return probe:value()
            end
        end
    end
    all.every = all.tick and "100ms" or nil
    return all
end

local function try(callee, ...)
    local called, problem = pcall(callee, ...)
    if not called then
        local said, text = pcall(tostring, problem)
        print("raises " .. (said and text:gsub("%c", "?"):sub(1, 300) or "?"))
    end
end

local function read(path)
    local log = tracereel.open(path)
    probe:keep(log)
    try(log.replay, log, handlers())
    probe:some(30)
    for record, trace in log:records() do
        if probe:draw(20) == 1 then
            probe:keep(record)
            probe:keep(trace)
            probe:some(2)
        end
    end
    for _, trace in ipairs(log:traces()) do
        probe:keep(trace)
    end
    probe:some(60)
    try(log.replay, log, handlers(), probe:value())
end

local function load_script()
    local script = tracereel.script("case.lua", probe:draw(3) == 1 and probe:value() or nil)
    probe:keep(script)
    probe:keep(script:run(tracereel.open("wal")))
    probe:some(20)
end

try(read, "wal")
try(load_script)
probe:some(60)
probe = nil
collectgarbage()

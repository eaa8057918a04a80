-- What a recording's nodes waited because the engine that ran them had no place free. Where a scenario says how many
-- places there are, that part of their waiting is left out, and arises anew.
local core = require "tracereel.core"

local contention = {}

-- Of each recording, what was found last: simulations of one scenario follow each other.
local found = setmetatable({}, { __mode = "k" })

local limit_names = { "nodes", "nodes_per_trace" }

-- What the contention depends on, as a text.
local function key_of(compiled)
    local limits = compiled.limits or {}
    return core.json { compiled.recorded or {}, limits.nodes_per_trace ~= nil, limits.nodes ~= nil,
        compiled.pools or {}, compiled.flow or {} }
end

---Whether the scenario says how many nodes run at once, or ran.
function contention.is_asked(compiled)
    for _, name in ipairs(limit_names) do
        if (compiled.limits or {})[name] or (compiled.recorded or {})[name] then
            return true
        end
    end
    return compiled.pools ~= nil
end

---@param recording userdata of core.recording
---@param compiled table of checks.check
---@return userdata contention
function contention.of(recording, compiled)
    local key, last = key_of(compiled), found[recording]
    if not last or last.key ~= key then
        last = { key = key, contention = recording:contention(compiled) }
        found[recording] = last
    end
    return last.contention
end

return contention

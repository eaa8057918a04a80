-- Words about a trace: its state, what it waits for, what the engine would do with it.
local forecast = require "tracereel.forecast"
local imported_fields = require "tracereel.log.imported_fields"
local held = require "tracereel.log.held"
local node_names = require "tracereel.log.node_names"
local text = require "tracereel.util.text"
local tracereel = require "tracereel"
local units = require "tracereel.util.units"

local trace_labels = {}

---Nodes as "3, 5 and 3 again": "3 (twice), 5".
---@param nodes integer[]
function trace_labels.nodes(nodes)
    local times, order = {}, {}
    for _, node in ipairs(nodes) do
        if not times[node] then
            order[#order + 1] = node
        end
        times[node] = (times[node] or 0) + 1
    end
    for index, node in ipairs(order) do
        local count = times[node]
        local label = node_names.label(node)
        order[index] = count == 1 and label or ("%s (%d times)"):format(label, count)
    end
    return table.concat(order, ", ")
end

---"held" for a trace that tracereel holds, the trace's own status for any other.
---@param trace tracereel.trace
---@return string
function trace_labels.status(trace)
    return trace.held and "held" or trace.status
end

---The same; of an imported trace how it ended, where that is more than complete or failed.
---@param trace tracereel.trace
---@return string
function trace_labels.outcome(trace)
    local outcome = not trace.open and trace.outcome or nil
    return outcome and outcome ~= trace.status and (outcome:gsub("_", " ")) or trace_labels.status(trace)
end

---Of a trace that is not the engine's: who decides what happens to it. nil for one that is.
---@return string|nil
function trace_labels.foreign()
    local rule = forecast.foreign_rule()
    return rule and ("what happens next is decided by %s, not by the engine"):format(text.clean(rule))
end

---What the engine will do with an open trace at its next start, with the engine's own word for it.
function trace_labels.recovery(trace)
    return forecast.of(trace).reason
end

local function known(value)
    return value ~= nil and value ~= tracereel.null
end

---What a suspension waits for, from its metadata: "waits for order-approval-1, 1h00m at most, then Reject". Where it is
---held the reason comes first.
---@param metadata string|nil
function trace_labels.waits_for(metadata)
    if not metadata then
        return "waits for a resume"
    end
    local decoded = tracereel.json_decode(metadata)
    if type(decoded) ~= "table" then
        return text.clean(metadata)
    end
    local reason = type(decoded.held) == "string" and text.clean(decoded.held) .. "; " or ""
    local words = { reason .. "waits for "
        .. (known(decoded.hook_id) and text.clean(tostring(decoded.hook_id)) or "a resume") }
    local seconds = math.type(decoded.timeout_secs) == "integer" and decoded.timeout_secs
    if not seconds or seconds < 0 or seconds > math.maxinteger // 1000000000 then
        words[2] = "no timeout"
    else
        words[2] = tracereel.duration(seconds * 1000000000) .. " at most"
        words[3] = known(decoded.timeout_action) and "then " .. text.clean(tostring(decoded.timeout_action)) or nil
    end
    return table.concat(words, ", ")
end

---How long a suspension has lasted: "for 4.20 s". A snapshot says that a trace is suspended, and not since when.
---@param suspension tracereel.suspension
---@param now_ns integer
---@return string
function trace_labels.waited(suspension, now_ns)
    return suspension.since_ns ~= 0 and "for " .. units.span(suspension.since_ns, now_ns) or "since before the snapshot"
end

-- The nodes whose own waits last: "waits at 5, 6 [a]"; nil where there are none.
local function own_waits(trace)
    local latest, places = trace.last_suspension, {}
    for _, wait in ipairs(latest and trace.suspensions or {}) do
        if wait.wait and not wait.end_ns then
            places[#places + 1] = node_names.label(wait.node_id) .. imported_fields.suffix(wait.instance, text.clean)
        end
    end
    return places[1] and "waits at " .. table.concat(places, ", ")
end

local function last_error(trace)
    local errors = trace.errors
    local latest = errors[#errors]
    return latest and text.clean(latest.message) or nil
end

-- A failed node leaves its trace open for ever in the log: the last thing that happened to it is the error.
local function failed_node(trace)
    local failed
    for _, node in ipairs(trace.nodes) do
        if node.status == "running" then
            return nil
        elseif node.status == "error" then
            failed = node
        end
    end
    return failed
end

---A trace's state in a few words; empty for a complete one.
---@param trace tracereel.trace
---@param now_ns integer the log's end
function trace_labels.stands(trace, now_ns)
    if trace.status == "complete" then
        return ""
    elseif trace.status == "failed" then
        return last_error(trace) or ""
    end
    local waits = own_waits(trace)
    if waits then
        return waits
    elseif trace.suspended_at then
        local place = trace.suspended_at ~= held.node and ("at %s "):format(node_names.label(trace.suspended_at)) or ""
        local reason = trace.held and ": " .. text.clean(trace.held) or ""
        return place .. trace_labels.waited(trace.suspension, now_ns) .. reason
    end
    local failed = failed_node(trace)
    if failed then
        return ("failed at %s: %s"):format(node_names.label(failed.id), failed.error and text.clean(failed.error) or "")
    elseif #trace.started_nodes > 0 then
        return "in " .. trace_labels.nodes(trace.started_nodes)
    end
    return trace.last_completed_node and "after " .. node_names.label(trace.last_completed_node) or "nothing done yet"
end

return trace_labels

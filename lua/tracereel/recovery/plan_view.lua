-- A view as plans write it: 64-bit numbers as decimal strings, absent fields as null, nodes in order.
local hex = require "tracereel.util.hex"
local tracereel = require "tracereel"
local units = require "tracereel.util.units"
local view = require "tracereel.recovery.view"

local plan_view = {}

local function or_null(value)
    return value == nil and tracereel.null or value
end

local function or_nil(value)
    if value ~= tracereel.null then
        return value
    end
end

-- JSON has U+FFFD for what is not UTF-8, and a plan must name the very bytes that the log has: nil where it does.
local function hex_where_not_utf8(text)
    return text and not utf8.len(text) and hex.encode(text) or nil
end

-- The bytes must be those that the text shows: the text is what a person reads.
local function is_text(text, as_hex)
    local bytes = hex.decode(as_hex)
    return as_hex == nil or bytes ~= nil and tracereel.json(bytes) == tracereel.json(text)
end

---@param self table a view
---@return table
function plan_view.to_plan(self)
    local completed = {}
    for node, output in units.sorted(self.completed_nodes) do
        completed[#completed + 1] = {
            node = node,
            offset = tracereel.unsigned(output.offset),
            size = output.size,
            schema_hash = tracereel.unsigned(output.schema_hash),
        }
    end
    return {
        open = self.open,
        status = self.status,
        started_nodes = self.started_nodes,
        completed_nodes = completed,
        last_completed_node = or_null(self.last_completed_node),
        suspended_at = or_null(self.suspended_at),
        suspension_metadata = or_null(self.suspension_metadata),
        suspension_metadata_bytes = hex_where_not_utf8(self.suspension_metadata),
        action = or_null(view.rule(self)),
    }
end

---The integer, 64 bits, of decimal digits; nil where they are none.
function plan_view.parse_unsigned(text)
    if type(text) ~= "string" or not text:find("^%d+$") then
        return nil
    end
    local number = 0
    for digit in text:gmatch("%d") do
        number = number * 10 + tonumber(digit)
    end
    return tracereel.unsigned(number) == text and number or nil
end

local function is_node(value)
    return math.type(value) == "integer" and value >= 0 and value <= 0xFFFFFFFF
end

local function completed_of(list)
    local completed, order = {}, {}
    for index, one in ipairs(list) do
        local offset, hash = plan_view.parse_unsigned(one.offset), plan_view.parse_unsigned(one.schema_hash)
        if not is_node(one.node) or not is_node(one.size) or not offset or not hash then
            return nil
        end
        completed[one.node] = { offset = offset, size = one.size, schema_hash = hash }
        order[index] = one.node
    end
    return completed, order
end

local is_status = { running = true, suspended = true, complete = true, failed = true }

-- The fields that may be absent, which a plan says by null.
local function are_optional_fields(object)
    local last, suspended_at = or_nil(object.last_completed_node), or_nil(object.suspended_at)
    local metadata, bytes = or_nil(object.suspension_metadata), object.suspension_metadata_bytes
    return (last == nil or is_node(last)) and (suspended_at == nil or is_node(suspended_at))
        and (metadata == nil or type(metadata) == "string") and is_text(metadata, bytes)
end

---The view that a plan describes; nil where it is not one.
---@param object any
---@return table|nil
function plan_view.from_plan(object)
    if type(object) ~= "table" or type(object.completed_nodes) ~= "table" or type(object.started_nodes) ~= "table" then
        return nil
    end
    local completed, order = completed_of(object.completed_nodes)
    if not completed or type(object.open) ~= "boolean" or not is_status[object.status]
        or not are_optional_fields(object) then
        return nil
    end
    for _, node in ipairs(object.started_nodes) do
        if not is_node(node) then
            return nil
        end
    end
    return {
        open = object.open,
        status = object.status,
        started_nodes = table.move(object.started_nodes, 1, #object.started_nodes, 1, {}),
        completed_nodes = completed,
        completion_order = order,
        last_completed_node = or_nil(object.last_completed_node),
        suspended_at = or_nil(object.suspended_at),
        suspension_metadata = hex.decode(object.suspension_metadata_bytes) or or_nil(object.suspension_metadata),
    }
end

return plan_view

-- A made-up order pipeline: the records that a workflow engine would have logged, one after another in order of time.
--
-- The same options give the same records on any machine: the random numbers are its own (splitmix64, integers
-- only), and every time is made with integer arithmetic from tables. Memory is bounded by the traces in flight.

local heap = require "tracereel.util.heap"
local random = require "tracereel.util.random"

local generator = {}

-- Half of all draws lie below the second value, 90 % below the third, 99 % below the fourth.
local knot_draws = { 0, 524288, 943718, 1038090, 1048576 }
local knot_bits = 20

-- What each node takes, in microseconds, at the knots above.
local work_us = {
    [0] = { 75, 320, 480, 560, 2000 }, -- trigger
    [1] = { 75, 330, 490, 600, 2500 }, -- validate
    [2] = { 3400, 13000, 20000, 29000, 90000 }, -- fraud_check
    [3] = { 20000, 70000, 130000, 260000, 1500000 }, -- charge
    [5] = { 1500, 5800, 10000, 16000, 60000 }, -- ship
    [6] = { 260, 950, 1550, 3000, 20000 }, -- notify
    [7] = { 1000, 3700, 6800, 12000, 45000 }, -- reserve_stock
}
-- The wait for a person, in thousandths of its median.
local wait_permille = { 200, 1000, 4000, 15000, 30000 }
local after_done = { [0] = 1, [4] = 5, [5] = 6 }

local loop_node = 8
local charge_node = 3
local approve_node = 4
local reserve_node = 7
local last_node = 6
local max_charge_attempts = 3
local arena_header_bytes = 128
-- Where a failing order fails; drawn evenly, so charge comes most often.
local failing_nodes = { 3, 3, 3, 3, 3, 3, 3, 3, 5, 7 }
local failure_texts = { [3] = "card declined", [5] = "no carrier serves this address", [7] = "out of stock" }

local metadata_form = '{"pipeline":"order_processing","order":%d,"customer":"ü-%d"}'
local suspension_metadata_form = '{"hook_id":"order-approval-%d","pending_data_offset":128,"pending_data_size":64,'
    .. '"timeout_action":"Reject","timeout_secs":%s}'

local Run = {}
Run.__index = Run

-- 64 random bits (splitmix64).
function Run:bits()
    local state = self.random_state + random.golden_ratio
    self.random_state = state
    return random.mix(state)
end

function Run:between(low, high)
    return low + (self:bits() >> 1) % (high - low + 1)
end

function Run:chance(threshold)
    return self:bits() >> 32 < threshold
end

-- A draw from a table of values at the knots.
function Run:quantile(values)
    local draw = self:bits() >> (64 - knot_bits)
    local index = 2
    while draw >= knot_draws[index] do
        index = index + 1
    end
    local low, high = values[index - 1], values[index]
    local first, last = knot_draws[index - 1], knot_draws[index]
    return low + (draw - first) * (high - low) // (last - first)
end

function Run:uuid()
    local high, low = self:bits(), self:bits()
    return ("%08x-%04x-4%03x-%04x-%012x"):format(
        high >> 32,
        high >> 16 & 0xFFFF,
        high & 0xFFF,
        0x8000 | (low >> 48 & 0x3FFF),
        low & 0xFFFFFFFFFFFF
    )
end

local function is_before(a, b)
    return a.time_ns < b.time_ns or (a.time_ns == b.time_ns and a.order < b.order)
end

-- Puts a step into the queue: by time, and then by order of arrival. What would come after the crash is
-- forgotten at once, so that a million traces that wait for a person take no memory here.
function Run:at(time_ns, step, trace, node)
    if time_ns >= self.crash_ns then
        return
    end
    self.order = self.order + 1
    local event = { time_ns = time_ns, order = self.order, step = step, trace = trace, node = node }
    heap.push(self.queue, event, is_before)
end

-- The time that the engine takes from one step to the next.
function Run:soon(low_ns, high_ns)
    return self.now_ns + self:between(low_ns, high_ns)
end

-- Each step happens at self.now_ns and gives the type and fields of the record to write, or nothing.
local steps = {}

function Run:fields(trace, node)
    return { trace_id = trace.id, timestamp_ns = self.now_ns, node_id = node }
end

function steps.trace_start(self)
    self.traces_left = self.traces_left - 1
    local order, customer = self:between(1, 99999), self:between(1, 50)
    local trace = { id = self:uuid(), order = order, next_output = arena_header_bytes }
    if self:chance(self.error_threshold) then
        trace.fails_at = failing_nodes[self:between(1, #failing_nodes)]
    end
    if self.traces_left > 0 then
        self:at(self:soon(0, self.max_gap_ns), "trace_start")
    end
    self:at(self:soon(5000, 35000), "node_start", trace, 0)
    local fields = self:fields(trace, 0)
    fields.metadata = self.metadata or metadata_form:format(order, customer)
    return "trace_start", fields
end

function steps.node_start(self, trace, node)
    if node == approve_node then
        self:at(self:soon(2000, 16000), "trace_suspended", trace, node)
    else
        local work_ns = self:quantile(work_us[node]) * 1000 + self:between(0, 999)
        self:at(self.now_ns + work_ns, "node_end", trace, node)
    end
    if self.starts then
        return "node_start", self:fields(trace, node)
    end
end

local function node_error(self, trace, node, message)
    local fields = self:fields(trace, node)
    fields.error_message = message
    return "node_error", fields
end

-- Both branches of the parallel part end here; the second one goes on.
local function join(self, trace)
    if not trace.one_branch_ended then
        trace.one_branch_ended = true
    elseif trace.fails_at == reserve_node then
        self:at(self:soon(2000, 9000), "trace_failed", trace, reserve_node)
    else
        self:at(self:soon(2000, 15000), "loop_iteration", trace, loop_node)
    end
end

local function go_on_after(self, trace, node)
    if node == 1 then
        -- In this order or the other: both are handed to threads at the same time.
        self:at(self:soon(400, 20000), "node_start", trace, 2)
        self:at(self:soon(300, 18000), "node_start", trace, reserve_node)
    elseif node == 2 or node == reserve_node then
        join(self, trace)
    elseif node == charge_node then
        self:at(self:soon(1500, 9000), "loop_exit", trace, loop_node)
    elseif node == last_node then
        self:at(self:soon(1500, 9000), "trace_complete", trace)
    else
        self:at(self:soon(5000, 35000), "node_start", trace, after_done[node])
    end
end

function steps.node_end(self, trace, node)
    local is_charge = node == charge_node
    local attempt = trace.iteration
    if is_charge and attempt < max_charge_attempts and self:chance(self.retry_threshold) then
        self:at(self:soon(3000, 12000), "loop_iteration", trace, loop_node)
        return node_error(self, trace, node, ("payment gateway timeout (attempt %d)"):format(attempt))
    end
    if node == trace.fails_at then
        if node == reserve_node then
            join(self, trace)
        else
            self:at(self:soon(2000, 9000), "trace_failed", trace, node)
        end
        return node_error(self, trace, node, failure_texts[node])
    end
    go_on_after(self, trace, node)
    local fields = self:fields(trace, node)
    fields.output_offset = trace.next_output
    fields.output_size = self:between(16, 515)
    fields.schema_hash = (node + 1) * random.golden_ratio
    trace.next_output = (fields.output_offset + fields.output_size + 7) & ~7
    -- All is drawn alike with and without it, so that the logs differ by these records alone.
    if node ~= approve_node or self.wait_done then
        return "node_done", fields
    end
end

function steps.loop_iteration(self, trace, node)
    local fields = self:fields(trace, node)
    fields.iteration = trace.iteration or 0
    trace.iteration = fields.iteration + 1
    self:at(self:soon(2000, 17000), "node_start", trace, charge_node)
    return "loop_iteration", fields
end

function steps.loop_exit(self, trace, node)
    local next_node = self:chance(self.approval_threshold) and approve_node or 5
    self:at(self:soon(3000, 34000), "node_start", trace, next_node)
    local fields = self:fields(trace, node)
    fields.iteration = trace.iteration
    return "loop_exit", fields
end

function steps.trace_suspended(self, trace, node)
    if self.median_wait_us then
        local wait_us = self:quantile(wait_permille) * self.median_wait_us // 1000
        self:at(self.now_ns + wait_us * 1000 + self:between(0, 999), "trace_resumed", trace, node)
    end
    local fields = self:fields(trace, node)
    fields.metadata = suspension_metadata_form:format(trace.order, self:between(0, 1) == 0 and "null" or "3600")
    return "trace_suspended", fields
end

function steps.trace_resumed(self, trace, node)
    self:at(self:soon(5000, 30000), "node_end", trace, node)
    return "trace_resumed", self:fields(trace, 0)
end

-- The engine drops some failed traces without a word.
function steps.trace_failed(self, trace, node)
    if self:chance(self.dropped_threshold) then
        return
    end
    local fields = self:fields(trace, 0)
    fields.error_message = ("E201: node_%d failed: %s"):format(node, failure_texts[node])
    return "trace_failed", fields
end

function steps.trace_complete(self, trace)
    return "trace_complete", self:fields(trace, 0)
end

---The next record: the name of its type and its fields, as `tracereel.record` takes them; nil after the last.
---@return string|nil type
---@return tracereel.fields|nil fields
function Run:next()
    if self.until_checkpoint == 0 then
        self.until_checkpoint = self.checkpoint_every
        return "checkpoint", { timestamp_ns = self.now_ns }
    end
    while self.queue[1] do
        local event = heap.pop(self.queue, is_before)
        self.now_ns = event.time_ns
        local type_name, fields = steps[event.step](self, event.trace, event.node)
        if type_name then
            self.until_checkpoint = self.until_checkpoint - 1
            return type_name, fields
        end
    end
end

local function threshold(share)
    return math.floor(share * 4294967296)
end

---@class tracereel.generator_options shares are from 0 to 1
---@field seed integer
---@field traces integer
---@field start_ns integer time of the first record
---@field rate number traces that arrive in a second, on average
---@field starts boolean node_start records are written
---@field retry_rate number share of the first and second charges that time out
---@field error_rate number share of the traces that fail
---@field dropped_share number share of the failed ones that get no trace_failed
---@field approval_share number share of the paid orders that wait for a person
---@field approval_wait_ns? integer median of that wait; nil: nobody ever answers
---@field wait_done boolean a node that waited gets a node_done; the engine writes none
---@field checkpoint_every integer records between two checkpoints; 0: none
---@field crash_after_ns? integer nothing is logged from this time after start_ns on
---@field metadata? string of every trace_start, instead of one for each order

---A new pipeline. Take its records with `run:next()`.
---@param options tracereel.generator_options
function generator.new(options)
    local self = setmetatable({
        random_state = options.seed,
        queue = {},
        order = 0,
        now_ns = options.start_ns,
        traces_left = options.traces,
        starts = options.starts,
        metadata = options.metadata,
        max_gap_ns = 2 * math.floor(1000000000 / options.rate),
        retry_threshold = threshold(options.retry_rate),
        error_threshold = threshold(options.error_rate),
        dropped_threshold = threshold(options.dropped_share),
        approval_threshold = threshold(options.approval_share),
        median_wait_us = options.approval_wait_ns and options.approval_wait_ns // 1000,
        wait_done = options.wait_done,
        checkpoint_every = options.checkpoint_every,
        until_checkpoint = options.checkpoint_every > 0 and options.checkpoint_every or -1,
        crash_ns = options.crash_after_ns and options.start_ns + options.crash_after_ns or math.maxinteger,
    }, Run)
    if self.traces_left > 0 then
        self:at(self.now_ns, "trace_start")
    end
    return self
end

return generator

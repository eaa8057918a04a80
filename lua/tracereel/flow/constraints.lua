-- What a flow file and a log together say of which node can have which number: a set of numbers for each node, which
-- shrinks by what follows from the others until nothing more follows. Members are counted as in the definition.
local bits = require "tracereel.flow.bits"
local new_shape = require "tracereel.flow.shape"

local constraints = {}

-- Steps are counted, and not gone on with beyond it: about two seconds each for drawing conclusions, for finding an
-- answer and for finding what others there are.
local max_operations = 5000000

local Model = {}
Model.__index = Model

-- By number x: those that x was over before each time.
local function transposed(evidence)
    local after, words = {}, bits.word_count(evidence.count)
    for number = 0, evidence.count - 1 do
        after[number] = bits.empty(words)
    end
    for number, before in pairs(evidence.before) do
        for _, earlier in ipairs(bits.numbers(before)) do
            bits.add(after[earlier], number)
        end
    end
    return after
end

-- Did the two never begin in one trace?
local function strangers_of(evidence)
    local beside = {}
    for number in pairs(evidence.first) do
        beside[number] = bits.copy(evidence.beside[number])
    end
    for number in pairs(evidence.first) do
        for _, other in ipairs(bits.numbers(evidence.beside[number])) do
            bits.add(beside[other], number)
        end
    end
    return beside
end

---@param definition tracereel.flow_definition
---@param evidence tracereel.flow_evidence
---@param rules { waits_strictly: boolean, whole_traces: boolean } what is taken for granted beside the order
---@param given table<integer, integer> by member: the number that a person says it has
function constraints.new(definition, evidence, rules, given)
    local self = setmetatable({ definition = definition, evidence = evidence, rules = rules, given = given }, Model)
    local shape = new_shape(definition)
    self.preds, self.succs, self.anc_count, self.desc_count = shape.preds, shape.succs, shape.anc_count,
        shape.desc_count
    self.exclusive, self.certain = shape.exclusive, shape.certain
    self.after, self.beside = transposed(evidence), strangers_of(evidence)
    self.all, self.unseen = bits.below(evidence.count), bits.below(evidence.count)
    for number in pairs(evidence.first) do
        local word = number // 64 + 1
        self.unseen[word] = self.unseen[word] & ~(1 << number % 64)
    end
    self.unseen_count = bits.count(self.unseen)
    self.operations, self.trail, self.reasons = 0, {}, {}
    -- By member: as many numbers as there are members like it, itself included; they share them, and can lose none.
    self.min_size = {}
    return self
end

-- ---- one member's numbers ----

-- What the node with this number did that a node of that type does not do; nil where there is nothing.
function Model:misfit(type_name, number)
    local evidence, is_strict = self.evidence, self.rules.waits_strictly
    local waits = type_name == "std::wait"
    if evidence.suspended[number] and not waits and (is_strict or type_name:sub(1, 5) == "std::") then
        return "waited"
    elseif evidence.done[number] and waits and (is_strict or not evidence.suspended[number]) then
        return "done"
    elseif evidence.looped[number] and self.rules.whole_traces and self.has_loops and type_name ~= "std::loop" then
        return "looped"
    end
end

-- Why the member cannot have the number, by what is known of the two alone; nil where it can.
function Model:obstacle(member, number)
    local trigger_count = self.definition.trigger_count
    if member <= trigger_count or number < trigger_count then
        return member - 1 ~= number and "trigger" or nil
    elseif self.given[member] and self.given[member] ~= number then
        return "given"
    elseif not self.evidence.first[number] then
        return self.desc_count[member] + 1 > self.unseen_count and "unseen" or nil
    end
    local misfit = self:misfit(self.definition.members[member].type, number)
    if misfit then
        return misfit
    elseif self.before_count[number] < self.anc_count[member] then
        return "few_before"
    elseif self.after_count[number] < self.desc_count[member] - self.unseen_count then
        return "few_after"
    end
end

-- Returns false where a member has no number left.
function Model:begin()
    local evidence = self.evidence
    self.before_count, self.after_count, self.has_loops = {}, {}, false
    for number in pairs(evidence.first) do
        self.before_count[number], self.after_count[number] = bits.count(evidence.before[number]),
            bits.count(self.after[number])
    end
    for _, member in ipairs(self.definition.members) do
        self.has_loops = self.has_loops or member.type == "std::loop"
    end
    self.domain, self.size, self.queue, self.is_queued = {}, {}, {}, {}
    for member in ipairs(self.definition.members) do
        local domain, size, reasons = bits.empty(bits.word_count(evidence.count)), 0, {}
        for number = 0, evidence.count - 1 do
            local why = self:obstacle(member, number)
            if not why then
                bits.add(domain, number)
                size = size + 1
            else
                reasons[number] = why
            end
        end
        self.domain[member], self.size[member], self.reasons[member] = domain, size, reasons
        if size == 0 then
            self.wiped = { member = member }
            return self:give_up()
        end
        self:enqueue(member)
    end
    local is_possible = self:propagate()
    self.has_begun = true
    return is_possible
end

function Model:enqueue(member)
    if not self.is_queued[member] then
        self.is_queued[member] = true
        self.queue[#self.queue + 1] = member
    end
end

-- Leaves the member only what is in `allowed`. Returns false where nothing is left.
function Model:restrict(member, allowed, why)
    local domain = self.domain[member]
    self.operations = self.operations + #domain
    if bits.is_within(domain, allowed) then
        return true
    end
    local kept = bits.copy(domain)
    bits.intersect(kept, allowed)
    self.trail[#self.trail + 1] = { member, domain, self.size[member] }
    self.domain[member], self.size[member] = kept, bits.count(kept)
    if not self.has_begun then -- what is only tried needs no reason
        for _, number in ipairs(bits.numbers(domain)) do
            if not bits.has(kept, number) then
                self.reasons[member][number] = self.reasons[member][number] or why
            end
        end
    end
    if self.size[member] < (self.min_size[member] or 1) then
        self.wiped = { member = member }
        return false
    end
    self:enqueue(member)
    return true
end

-- The union of what `relation` has for the member's numbers, or less once it includes `covers`.
function Model:reached(member, relation, covers, start)
    local allowed = start and bits.copy(start) or bits.empty(#covers)
    for _, number in ipairs(bits.numbers(self.domain[member])) do
        self.operations = self.operations + #covers
        bits.unite(allowed, relation[number] or covers)
        if bits.is_within(covers, allowed) then
            break
        end
    end
    return allowed
end

-- Where `from` must be over before `to` begins. What was never seen could have begun after anything.
function Model:revise_edge(from, to)
    if not self:restrict(to, self:reached(from, self.after, self.domain[to], self.unseen), { before = from }) then
        return false
    end
    if bits.meets(self.domain[to], self.unseen) then
        return true
    end
    return self:restrict(from, self:reached(to, self.evidence.before, self.domain[from]), { after = to })
end

-- Where a trace that has `from` and is complete has `to`.
function Model:revise_certain(from, to)
    local with = self.evidence.always_with
    if not self:restrict(to, self:reached(from, with, self.domain[to]), "whole") then
        return false
    end
    local allowed = bits.copy(self.domain[from])
    for _, number in ipairs(bits.numbers(allowed)) do
        self.operations = self.operations + #allowed
        if with[number] and not bits.meets(with[number], self.domain[to]) then
            local word = number // 64 + 1
            allowed[word] = allowed[word] & ~(1 << number % 64)
        end
    end
    return self:restrict(from, allowed, "whole")
end

-- The member has one number left: nobody else has it, nor those whom it was seen with, if they exclude each other.
function Model:claim(member)
    local number = bits.numbers(self.domain[member])[1]
    local others = bits.copy(self.all)
    local word = number // 64 + 1
    others[word] = others[word] & ~(1 << number % 64)
    for other, domain in ipairs(self.domain) do
        if other ~= member and bits.has(domain, number) and not self:restrict(other, others, "taken") then
            return false
        end
    end
    local beside = self.rules.whole_traces and self.exclusive[member] and self.beside[number]
    if beside then
        local apart = bits.copy(self.all)
        for index, seen in ipairs(beside) do
            apart[index] = apart[index] & ~seen
        end
        for _, other in ipairs(bits.numbers(self.exclusive[member])) do
            if not self:restrict(other, apart, "beside") then
                return false
            end
        end
    end
    return true
end

function Model:revise_around(member)
    for _, before in ipairs(self.preds[member]) do
        if not self:revise_edge(before, member) then
            return false
        end
    end
    for _, after in ipairs(self.succs[member]) do
        if not self:revise_edge(member, after) then
            return false
        end
    end
    return self.size[member] > 1 or self:claim(member)
end

-- A number that only one member can have is its own. Returns false where a number has nobody.
function Model:find_single_owners()
    local owner, owners = {}, {}
    for member, domain in ipairs(self.domain) do
        self.operations = self.operations + self.size[member]
        for _, number in ipairs(bits.numbers(domain)) do
            owner[number], owners[number] = member, (owners[number] or 0) + 1
        end
    end
    for number = 0, self.evidence.count - 1 do
        if not owners[number] then
            self.wiped = { number = number }
            return false
        elseif owners[number] == 1 and self.size[owner[number]] > 1 then
            local own = bits.empty(#self.domain[1])
            bits.add(own, number)
            if not self:restrict(owner[number], own, "owner") then
                return false
            end
        end
    end
    return true
end

---Draws all conclusions. Returns false where the numbers do not go round.
function Model:propagate()
    repeat
        while #self.queue > 0 and self.operations < max_operations do
            local member = table.remove(self.queue)
            self.is_queued[member] = nil
            if not self:revise_around(member) then
                return self:give_up()
            end
        end
        -- One round of these costs more than the limit in a long flow: none where the limit is reached already.
        for _, edge in ipairs(self.rules.whole_traces and not self:is_exhausted() and self.certain or {}) do
            if not self:revise_certain(edge[1], edge[2]) then
                return self:give_up()
            end
        end
        if #self.queue == 0 and not self.has_begun and not self:find_single_owners() then
            return self:give_up()
        end
    until #self.queue == 0 or self.operations >= max_operations
    return true
end

function Model:give_up()
    self.root_wipe = self.root_wipe or not self.has_begun and self.wiped or nil
    self.queue, self.is_queued = {}, {}
    return false
end

function Model:is_exhausted()
    return self.operations >= max_operations
end

---Begins to count anew.
function Model:refresh()
    self.operations = 0
end

-- ---- trying ----

---Where `undo` goes back to.
function Model:mark()
    return #self.trail
end

function Model:undo(mark)
    for place = #self.trail, mark + 1, -1 do
        local change = self.trail[place]
        self.domain[change[1]], self.size[change[1]] = change[2], change[3]
        self.trail[place] = nil
    end
    self.queue, self.is_queued = {}, {}
end

---Do these numbers agree with each other in all that is known?
---@param number_of integer[] by member
function Model:is_answer(number_of)
    local evidence, owner = self.evidence, {}
    for to, number in ipairs(number_of) do
        if owner[number] then
            return false
        end
        owner[number] = to
        for _, from in ipairs(evidence.first[number] and self.preds[to] or {}) do
            if not bits.has(evidence.before[number], number_of[from]) then
                return false
            end
        end
    end
    if not self.rules.whole_traces then
        return true
    end
    for _, edge in ipairs(self.certain) do
        local with = evidence.always_with[number_of[edge[1]]]
        if with and not bits.has(with, number_of[edge[2]]) then
            return false
        end
    end
    for member, others in pairs(self.exclusive) do
        for _, other in ipairs(self.beside[number_of[member]] and bits.numbers(others) or {}) do
            if bits.has(self.beside[number_of[member]], number_of[other]) then
                return false
            end
        end
    end
    return true
end

---Gives the member one number and draws the conclusions. Returns false where that cannot be; undo either way.
function Model:assign(member, number)
    local only = bits.empty(#self.domain[1])
    bits.add(only, number)
    return self:restrict(member, only, "tried") and self:propagate() or self:give_up()
end

return constraints

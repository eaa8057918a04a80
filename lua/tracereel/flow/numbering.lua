-- Finds which node of a flow file has which number in a log. Nodes that the file does not distinguish (the same before
-- them, the same after them) can change places in any answer, and so can numbers that the log never names.
local bits = require "tracereel.flow.bits"
local constraints = require "tracereel.flow.constraints"

local numbering = {}

-- At most so many nodes of a group are put in the order of the file; the others stay as they were found.
local max_ordered = 64

---@class tracereel.flow_numbering
---@field number_of integer[] by member: one answer that fits
---@field candidates integer[][] by member: every number that it can have; one where it is certain
---@field groups tracereel.flow_group[] members that the log does not distinguish, in the order of the file
---@field is_searched boolean false: the candidates may be too many, because not every answer was looked at

---@class tracereel.flow_group
---@field members integer[]
---@field numbers integer[] that the members have between them
---@field is_seen boolean the log names one of the numbers, at least
---@field are_alike boolean the file does not distinguish them either

local function kind_of(type_name)
    return (type_name == "std::wait" or type_name == "std::loop" or type_name:sub(1, 5) == "std::") and type_name or ""
end

-- By member: the first one, in the order of the file, of those with the same neighbours.
local function read_classes(definition, given)
    local edges, first_of, leader = {}, {}, {}
    for index in ipairs(definition.members) do
        edges[index] = {}
    end
    for _, edge in ipairs(definition.edges) do
        local loop = edge.loop_back and "loop" or ""
        table.insert(edges[edge.to], ("<%d %s %s"):format(edge.from, edge.port, loop))
        table.insert(edges[edge.from], (">%d %s %s"):format(edge.to, edge.port, loop))
    end
    for index, member in ipairs(definition.members) do
        table.sort(edges[index])
        local is_alone = given[index] or index <= definition.trigger_count
        local key = is_alone and index or kind_of(member.type) .. "\n" .. table.concat(edges[index], "\n")
        first_of[key] = first_of[key] or index
        leader[index] = first_of[key]
    end
    return leader
end

-- Numbers in the order in which they are given away: those before which the least was over first, and last those that
-- the log never names.
local function order_numbers(model)
    local numbers, counts = {}, model.before_count
    for number = 0, model.evidence.count - 1 do
        numbers[#numbers + 1] = number
    end
    table.sort(numbers, function(a, b)
        local count_a, count_b = counts[a] or math.maxinteger, counts[b] or math.maxinteger
        if count_a ~= count_b then
            return count_a < count_b
        end
        return a < b
    end)
    return numbers
end

-- Whom the number can be given to, who must have an early one first. Of a class only its first open member: the others
-- are like it. Where a class has as many numbers as members, each can have each: there is nothing to try.
local function takers(model, number, leader)
    local list, has_class = {}, {}
    for member, domain in ipairs(model.domain) do
        if bits.has(domain, number) and not model.min_size[member] then
            if model.size[member] == 1 then
                return {}
            elseif not has_class[leader[member]] then
                has_class[leader[member]] = true
                list[#list + 1] = member
            end
        end
    end
    table.sort(list, function(a, b)
        if model.desc_count[a] ~= model.desc_count[b] then
            return model.desc_count[a] > model.desc_count[b]
        end
        return a < b
    end)
    return list
end

-- The answer in the model's domains, where nothing is open; nil where they do not agree.
local function answer_of(model, leader)
    local number_of, given_out = {}, {}
    for member, domain in ipairs(model.domain) do
        local class = model.min_size[member] and leader[member]
        given_out[class or 0] = class and (given_out[class] or 0) + 1 or 0
        number_of[member] = bits.numbers(domain)[class and given_out[class] or 1]
    end
    return model:is_answer(number_of) and number_of or nil
end

-- A first answer without trying: each number, from the earliest on, goes to the member that may have it, comes after
-- nothing that has no number yet, and has the most after it. nil where that does not come out even.
local function greedy(model, numbers)
    local number_of, has_number = {}, {}
    local function may_take(member, number)
        if has_number[member] or not bits.has(model.domain[member], number) then
            return false
        end
        for _, before in ipairs(model.preds[member]) do
            if not has_number[before] then
                return false
            end
        end
        return true
    end
    for _, number in ipairs(numbers) do
        local taker
        for member in ipairs(model.domain) do
            local is_better = not taker or model.desc_count[member] > model.desc_count[taker]
            if is_better and may_take(member, number) then
                taker = member
            end
        end
        if not taker then
            return nil
        end
        number_of[taker], has_number[taker] = number, true
    end
    return model:is_answer(number_of) and number_of or nil
end

-- Is there an answer? Returns it.
local function search(model, leader, numbers, place)
    local members = {}
    while place <= #numbers and #members == 0 do
        members = takers(model, numbers[place], leader)
        place = place + 1
    end
    if #members == 0 then
        return answer_of(model, leader)
    end
    local mark = model:mark()
    for _, member in ipairs(members) do
        local found = model:assign(member, numbers[place - 1]) and not model:is_exhausted()
            and search(model, leader, numbers, place)
        if found then
            return found
        end
        model:undo(mark)
        if model:is_exhausted() then
            return nil
        end
    end
    return nil
end

-- Which numbers each class can have, as far as answers have shown it.
local function new_shown(model, leader)
    local by_leader = {}
    local shown = {}

    function shown.note(number_of)
        for member, number in ipairs(number_of) do
            local set = by_leader[leader[member]] or bits.empty(#model.unseen)
            by_leader[leader[member]] = set
            if bits.has(model.unseen, number) then
                bits.unite(set, model.unseen)
            else
                bits.add(set, number)
            end
        end
    end

    function shown.of(member)
        return by_leader[leader[member]]
    end

    return shown
end

-- Looks for an answer for each number that the member might have and that no answer has shown yet.
local function probe(model, member, shown, leader, numbers)
    local mark = model:mark()
    for _, number in ipairs(bits.numbers(model.domain[member])) do
        if not bits.has(shown.of(member), number) and not model:is_exhausted() then
            local found = model:assign(member, number) and search(model, leader, numbers, 1)
            if found then
                shown.note(found)
            end
            model:undo(mark)
        end
    end
end

-- Of the answers that fit, the one in which nodes have their numbers in the order of the file: no better than another,
-- but what a person expects, and the same for every log that leaves the same open. `number_of` is an answer.
local function in_file_order(model, leader, numbers, candidates, number_of)
    local mark, tried = model:mark(), 0
    for member, list in ipairs(candidates) do
        local is_open = #list > 1 and not model.min_size[member] and tried < max_ordered
        tried = tried + (is_open and 1 or 0)
        for _, number in ipairs(is_open and list or {}) do
            local inner = model:mark()
            local found = number == number_of[member] and number_of
                or model:assign(member, number) and not model:is_exhausted() and search(model, leader, numbers, 1)
            model:undo(inner)
            if found then
                number_of = found
                model:assign(member, number)
                break
            end
        end
    end
    model:undo(mark)
    return number_of
end

local function class_sizes(leader)
    local sizes = {}
    for _, first in ipairs(leader) do
        sizes[first] = (sizes[first] or 0) + 1
    end
    return sizes
end

-- Members that share candidates, in groups.
local function groups_of(model, candidates, leader)
    local group_of_number, groups = {}, {}
    for member, numbers in ipairs(candidates) do
        if #numbers > 1 then
            local group = { members = { member }, numbers = {}, is_seen = false }
            for _, number in ipairs(numbers) do
                local other = group_of_number[number]
                if other and other ~= group then
                    table.move(other.members, 1, #other.members, #group.members + 1, group.members)
                    for _, shared in ipairs(other.numbers) do
                        group_of_number[shared] = group
                        group.numbers[#group.numbers + 1] = shared
                    end
                    groups[other] = nil
                elseif not other then
                    group_of_number[number] = group
                    group.numbers[#group.numbers + 1] = number
                end
            end
            groups[group] = true
        end
    end
    local list = {}
    for group in pairs(groups) do
        table.sort(group.members)
        table.sort(group.numbers)
        for _, number in ipairs(group.numbers) do
            group.is_seen = group.is_seen or not bits.has(model.unseen, number)
        end
        group.are_alike = true
        for _, member in ipairs(group.members) do
            group.are_alike = group.are_alike and leader[member] == leader[group.members[1]]
        end
        list[#list + 1] = group
    end
    table.sort(list, function(a, b)
        return a.members[1] < b.members[1]
    end)
    return list
end

-- All answers that the model allows, after begin(); nil where there is none.
local function answers(model, definition, given)
    local leader, numbers = read_classes(definition, given), order_numbers(model)
    local sizes, mark = class_sizes(leader), model:mark()
    for member, size in ipairs(model.size) do
        model.min_size[member] = size > 1 and size == sizes[leader[member]] and size or nil
    end
    model:refresh()
    local number_of = greedy(model, numbers) or search(model, leader, numbers, 1)
    model:undo(mark)
    if not number_of then
        return nil
    end
    local shown = new_shown(model, leader)
    shown.note(number_of)
    model:refresh()
    for member in ipairs(definition.members) do
        if leader[member] == member and model.size[member] > 1 and not model.min_size[member] then
            probe(model, member, shown, leader, numbers)
        end
    end
    local candidates, is_searched = {}, not model:is_exhausted()
    for member, domain in ipairs(model.domain) do
        local is_open = is_searched and model.size[member] > 1 and not model.min_size[member]
        -- One list for all of a class.
        candidates[member] = leader[member] ~= member and candidates[leader[member]]
            or bits.numbers(is_open and shown.of(member) or domain)
    end
    number_of = is_searched and in_file_order(model, leader, numbers, candidates, number_of) or number_of
    return { number_of = number_of, candidates = candidates, groups = groups_of(model, candidates, leader),
        is_searched = is_searched }
end

-- What is taken for granted, less and less of it: other producers write what the engine does not, and a node of a
-- person's own may answer by any port.
local rules = {
    { waits_strictly = true, whole_traces = true },
    { waits_strictly = true, whole_traces = false },
    { waits_strictly = false, whole_traces = false },
}

---Finds the numbering. What of it is not certain is in `groups`.
---@param definition tracereel.flow_definition
---@param evidence tracereel.flow_evidence
---@param given? table<integer, integer> by member: the number that a person says it has
---@return tracereel.flow_numbering|nil nil where no numbering fits
---@return table model what was found out till then, for tracereel.flow.contradiction
function numbering.find(definition, evidence, given)
    local model
    if evidence.stranger then
        return nil, { definition = definition, evidence = evidence }
    end
    for _, rule in ipairs(rules) do
        model = constraints.new(definition, evidence, rule, given or {})
        local found = model:begin() and answers(model, definition, given or {})
        if found or model:is_exhausted() then
            return found, model
        end
    end
    return nil, model
end

return numbering

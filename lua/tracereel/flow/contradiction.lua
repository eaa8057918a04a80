-- Why no numbering of a flow file fits a log, with the records that say so.
local bits = require "tracereel.flow.bits"

local contradiction = {}

local max_reasons = 8
-- More numbers than that are counted, not listed.
local max_listed = 12

local function place_text(place)
    return ("%s:%d, trace %s"):format(place.segment, place.offset, place.trace_id)
end

local Teller = {}
Teller.__index = Teller

function Teller:name(member)
    return ('"%s"'):format(self.model.definition.members[member].name)
end

-- Each says why a member cannot have a number.
local sentences = {
    given = function(teller, member)
        return ("%s is node %d, as --number says"):format(teller:name(member), teller.model.given[member])
    end,
    waited = function(teller, member, number)
        return ("node %d waited for a person (%s), which a %s never does"):format(number,
            place_text(teller.evidence.suspended[number]), teller.model.definition.members[member].type)
    end,
    done = function(teller, member, number)
        return ("node %d has a node_done (%s), which a std::wait like %s never gets"):format(number,
            place_text(teller.evidence.done[number]), teller:name(member))
    end,
    few_before = function(teller, member, number)
        return ("node %d began when %d others were over (%s), %s comes after %d"):format(number,
            teller.model.before_count[number], place_text(teller:latest(number)), teller:name(member),
            teller.model.anc_count[member])
    end,
    few_after = function(teller, member, number)
        return ("node %d was over before %d others, %d come after %s"):format(number, teller.model.after_count[number],
            teller.model.desc_count[member], teller:name(member))
    end,
    looped = function(teller, _, number)
        return ("node %d iterates (%s), as only a std::loop does"):format(number,
            place_text(teller.evidence.looped[number]))
    end,
    trigger = function(teller, member, number)
        local is_trigger = member <= teller.model.definition.trigger_count
        return is_trigger and ("the trigger %s is node %d"):format(teller:name(member), member - 1)
            or ("node %d is a trigger"):format(number)
    end,
    unseen = function(teller, member, number)
        return ("node %d never ran, nor would the %d that come after %s, and only %d numbers never ran"):format(number,
            teller.model.desc_count[member], teller:name(member), teller.model.unseen_count)
    end,
}

-- Where it was seen that not more was over before the number; where nothing ever was: where it was first seen.
function Teller:latest(number)
    return self.evidence.narrowed[number] or self.evidence.first[number]
end

function Teller:sentence(member, number)
    local why = self.model.reasons[member][number]
    if type(why) == "table" and why.before and self.evidence.first[number] then
        return ("node %d began when nothing was over that can be %s, which comes before %s (%s)"):format(number,
            self:name(why.before), self:name(member), place_text(self:latest(number)))
    elseif type(why) == "table" and why.after then
        return ("node %d was not over when what can be %s began, which comes after %s"):format(number,
            self:name(why.after), self:name(member))
    end
    local tell = sentences[why]
    return tell and tell(self, member, number)
end

-- Sentences about a member's numbers, or a number's members; those that name a record first.
function Teller:reasons(wipe)
    local with_record, others, is_told = {}, {}, {}
    local function add(member, number)
        local sentence = self:sentence(member, number)
        if sentence and not is_told[sentence] then
            is_told[sentence] = true
            local list = sentence:find(", trace ", 1, true) and with_record or others
            list[#list + 1] = sentence
        end
    end
    if wipe.member then
        for number = 0, self.evidence.count - 1 do
            add(wipe.member, number)
        end
    else
        for member in ipairs(self.model.definition.members) do
            add(member, wipe.number)
        end
    end
    table.move(others, 1, #others, #with_record + 1, with_record)
    return table.move(with_record, 1, math.min(#with_record, max_reasons), 1, {})
end

function Teller:order()
    local told = {}
    for number = 0, self.evidence.count - 1 do
        if #told < max_reasons and self.evidence.narrowed[number] then
            local over = bits.numbers(self.evidence.before[number])
            local list = #over == 0 and "nothing was" or #over > max_listed and ("%d others were"):format(#over)
                or ("only %s were"):format(table.concat(over, ", "))
            told[#told + 1] = ("node %d began when %s over (%s)"):format(number, list, place_text(self:latest(number)))
        end
    end
    return told
end

---@param model table what tracereel.flow.numbering has found out
---@return string what cannot be
---@return string[] reasons sentences that name records
function contradiction.tell(model)
    local teller = setmetatable({ model = model, evidence = model.evidence }, Teller)
    local stranger = model.evidence.stranger
    if stranger then
        return ("node %d ran (%s), and the file has nodes for 0 to %d only"):format(stranger.node, place_text(stranger),
            model.evidence.count - 1), {}
    end
    local wipe = model.root_wipe
    if not wipe and model:is_exhausted() then
        return "too many numberings were tried without one that does: give some numbers with --number NAME=N", {}
    elseif not wipe then
        return "each node has numbers that fit it alone, but they do not go round", teller:order()
    elseif wipe.member then
        return ("no number can be %s"):format(teller:name(wipe.member)), teller:reasons(wipe)
    end
    return ("no node can be number %d"):format(wipe.number), teller:reasons(wipe)
end

return contradiction

-- Nodes of one kind speak for each other when the order is guessed: tracereel.flow.kinds.
local kinds = require "tracereel.flow.kinds"

-- Nodes by number: their type, and those that made them ready.
local function kinds_of(nodes)
    local released = {}
    for node, row in ipairs(nodes) do
        released[node] = {}
        for index = 2, #row do
            released[node][row[index]] = 1
        end
    end
    return kinds.of(released, function(node)
        return nodes[node][1]
    end)
end

describe("flow: the kind of a node", function()
    it("speaks against an edge where its source made as many of the target's kind ready as any like it", function()
        -- Two splits; the first was seen to make 5 ready, the second 6, and 7 comes after both.
        local found = kinds_of { { "get" }, { "get" }, { "get" }, { "other" }, { "work", 1 }, { "work", 2 },
            { "work", 3 } }
        assert.is_true(found:speak_against(1, 7))
        assert.is_true(found:speak_against(2, 5))
        assert.is_false(found:speak_against(4, 7)) -- nothing like it made any ready
    end)

    it("speaks not against one more where another of the source's kind made two ready", function()
        local found = kinds_of { { "get" }, { "get" }, { "work", 1 }, { "work", 1 }, { "work", 2 } }
        assert.is_false(found:speak_against(2, 3))
        assert.is_true(found:speak_against(1, 5))
    end)

    it("speaks against an order among three or more of a kind that all become ready after the same types", function()
        local three = kinds_of { { "get" }, { "work", 1 }, { "work", 1 }, { "work", 1 } }
        assert.is_true(three:speak_against(2, 3))
        local two = kinds_of { { "get" }, { "work", 1 }, { "work", 1 } }
        assert.is_false(two:speak_against(2, 3))
        -- The last becomes ready after another type: it is of another kind.
        local chain = kinds_of { { "get" }, { "work", 1 }, { "work", 1 }, { "work", 1 }, { "join" }, { "work", 5 } }
        assert.is_false(chain:speak_against(2, 6))
    end)

    it("says nothing of nodes whose type is not known", function()
        local found = kinds_of { {}, {}, { nil, 1 }, { nil, 1 }, { nil, 1 } }
        assert.is_false(found:speak_against(3, 4))
        assert.is_false(found:speak_against(1, 3))
    end)
end)

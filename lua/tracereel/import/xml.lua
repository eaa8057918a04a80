-- XML, by Debian's lua-expat. What stands between two tags comes as one text; entities of a document's own are refused,
-- because a few of them can stand for more text than there is memory.
local failure = require "tracereel.util.failure"
local tables = require "tracereel.util.tables"
local units = require "tracereel.util.units"

local xml = {}

local known_handlers = tables.set { "start", "text", "finish" }

local function check_handlers(handlers)
    if type(handlers) ~= "table" then
        error("xml: a table of functions expected: start, text, finish", 3)
    end
    for key, handler in units.sorted(handlers) do
        if not known_handlers[key] then
            error(("xml: unknown key %s; known are %s"):format(failure.name(key), units.names(known_handlers)), 3)
        elseif type(handler) ~= "function" then
            error(("xml: %s: a function expected, got a %s"):format(key, type(handler)), 3)
        end
    end
end

local function attributes_of(list)
    local attributes = {}
    for _, name in ipairs(list) do
        attributes[name] = list[name]
    end
    return attributes
end

---@param text string
---@param handlers { start: function, text: function, finish: function }
---@param set_line fun(line: integer)
---@param fail function raises what is wrong with the input
function xml.read(text, handlers, set_line, fail)
    check_handlers(handlers)
    local loaded, expat = failure.pcall(require, "lxp")
    if not loaded then
        failure.raise("usage", "XML is read with Debian's package lua-expat, which is not installed")
    end
    local start, on_text, finish = handlers.start, handlers.text, handlers.finish
    local function placed(parser)
        set_line((parser:pos()))
    end
    local parser = expat.new {
        StartElement = start and function(parser, name, list)
            placed(parser)
            start(name, attributes_of(list))
        end or nil,
        EndElement = finish and function(parser, name)
            placed(parser)
            finish(name)
        end or nil,
        CharacterData = on_text and function(parser, piece)
            placed(parser)
            on_text(piece)
        end or nil,
        EntityDecl = function(parser, name)
            placed(parser)
            fail("it declares the entity %s; documents with entities of their own are not read", failure.got(name))
        end,
    }
    local read, problem, line = parser:parse(text)
    if read then
        read, problem, line = parser:parse()
    end
    if not read then
        set_line(line)
        fail("not XML: %s", problem)
    end
    parser:close()
end

return xml

-- XML, by Debian's lua-expat, in pieces. Entities of a document's own are refused, because a few of them can stand for
-- more text than there is memory.
local failure = require "tracereel.util.failure"
local tables = require "tracereel.util.tables"
local units = require "tracereel.util.units"

local xml = {}

local known_handlers = tables.set { "start", "text", "finish" }

local function check_handlers(handlers)
    if type(handlers) ~= "table" then
        error("xml: a table of functions expected: start, text, finish", 0)
    end
    for key, handler in units.sorted(handlers) do
        if not known_handlers[key] then
            error(("xml: unknown key %s; known are %s"):format(failure.name(key), units.names(known_handlers)), 0)
        elseif type(handler) ~= "function" then
            error(("xml: %s: a function expected, got a %s"):format(key, type(handler)), 0)
        end
    end
end

local function expat()
    local loaded, module = failure.pcall(require, "lxp")
    if not loaded then
        failure.raise("io", "XML is read with Debian's package lua-expat, which is not installed")
    end
    return module
end

-- lua-expat gives the names as a list as well.
local function attributes_of(list)
    local attributes = {}
    for index = 1, #list do
        local name = list[index]
        attributes[name] = list[name]
    end
    return attributes
end

-- One call for the text between two tags, however many pieces it comes in.
local function text_collector(on_text)
    local pieces, count = {}, 0
    local function add(_, piece)
        count = count + 1
        pieces[count] = piece
    end
    local function flush()
        if count > 0 then
            local text = table.concat(pieces, "", 1, count)
            pieces, count = {}, 0
            on_text(text)
        end
    end
    return add, flush
end

---@param stream table of core.import_stream
---@param handlers { start: function, text: function, finish: function }
---@param fail function raises what is wrong with the input
function xml.read(stream, handlers, fail)
    check_handlers(handlers)
    local start, finish = handlers.start, handlers.finish
    local add_text, flush = nil, function() end
    if handlers.text then
        add_text, flush = text_collector(handlers.text)
    end
    local function place(parser)
        stream:set_line_number((parser:pos()))
    end
    local parser = expat().new {
        StartElement = function(parser, name, list)
            place(parser)
            flush()
            if start then
                start(name, attributes_of(list))
            end
        end,
        EndElement = function(parser, name)
            place(parser)
            flush()
            if finish then
                finish(name)
            end
        end,
        CharacterData = add_text,
        EntityDecl = function(parser, name)
            place(parser)
            fail("it declares the entity %s; documents with entities of their own are not read", failure.got(name))
        end,
    }
    local function check(read, problem, line)
        if not read then
            stream:set_line_number(line)
            fail("not XML: %s", problem)
        end
    end
    for piece in stream.piece, stream do
        check(parser:parse(piece))
    end
    check(parser:parse())
    parser:close()
end

return xml

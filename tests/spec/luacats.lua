-- Reads the annotations that editors show (LuaCATS), and says whether values are what they declare.
local helper = require "tests.spec.helper"

local luacats = {}

-- Those of the tree, and those that were built.
local directories = { "lua/tracereel/library", (os.getenv("TRACEREEL_BUILD") or "build") .. "/lua/tracereel/library" }

--- types -------------------------------------------------------------------------------------------------------------

-- Each takes a text and where a type begins in it, and returns the type, a table with `kind`, and where it ends.
local union

local function expect(text, at, mark)
    local stop = select(2, text:find("^%s*" .. mark .. "%s*", at))
    return stop and stop + 1 or error(("no %s at byte %d of %s"):format(mark, at, text))
end

-- A list of name: type up to a closing mark; `...: type` too.
local function named_types(text, at, closing)
    local list = {}
    while not text:find("^%s*" .. closing, at) do
        local name, mark, after = text:match("^%s*([%w_%.]+)(%??):%s*()", at)
        assert(name, text:sub(at))
        local kind
        kind, at = union(text, after)
        list[#list + 1] = { name = name, optional = mark == "?", type = kind }
        at = text:match("^%s*,%s*()", at) or at
    end
    return list, (text:match("^%s*" .. closing .. "()", at))
end

local function function_type(text, at)
    local parameters, stop = named_types(text, at, "%)")
    local results = {}
    local after = text:match("^:%s*()", stop)
    while after do
        results[#results + 1], stop = union(text, after)
        after = text:match("^,%s*()", stop)
    end
    return { kind = "function", parameters = parameters, results = results }, stop
end

local function primary(text, at)
    local literal, after = text:match('^"([^"]*)"()', at)
    if literal then
        return { kind = "literal", value = literal }, after
    elseif text:find("^%(", at) then
        local inner
        inner, at = union(text, at + 1)
        return inner, expect(text, at, "%)")
    elseif text:find("^fun%(", at) then
        return function_type(text, at + 4)
    elseif text:find("^table<", at) then
        local key, value
        key, at = union(text, at + 6)
        value, at = union(text, expect(text, at, ","))
        return { kind = "map", key = key, value = value }, (text:match("^%s*>()", at))
    elseif text:find("^{", at) then
        local fields
        fields, at = named_types(text, at + 1, "}")
        return { kind = "shape", fields = fields }, at
    end
    local name
    name, after = text:match("^([%a_][%w_%.]*)()", at)
    return { kind = "name", name = assert(name, text:sub(at)):gsub("%.$", "") }, after
end

local function postfix(text, at)
    local result
    result, at = primary(text, at)
    while true do
        if text:find("^%[%]", at) then
            result, at = { kind = "list", item = result }, at + 2
        elseif text:find("^%?", at) then
            result, at = { kind = "union", { kind = "name", name = "nil" }, result }, at + 1
        else
            return result, at
        end
    end
end

function union(text, at)
    local first
    first, at = postfix(text, at)
    local members = { kind = "union", first }
    while text:find("^|", at) do
        members[#members + 1], at = postfix(text, at + 1)
    end
    return #members == 1 and first or members, at
end

local function parse(text)
    return (union(text, 1))
end

--- classes -----------------------------------------------------------------------------------------------------------

local reader = {}
reader.__index = reader

function reader:class(name, parents)
    assert(not self.classes[name], "documented twice: " .. name)
    self.current = { fields = {}, functions = {}, types = {}, signatures = {}, parents = {} }
    for parent in parents:gmatch("tracereel%.([%w_]+)") do
        table.insert(self.current.parents, parent)
    end
    self.classes[name] = self.current
end

-- What stands over a function.
function reader:signature()
    self.pending = self.pending or { parameters = {}, results = {}, generic = {} }
    return self.pending
end

function reader:line(line)
    local class, parents = line:match("^%-%-%-@class tracereel%.?([%w_]*)(.*)")
    local field, mark, field_type = line:match("^%-%-%-@field ([%a_][%w_]*)(%??) (.+)")
    local indexed = line:match("^%-%-%-@field %[integer%] (.+)")
    local parameter, optional, parameter_type = line:match("^%-%-%-@param ([%w_%.]+)(%??) (.+)")
    local result = line:match("^%-%-%-@return (.+)")
    local generic = line:match("^%-%-%-@generic (.+)")
    local variable = line:match("^local ([%w_]+) = {}$")
    local owner, name = line:match("^function ([%w_]+)[.:]([%w_]+)%(")
    if class then
        self:class(class, parents)
    elseif field then
        self.current.fields[field] = true
        local kind = parse(field_type)
        self.current.types[field] = mark == "?" and { kind = "union", { kind = "name", name = "nil" }, kind } or kind
    elseif indexed then
        self.current.indexed = parse(indexed)
    elseif parameter then
        table.insert(self:signature().parameters,
            { name = parameter, optional = optional == "?", type = parse(parameter_type) })
    elseif result then
        table.insert(self:signature().results, parse(result))
    elseif generic then
        for one in generic:gmatch("%w+") do
            self:signature().generic[one] = true
        end
    elseif variable then
        self.of_variable[variable] = self.current
    elseif owner then
        local described = self.of_variable[owner]
        described.functions[name] = true
        described.signatures[name] = self:signature()
        self.pending = nil
    end
end

---Class name, without "tracereel.", to { fields, functions: sets of names; types: of its fields; signatures: of its
---functions, { parameters, results, generic }; parents: names }; and the text of all files.
function luacats.read()
    local classes, texts = {}, {}
    for path in helper.shell("find " .. table.concat(directories, " ") .. " -type f | sort"):gmatch("%S+") do
        texts[#texts + 1] = helper.read(path)
        local one = setmetatable({ classes = classes, of_variable = {} }, reader)
        for line in texts[#texts]:gmatch("[^\n]+") do
            one:line(line)
        end
    end
    return classes, table.concat(texts)
end

--- values ------------------------------------------------------------------------------------------------------------

local checker = {}
checker.__index = checker

function luacats.checker(classes)
    return setmetatable({ classes = classes, seen = {} }, checker)
end

local plain = {
    any = function() return true end,
    ["nil"] = function(value) return value == nil end,
    integer = function(value) return math.type(value) == "integer" end,
    number = function(value) return type(value) == "number" end,
    ["false"] = function(value) return value == false end,
    ["true"] = function(value) return value == true end,
}
for _, name in ipairs { "string", "boolean", "table", "function", "userdata" } do
    plain[name] = function(value) return type(value) == name end
end

local function shown(value)
    return type(value) == "string" and ("%q"):format(value) or tostring(value)
end

local function differs(place, value, what)
    return ("%s is %s, declared as %s"):format(place, shown(value), what)
end

-- Those of a class and of what it extends.
function checker:types_of(class, into)
    into = into or {}
    for name, kind in pairs(class.types) do
        into[name] = kind
    end
    for _, parent in ipairs(class.parents) do
        self:types_of(self.classes[parent], into)
    end
    return into
end

function checker:class_problem(value, name, place)
    local class = self.classes[name]
    if type(value) ~= "table" and type(value) ~= "userdata" then
        return differs(place, value, "tracereel." .. name)
    end
    self.seen[name] = self.seen[name] or setmetatable({}, { __mode = "k" })
    if self.seen[name][value] then
        return nil
    end
    self.seen[name][value] = true
    for field, kind in pairs(self:types_of(class)) do
        local is_there, found = pcall(function() return value[field] end)
        local problem = not is_there and ("%s has no field %s of tracereel.%s"):format(place, field, name)
            or self:problem(found, kind, place .. "." .. field)
        if problem then
            return problem
        end
    end
    for index = 0, class.indexed and 9 or -1 do
        local problem = self:problem(value[index], class.indexed, ("%s[%d]"):format(place, index))
        if problem then
            return problem
        end
    end
    for method in pairs(class.functions) do
        local is_there, found = pcall(function() return value[method] end)
        if not is_there or type(found) ~= "function" then
            return ("%s has no method %s of tracereel.%s"):format(place, method, name)
        end
    end
    return nil
end

local kinds = {}

function kinds.literal(_, value, kind, place)
    return value ~= kind.value and differs(place, value, ("%q"):format(kind.value)) or nil
end

function kinds:union(value, kind, place)
    local first
    for _, member in ipairs(kind) do
        local problem = self:problem(value, member, place)
        if not problem then
            return nil
        end
        -- Of a table the member that is no plain word says more.
        first = (first == nil or member.kind ~= "literal" and type(value) == "table") and problem or first
    end
    return first
end

function kinds:list(value, kind, place)
    if type(value) ~= "table" then
        return differs(place, value, "a list")
    end
    for index, item in pairs(value) do
        local problem = math.type(index) ~= "integer" and differs(place, index, "a list's index")
            or self:problem(item, kind.item, ("%s[%s]"):format(place, index))
        if problem then
            return problem
        end
    end
    return nil
end

function kinds:map(value, kind, place)
    if type(value) ~= "table" then
        return differs(place, value, "a table")
    end
    for key, one in pairs(value) do
        local problem = self:problem(key, kind.key, ("a key of %s"):format(place))
            or self:problem(one, kind.value, ("%s[%s]"):format(place, shown(key)))
        if problem then
            return problem
        end
    end
    return nil
end

function kinds:shape(value, kind, place)
    if type(value) ~= "table" then
        return differs(place, value, "a table")
    end
    for _, field in ipairs(kind.fields) do
        local found = value[field.name]
        local problem = not (found == nil and field.optional)
            and self:problem(found, field.type, place .. "." .. field.name)
        if problem then
            return problem
        end
    end
    return nil
end

-- What takes nothing is called until it has no more.
kinds["function"] = function(self, value, kind, place)
    if type(value) ~= "function" then
        return differs(place, value, "a function")
    elseif #kind.parameters > 0 or #kind.results == 0 then
        return nil
    end
    for call = 1, 1000 do
        local results = table.pack(value())
        if results[1] == nil then
            break
        end
        local problem = self:results_problem(results, kind.results, ("call %d of %s"):format(call, place))
        if problem then
            return problem
        end
    end
    return nil
end

function kinds:name(value, kind, place)
    local name = kind.name
    if plain[name] then
        return not plain[name](value) and differs(place, value, name) or nil
    elseif self.generic and self.generic[name] then
        return nil
    end
    local class = name:match("^tracereel%.(.*)")
    assert(class and self.classes[class], "no such type: " .. name)
    return self:class_problem(value, class, place)
end

---What is wrong with a value of a type; nil where nothing is. `place` names the value.
function checker:problem(value, kind, place)
    return kinds[kind.kind](self, value, kind, place)
end

---The same for results, and that there are no more than declared.
function checker:results_problem(results, declared, place)
    for index, kind in ipairs(declared) do
        local problem = self:problem(results[index], kind, ("result %d of %s"):format(index, place))
        if problem then
            return problem
        end
    end
    return results.n > #declared and ("%s has %d results, declared are %d"):format(place, results.n, #declared) or nil
end

function checker:arguments_problem(arguments, signature, place)
    local last = signature.parameters[#signature.parameters]
    local count = math.max(arguments.n, #signature.parameters)
    for index = 1, count do
        local parameter = signature.parameters[index] or last
        local rest = parameter and parameter.name == "..."
        if not parameter or (index > #signature.parameters and not rest) then
            return ("%s takes %d arguments, not %d"):format(place, #signature.parameters, arguments.n)
        end
        local left_out = arguments[index] == nil and (parameter.optional or rest)
        local problem = not left_out
            and self:problem(arguments[index], parameter.type, ("argument %s of %s"):format(parameter.name, place))
        if problem then
            return problem
        end
    end
    return nil
end

---Calls a function with arguments that must be of its declared types, and returns what is wrong with what it takes and
---gives, or nil; then what it gave.
function checker:call(signature, place, callee, self_argument, ...)
    local arguments = table.pack(...)
    self.generic = signature.generic
    local problem = self:arguments_problem(arguments, signature, place)
    if problem then
        return problem
    end
    local results
    if self_argument ~= nil then
        results = table.pack(callee(self_argument, ...))
    else
        results = table.pack(callee(...))
    end
    problem = self:results_problem(results, signature.results, place)
    self.generic = nil
    return problem, table.unpack(results, 1, results.n)
end

return luacats

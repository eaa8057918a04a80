-- Calls everything that a script has with values of every kind, and prints what comes of it: the same lines in each
-- process. Runs in the sandbox of a script, and in a Lua of somebody's own that has required the module.
--
-- Beside it lies api.lua, which the fuzzer writes: the names of all methods and fields.
local api = require "api"

local Probe = {}
Probe.__index = Probe

local floor = math.floor
local max_kept = 60

-- Not math.random, which is one of the things that are called.
function Probe:draw(count)
    self.state = (self.state * 1103515245 + 12345) & 0x7FFFFFFF
    return floor((self.state >> 8) % count) + 1
end

function Probe:one(list)
    return list[self:draw(#list)]
end

local texts = { "", "x", "\0", "a\0b", "\255\254", "é", ("long"):rep(20000), "node_done", "trace_start", "1s", "120ms",
    "-2h", "1e3s", "{}", "[]", '{"a":[1,null,1e999]}', ("["):rep(3000), '"\\ud800"', "json", "bytes", "k", "n", "v",
    "%d%s%q", "%99999d", "%", "(", "[a", "%b", "(.-)%1", "return 1", "return ...", "\27Lua", "error()", "0x10", "nan",
    "00000000-0000-0000-0000-000000000000", "1e0d51e4-681b-4e3f-8be4-24e8c35d0743", "api", "probe", "tracereel", "..",
    "__index", "tracereel.failure" }

local numbers = { 0, 1, -1, 2, 3, 7, 10, 100, 255, 1000, 4294967295, 4294967296, math.maxinteger, math.mininteger, 2^53,
    0.5, -0.5, -0.0, 1.5, 1e308, -1e308, math.huge, -math.huge, 0 / 0, 1764000000000000000, 99999 }

local events = { "__index", "__newindex", "__len", "__tostring", "__call", "__eq", "__lt", "__le", "__concat",
    "__add", "__unm", "__pairs", "__close", "__name", "__metatable", "__mode", "__jsontype", "__idiv", "__bnot" }

-- Metatables of which some members are functions that raise anything, some answer with anything, some are no functions.
local function hostile_metatable(probe)
    local metatable = {}
    for _ = 1, probe:draw(4) do
        metatable[probe:one(events)] = probe:one({
            function() error(probe:value(2), 0) end,
            function() return probe:value(2) end,
            "tracereel.failure", 7, false, {},
        })
    end
    return metatable
end

local function cyclic()
    local t = { 1, 2 }
    t.self, t[3] = t, { t }
    return t
end

local function deep(levels)
    local t = {}
    for _ = 1, levels do
        t = { t }
    end
    return t
end

local keys = { "trace_id", "node_id", "timestamp_ns", "output_offset", "output_size", "schema_hash", "iteration",
    "error_message", "metadata", "types", "nodes", "traces", "since_ns", "until_ns", "every", "record", "tick",
    "timing", "speed", "from_ns", "to_ns", "mode", "from", "to", "snapshot", "sequence", "offset", "size", "hook_id",
    "skips", "timeout_secs", "timeout_action", "after", "name", "type", "loop_back", "kind", "message", "node",
    "time", "min", "max", "default", "choices", "required", "help", "node_done", "gap", "violation", "trace_complete",
    "compressed", "measured" }

local function made_table(probe, depth)
    local t = {}
    for _ = 1, probe:draw(4) do
        local key = probe:draw(3) > 1 and probe:one(keys) or probe:value(depth + 1)
        if key ~= nil and key == key then
            t[key] = probe:value(depth + 1)
        end
    end
    return t
end

local tables = {
    function() return {} end,
    function() return { 1, 2, 3 } end,
    function() return { [0] = 1, [1] = 2, [3] = 3 } end,
    function() return { "a", nil, "b", x = 1, [2.5] = true } end,
    function() return { nodes = { [0] = { after = {} }, [1] = { after = { 0 } } } } end,
    cyclic,
    function() return deep(300) end,
    function(probe) return deep(probe:draw(20) == 1 and 150000 or 20) end,
    function(probe) return setmetatable({}, hostile_metatable(probe)) end,
    function(probe) return setmetatable({ 1, "x", trace_id = "x" }, hostile_metatable(probe)) end,
    made_table, made_table, made_table, made_table,
}

local functions = {
    function(probe) return function() return probe:value(2) end end,
    function(probe) return function() error(probe:value(2), 0) end end,
    function(probe) return function() probe:call() end end,
    function() return function(...) return coroutine.yield(...) end end,
    function() return print end,
    function() return coroutine.wrap(function() coroutine.yield(1) end) end,
    function(probe) return probe:one(probe.callables) or print end,
}

local function made_record(probe)
    local made, record = pcall(tracereel.record[probe:one(tracereel.types)], { trace_id = probe:one({
        "00000000-0000-0000-0000-000000000007", "1e0d51e4-681b-4e3f-8be4-24e8c35d0743" }), node_id = probe:draw(9),
        timestamp_ns = probe:one({ 0, 1764000000000000000, -1 }), metadata = probe:one({ "{}", "x" }) })
    return made and record or nil
end

local kinds = {
    function() return nil end,
    function(probe) return probe:draw(2) == 1 end,
    function(probe) return probe:one(numbers) end,
    function(probe) return probe:one(numbers) end,
    function(probe) return probe:one(texts) end,
    function(probe) return probe:one(texts) end,
    function(probe, depth) return depth < 3 and probe:one(tables)(probe, depth) or {} end,
    function(probe, depth) return depth < 3 and probe:one(tables)(probe, depth) or {} end,
    function(probe) return probe:one(functions)(probe) end,
    function(probe) return coroutine.create(probe:one(functions)(probe)) end,
    function(probe) return probe:one({ tracereel.null, tracereel.histogram(), tracereel.state(), tracereel.timing(),
        tracereel.complete(), tracereel.retry({ 1 }), tracereel.fail("x") }) end,
    made_record,
    function(probe) return probe:one(probe.kept) end,
    function(probe) return probe:one(probe.kept) end,
}

---A value of any kind.
function Probe:value(depth)
    return self:one(kinds)(self, depth or 0)
end

---Keeps a value to be used later, when its handler is long over.
function Probe:keep(value)
    if value ~= nil then
        self.kept[#self.kept < max_kept and #self.kept + 1 or self:draw(max_kept)] = value
    end
end

-- What an error says, when it says anything.
local function error_text(problem)
    local said, text = pcall(tostring, problem)
    return type(problem) .. ": " .. (said and text:sub(1, 300) or "?")
end

local function told(probe, name, called, ...)
    local parts = { name, called and "gives" or "raises" }
    if called then
        for index = 1, math.min(select("#", ...), 5) do
            local value = (select(index, ...))
            parts[#parts + 1] = math.type(value) or type(value)
            probe:keep(value)
        end
    else
        parts[#parts + 1] = error_text((...))
    end
    probe.lines[#probe.lines + 1] = table.concat(parts, " ")
end

function Probe:arguments()
    local count = self:draw(5) - 1
    local values = {}
    for index = 1, count do
        values[index] = self:value()
    end
    return table.unpack(values, 1, count)
end

-- A method or field of anything, by a name that something has.
local function reach(probe)
    local object, name = probe:one(probe.kept), probe:one(api)
    told(probe, name, pcall(function(...)
        local member = object[name]
        if type(member) == "function" then
            return member(object, ...)
        end
        return member
    end, probe:arguments()))
end

local operators = {
    { "==", function(a, b) return a == b end }, { "<", function(a, b) return a < b end },
    { "#", function(a) return #a end }, { "..", function(a, b) return a .. b end },
    { "tostring", function(a) return #tostring(a) end }, { "index", function(a, b) return a[b] end },
    { "set", function(a, b) a[b] = 1 end }, { "call", function(a, b) return a(b) end },
    { "+", function(a, b) return a + b end }, { "for", function(a)
        local count = 0
        for _ in a do
            count = count + 1
            if count > 50 then
                return count
            end
        end
    end }, { "close", function(a)
        local closed <close> = a
        return closed
    end },
}

---One call, or another use of something.
function Probe:call()
    local draw = self:draw(10)
    self.depth = self.depth + 1
    if self.depth > 5 then
        self.depth = self.depth - 1
        return
    end
    if draw <= 4 and #self.kept > 0 then
        reach(self)
    elseif draw == 5 then
        local operator = self:one(operators)
        told(self, operator[1], pcall(operator[2], self:value(), self:value()))
    else
        local index = self:draw(#self.callables)
        told(self, self.names[index], pcall(self.callables[index], self:arguments()))
    end
    self.depth = self.depth - 1
end

---So many of them; prints what came of each.
function Probe:some(count)
    for _ = 1, count do
        self:call()
    end
    local lines = self.lines
    self.lines = {}
    for _, line in ipairs(lines) do
        print((line:gsub("%c", "?")))
    end
end

-- Some go on for as long as a huge number says, as in any Lua: that one of them does not end says nothing new. In a
-- Lua that has atan under two names, its messages say either.
local left_out = {}
for _, name in ipairs { "string.rep", "table.move", "table.concat", "table.insert", "table.remove", "table.unpack",
    "table.sort", "print", "coroutine.yield", "_G", "math.randomseed", "math.atan", "math.atan2",
    "debug", "os", "io", "package", "dofile", "loadfile", "collectgarbage" } do
    left_out[name] = true
end

local function sorted_names(library)
    local names = {}
    for name in pairs(library) do
        if type(name) == "string" then
            names[#names + 1] = name
        end
    end
    table.sort(names)
    return names
end

local function collect(self, prefix, library, depth)
    for _, name in ipairs(sorted_names(library)) do
        local value, whole = library[name], prefix .. name
        if left_out[whole] then
            value = nil
        end
        if type(value) == "function" then
            self.callables[#self.callables + 1], self.names[#self.names + 1] = value, whole
        elseif type(value) == "table" and depth < 3 then
            collect(self, whole .. ".", value, depth + 1)
        end
    end
end

local probe = {}

---@param seed integer
---@param environment table what can be called, by name; tables of functions in it, too
function probe.new(seed, environment)
    local self = setmetatable({ state = seed & 0x7FFFFFFF, kept = { {} }, lines = {}, callables = {}, names = {},
        depth = 0 }, Probe)
    collect(self, "", environment, 1)
    -- The functions of tracereel are few among all; they are what this is about.
    for _ = 1, 4 do
        collect(self, "tracereel.", tracereel, 2)
    end
    return self
end

return probe

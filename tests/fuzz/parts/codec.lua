-- A script, run with --unsafe: bytes that are nearly right are not decoded, or to a value whose bytes they are.
local core = require "tracereel.core"

local count = 3000
local histogram = tracereel.histogram()
for value = 1, 40 do
    histogram:add(value * value * 1000)
end

local values = {
    { a = { 1, -2, 3.25, "text", "\xff" }, [7] = { [true] = tracereel.null }, b = 1e300, [1.5] = {} },
    { histogram, setmetatable({}, { __jsontype = "object" }), setmetatable({ 1 }, { __jsontype = "array" }) },
    { tracereel.timing(), { [0] = 0, [300] = math.mininteger, [-70000] = math.maxinteger } },
    ("x"):rep(300), -1, 0 / 0,
}

local function changed(bytes)
    local at = math.random(#bytes)
    local draw = math.random(5)
    if draw == 1 then
        return bytes:sub(1, at - 1) .. string.char(math.random(0, 255)) .. bytes:sub(at + 1)
    elseif draw == 2 then
        return bytes:sub(1, at - 1) .. bytes:sub(at + math.random(4))
    elseif draw == 3 then
        local more = ("\x81\xa1\xd9\x9b\x61"):sub(math.random(5)):rep(math.random(300))
        return bytes:sub(1, at) .. more .. bytes:sub(at + 1)
    elseif draw == 4 then
        local other = math.random(#bytes)
        return bytes:sub(1, at) .. bytes:sub(other, other + math.random(20)) .. bytes:sub(at + 1)
    end
    return bytes:sub(1, at - 1) .. string.char(bytes:byte(at) ~ 1 << math.random(0, 7)) .. bytes:sub(at + 1)
end

local function try(bytes)
    local value, problem = core.cbor_decode(bytes)
    if not problem and core.cbor_encode(value) ~= bytes then
        error(("decoded, and encoded otherwise: %q"):format(bytes))
    end
end

return { api = 1, args = { seed = { type = "integer", default = 0 } }, start = function(args)
    math.randomseed(args.seed)
    for number = 1, count do
        local bytes = core.cbor_encode(values[number % #values + 1])
        for _ = 1, math.random(4) do
            bytes = changed(bytes == "" and "\0" or bytes)
            try(bytes)
        end
    end
end }

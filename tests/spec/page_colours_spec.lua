-- The colours that mean something on the pages: told apart by those who see few colours, and in print. Simulated by the
-- matrices of Machado, Oliveira and Fernandes (2009, severity 1), distances by CIEDE2000.
local helper = require "tests.spec.helper"

local names = { "run", "queue", "suspended", "retry", "loop", "text" }

local eyes = {
    normal = { { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 } },
    protanopia = { { 0.152286, 1.052583, -0.204868 }, { 0.114503, 0.786281, 0.099216 },
        { -0.003882, -0.048116, 1.051998 } },
    deuteranopia = { { 0.367322, 0.860646, -0.227968 }, { 0.280085, 0.672501, 0.047413 },
        { -0.011820, 0.042940, 0.968881 } },
    tritanopia = { { 1.255528, -0.076749, -0.178779 }, { -0.078411, 0.930809, 0.147602 },
        { 0.004733, 0.691367, 0.303900 } },
}

local function linear(colour)
    local channels = {}
    for pair in colour:gmatch("%x%x") do
        local share = tonumber(pair, 16) / 255
        channels[#channels + 1] = share <= 0.04045 and share / 12.92 or ((share + 0.055) / 1.055) ^ 2.4
    end
    return channels
end

local function times(matrix, vector)
    local made = {}
    for row = 1, 3 do
        made[row] = matrix[row][1] * vector[1] + matrix[row][2] * vector[2] + matrix[row][3] * vector[3]
    end
    return made
end

local to_xyz = { { 0.4124564, 0.3575761, 0.1804375 }, { 0.2126729, 0.7151522, 0.0721750 },
    { 0.0193339, 0.1191920, 0.9503041 } }

local function lab_of(colour, eye)
    local seen = times(eyes[eye], linear(colour))
    for index, value in ipairs(seen) do
        seen[index] = math.max(0, math.min(1, value))
    end
    local xyz = times(to_xyz, seen)
    local function f(share)
        return share > 216 / 24389 and share ^ (1 / 3) or (24389 / 27 * share + 16) / 116
    end
    local x, y, z = f(xyz[1] / 0.95047), f(xyz[2]), f(xyz[3] / 1.08883)
    return { 116 * y - 16, 500 * (x - y), 200 * (y - z) }
end

local function degrees(b, a)
    return math.deg(math.atan(b, a)) % 360
end

-- CIEDE2000, after Sharma, Wu and Dalal (2005).
local function difference(one, other)
    local mean = ((one[2] ^ 2 + one[3] ^ 2) ^ 0.5 + (other[2] ^ 2 + other[3] ^ 2) ^ 0.5) / 2
    local g = 0.5 * (1 - (mean ^ 7 / (mean ^ 7 + 25 ^ 7)) ^ 0.5)
    local a1, a2 = (1 + g) * one[2], (1 + g) * other[2]
    local c1, c2 = (a1 ^ 2 + one[3] ^ 2) ^ 0.5, (a2 ^ 2 + other[3] ^ 2) ^ 0.5
    local h1, h2 = degrees(one[3], a1), degrees(other[3], a2)
    local is_grey = c1 * c2 == 0
    local dh = is_grey and 0 or (h2 - h1 + 180) % 360 - 180
    local dl, dc, dhue = other[1] - one[1], c2 - c1, 2 * (c1 * c2) ^ 0.5 * math.sin(math.rad(dh / 2))
    local l, c = (one[1] + other[1]) / 2, (c1 + c2) / 2
    local h = is_grey and h1 + h2 or (h1 + dh / 2) % 360
    local t = 1 - 0.17 * math.cos(math.rad(h - 30)) + 0.24 * math.cos(math.rad(2 * h))
        + 0.32 * math.cos(math.rad(3 * h + 6)) - 0.2 * math.cos(math.rad(4 * h - 63))
    local turn = math.rad(60 * math.exp(-((h - 275) / 25) ^ 2))
    local sl, sc, sh = 1 + 0.015 * (l - 50) ^ 2 / (20 + (l - 50) ^ 2) ^ 0.5, 1 + 0.045 * c, 1 + 0.015 * c * t
    local rt = -math.sin(turn) * 2 * (c ^ 7 / (c ^ 7 + 25 ^ 7)) ^ 0.5
    return ((dl / sl) ^ 2 + (dc / sc) ^ 2 + (dhue / sh) ^ 2 + rt * dc / sc * dhue / sh) ^ 0.5
end

local function palette(block)
    local colours = {}
    for name, value in block:gmatch("%-%-(%w+): #(%x+);") do
        colours[name] = value
    end
    return colours
end

describe("the colours of the pages", function()
    local style = helper.read("lua/tracereel/render/page/page.css")
    local palettes = {
        light = palette(style:match(":root (%b{})")),
        dark = palette(style:match("dark%) %{%s*:root (%b{})")),
        print = palette(style:match("@media print %{%s*:root (%b{})")),
    }

    it("page colours: the distance is CIEDE2000 as its authors' examples have it", function()
        assert.near(2.0425, difference({ 50, 2.6772, -79.7751 }, { 50, 0, -82.7485 }), 1e-4)
        assert.near(22.8977, difference({ 50, 2.5, 0 }, { 61, -5, 29 }), 1e-4)
        assert.near(27.1492, difference({ 50, 2.5, 0 }, { 73, 25, -18 }), 1e-4)
    end)

    for ground, colours in pairs(palettes) do
        for eye in pairs(eyes) do
            it(("page colours: what they mean is told apart on %s, by %s sight"):format(ground, eye), function()
                for index, name in ipairs(names) do
                    for other = 1, index - 1 do
                        local far = difference(lab_of(colours[name], eye), lab_of(colours[names[other]], eye))
                        assert.is_true(far >= 15, ("%s and %s: %.1f"):format(name, names[other], far))
                    end
                end
            end)
        end
    end

    it("page colours: printed in grey, no two have the same lightness", function()
        local levels = {}
        for index, name in ipairs(names) do
            levels[index] = lab_of(palettes.print[name], "normal")[1]
        end
        table.sort(levels)
        for index = 2, #levels do
            assert.is_true(levels[index] - levels[index - 1] >= 6, levels[index] .. " and " .. levels[index - 1])
        end
    end)
end)

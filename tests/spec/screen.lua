-- A terminal, by tmux: what is on it, and keys for what runs in it.
local helper = require "tests.spec.helper"

local Screen = {}
Screen.__index = Screen

local count = 0

local function tmux(self, words)
    return helper.shell(("tmux -u -L %s -f /dev/null %s 2>/dev/null"):format(self.name, words))
end

---A shell in a terminal of that size; close it.
---@param options { columns: integer, rows: integer, env: table<string, string>, directory: string|nil }
---@return table|nil screen nil where there can be none, in a container without /dev/pts: then the test is pending
local function open(options)
    if not helper.on_terminal("true") then
        return nil
    end
    count = count + 1
    local self = setmetatable({ name = ("tracereel-%d-%d"):format(os.time(), count)
        .. tostring(options):match("0x(%x+)") }, Screen)
    local variables = { "PATH=" .. os.getenv("PATH"), "HOME=" .. helper.directory(), "TERM=screen-256color", "PS1='$ '",
        "LD_PRELOAD=" .. (os.getenv("LD_PRELOAD") or ""), "ASAN_OPTIONS=" .. (os.getenv("ASAN_OPTIONS") or "") }
    for name, value in pairs(options.env) do
        variables[#variables + 1] = name .. "=" .. helper.quote(value)
    end
    tmux(self, ("new-session -d -x %d -y %d -c %s %s"):format(options.columns, options.rows,
        helper.quote(options.directory or helper.shell("pwd"):match("[^\n]+")),
        helper.quote("env -i " .. table.concat(variables, " ") .. " sh")))
    return self
end

function Screen:close()
    tmux(self, "kill-server")
end

---@param words string as they are typed; then Enter
function Screen:type(words)
    self:put(words)
    self:press("Enter")
end

---@param words string as they are typed
function Screen:put(words)
    tmux(self, "send-keys -l " .. helper.quote(words))
end

---@param key string "q", "Enter", "C-c"
function Screen:press(key)
    tmux(self, "send-keys " .. key)
end

---What is on the screen now.
---@param escapes? string "-e": with the escapes of colours
function Screen:text(escapes)
    return (tmux(self, "capture-pane -p " .. (escapes or "")))
end

---Waits until a pattern is on the screen.
---@param pattern string
---@return string text of the screen
function Screen:wait(pattern)
    local text
    for _ = 1, 400 do
        text = self:text()
        if text:find(pattern) then
            return text
        end
        helper.shell("sleep 0.05")
    end
    error(("%s is not on the screen:\n%s"):format(pattern, text), 2)
end

return { open = open }

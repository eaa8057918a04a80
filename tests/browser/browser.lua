-- A headless Chromium, driven through Debian's chromedriver: JSON over HTTP on this machine, spoken by curl.
local dkjson = require "dkjson"
local helper = require "tests.spec.helper"

local Browser = {}
Browser.__index = Browser

local arguments = {
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
    "--disable-dev-shm-usage", "--hide-scrollbars",
}

-- chromedriver chooses a port and says which.
local function wait_for_port(log_path)
    for _ = 1, 100 do
        local port = helper.read(log_path):match("started successfully on port (%d+)")
        if port then
            return port
        end
        helper.shell("sleep 0.1")
    end
    error("chromedriver did not start: " .. helper.read(log_path))
end

---Sends one command; `parameters` nil: with GET.
function Browser:command(path, parameters)
    local request = helper.write(self.directory .. "/request.json", parameters and dkjson.encode(parameters) or "")
    local body = parameters and " --data-binary @" .. request or ""
    local answer = helper.shell(("curl --silent --show-error --max-time 60 --noproxy '*' "
        .. "--header 'Content-Type: application/json'%s http://127.0.0.1:%s%s 2>&1"):format(body, self.port, path))
    local decoded, _, problem = dkjson.decode(answer)
    if not decoded then
        error(("%s: the answer is not JSON (%s): %s"):format(path, problem, answer))
    end
    local value = decoded.value
    if type(value) == "table" and value.error then
        error(("%s: %s: %s"):format(path, value.error, value.message))
    end
    return value
end

function Browser:in_session(path, parameters)
    return self:command("/session/" .. self.session .. path, parameters)
end

-- An empty table must be an object for one, and a list for the other.
local function object(fields)
    return setmetatable(fields, { __jsontype = "object" })
end

local function list(items)
    return setmetatable(items, { __jsontype = "array" })
end

local function open_session(browser)
    local value = browser:command("/session", { capabilities = { alwaysMatch = {
        browserName = "chrome",
        ["goog:chromeOptions"] = { binary = browser.chromium, args = arguments },
        ["goog:loggingPrefs"] = { browser = "ALL", performance = "ALL" },
    } } })
    browser.session = value.sessionId
end

---A browser that runs until it is closed.
function Browser.open()
    local directory = helper.shell("mktemp -d"):match("%S+")
    local browser = setmetatable({ directory = directory }, Browser)
    browser.chromium = helper.shell("command -v chromium"):match("%S+") or error("there is no chromium")
    local log_path = directory .. "/chromedriver.log"
    -- Chromium puts its profile, and whatever it forgets, below TMPDIR.
    browser.pid = helper.shell(("TMPDIR=%s chromedriver --port=0 >%s 2>&1 </dev/null & echo $!"):format(directory,
        log_path)):match("%d+")
    local opened, problem = pcall(function()
        browser.port = wait_for_port(log_path)
        open_session(browser)
    end)
    if not opened then
        browser:close()
        error(problem, 0)
    end
    return browser
end

function Browser:close()
    if self.session then
        helper.shell(("curl --silent --max-time 20 --noproxy '*' --request DELETE http://127.0.0.1:%s/session/%s")
            :format(self.port, self.session))
        self.session = nil
    end
    if self.pid then
        helper.shell("kill " .. self.pid .. " 2>/dev/null")
        self.pid = nil
    end
    helper.shell("rm -rf " .. helper.quote(self.directory))
end

---Opens a file, with an anchor where one is given. What was logged before is forgotten.
function Browser:visit(path, anchor)
    self:console()
    self:requests()
    self:in_session("/url", { url = "about:blank" })
    self:in_session("/url", { url = "file://" .. path .. (anchor and "#" .. anchor or "") })
end

---Runs JavaScript in the page and gives what it returns.
function Browser:run(script, ...)
    return self:in_session("/execute/sync", { script = script, args = list { ... } })
end

---A command of the DevTools protocol.
function Browser:devtools(name, parameters)
    return self:in_session("/goog/cdp/execute", { cmd = name, params = object(parameters or {}) })
end

local element_key = "element-6066-11e4-a52e-4f735466cecf"

function Browser:find(css)
    return self:in_session("/element", { using = "css selector", value = css })[element_key]
end

---Clicks as a person does: scrolls there, and fails when something else lies above.
function Browser:click(css)
    self:in_session("/element/" .. self:find(css) .. "/click", object {})
end

---Types into an element. "\u{E007}" is the Enter key.
function Browser:type(css, text)
    self:in_session("/element/" .. self:find(css) .. "/value", { text = text })
end

function Browser:text(css)
    return self:in_session("/element/" .. self:find(css) .. "/text")
end

---What the console has said since it was asked last: errors, warnings, whatever there is.
function Browser:console()
    local messages = {}
    for index, entry in ipairs(self:in_session("/se/log", { type = "browser" })) do
        messages[index] = entry.level .. ": " .. entry.message
    end
    return messages
end

---The addresses that were asked for since then, but for what the page's own policy held back.
function Browser:requests()
    local started, is_held_back = {}, {}
    for _, entry in ipairs(self:in_session("/se/log", { type = "performance" })) do
        local event = dkjson.decode(entry.message).message
        local id = event.params.requestId
        if event.method == "Network.requestWillBeSent" and event.params.request.url ~= "about:blank" then
            started[#started + 1] = { id = id, url = event.params.request.url }
        elseif event.method == "Network.loadingFailed" and event.params.blockedReason == "csp" then
            is_held_back[id] = true
        end
    end
    local addresses = {}
    for _, request in ipairs(started) do
        addresses[#addresses + 1] = not is_held_back[request.id] and request.url or nil
    end
    return addresses
end

---@param width integer of the window, in CSS pixels
---@param height integer
function Browser:resize(width, height)
    self:devtools("Emulation.setDeviceMetricsOverride",
        { width = width, height = height, deviceScaleFactor = 1, mobile = width < 600 })
end

---@param scheme "light"|"dark"
---@param medium string|nil "print" or "screen"
function Browser:prefer(scheme, medium)
    self:devtools("Emulation.setEmulatedMedia",
        { media = medium or "screen", features = list { { name = "prefers-color-scheme", value = scheme } } })
end

return Browser

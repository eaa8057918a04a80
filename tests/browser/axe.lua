-- axe-core, which finds what keeps people from using a page. `make test-browser` fetches it where npm can.
local dkjson = require "dkjson"
local helper = require "tests.spec.helper"

local axe = {}

local path = (os.getenv("TRACEREEL_BUILD") or "build") .. "/npm/node_modules/axe-core/axe.min.js"

---Its text; nil where it is not there.
---@return string|nil
function axe.source()
    local file = io.open(path, "rb")
    if file then
        file:close()
        return helper.read(path)
    end
end

---What it finds wrong with the page that is open: "rule: element: why", sorted.
function axe.violations(browser, source)
    if not browser:run("return typeof axe !== 'undefined'") then
        browser:run(source .. ";window.axe = axe;")
    end
    local found = browser:in_session("/execute/async", { args = setmetatable({}, { __jsontype = "array" }), script = [[
        const done = arguments[0];
        axe.run(document, { resultTypes: ["violations"] }).then(result => done(result.violations.flatMap(rule =>
          rule.nodes.slice(0, 5).map(node => rule.id + ": " + node.html.slice(0, 160) + ": " + node.failureSummary))),
          problem => done([String(problem)]));]] })
    table.sort(found)
    return dkjson.decode(dkjson.encode(found))
end

return axe

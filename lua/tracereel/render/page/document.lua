-- What all pages are: one HTML file that needs no network, opens from disk, reads without its scripts, and runs nothing
-- but these.
local assets = require "tracereel.render.page.assets"
local base = require "tracereel.base"
local content_hash = require "tracereel.util.content_hash"
local html = require "tracereel.render.html"

local document = {}

-- In the order in which they are run.
local default_scripts = { "base.js", "tables.js", "readout.js", "filter.js" }

-- Nothing is fetched, and only this style and these scripts count: a name in the log that got past the escaping would
-- still not run.
local function policy(style, script)
    return ("default-src 'none'; style-src '%s'; script-src '%s'; base-uri 'none'; form-action 'none'"):format(
        content_hash.source(style), content_hash.source(script))
end

local function head(title, style, script)
    return html.element("head", nil, "\n",
        html.element("meta", { charset = "utf-8" }), "\n",
        html.element("meta", { ["http-equiv"] = "Content-Security-Policy", content = policy(style, script) }), "\n",
        html.element("meta", { name = "viewport", content = "width=device-width, initial-scale=1" }), "\n",
        html.element("meta", { name = "generator", content = "tracereel" }), "\n",
        html.element("title", nil, html.escape(title)), "\n",
        "<style>", style, "</style>\n")
end

-- What the scripts read. No "<" in it can end the element or begin a comment.
local function data_block(data)
    return '<script type="application/json" id="page-data">' .. base.json(data):gsub("<", "\\u003c") .. "</script>\n"
end


---A box whose words filter what the page lists, for those who have scripts.
---@param hint string what the words are looked for in
function document.filter_box(hint)
    return html.element("form", { class = "filter", role = "search", hidden = true },
        html.element("label", { ["for"] = "filter" }, "Filter"),
        html.element("input", { id = "filter", type = "search", placeholder = hint, autocomplete = "off",
            spellcheck = "false" }),
        html.element("output", { id = "filter-count", ["for"] = "filter" }),
        html.element("button", { type = "button", id = "whole-time", hidden = true }, "All times")) .. "\n"
end

---Writes a page: the same bytes for the same contents.
---@param page { title: string, header: string, body: (string|fun(write: fun(text: string)))[], command: string,
---  manual: string, scripts: string[]|nil, data: table|nil, entries: string|nil } `manual`: the page of the docs that
---  defines what is shown; `entries`: what the rows are that the filter counts
---@param write fun(text: string)
function document.write(page, write)
    local names = table.move(default_scripts, 1, #default_scripts, 1, {})
    table.move(page.scripts or {}, 1, #(page.scripts or {}), #names + 1, names)
    names[#names + 1] = "start.js"
    local style, script = assets.text("page.css"), assets.joined(names)
    write('<!DOCTYPE html>\n<html lang="en">\n' .. head(page.title, style, script) .. "\n"
        .. html.element("body", { ["data-entries"] = page.entries }):gsub("</body>$", "\n") .. page.header
        .. "<main>\n")
    for _, part in ipairs(page.body) do
        if type(part) == "function" then
            part(write)
        else
            write(part)
        end
    end
    write("</main>\n" .. html.element("footer", nil, "Written by ",
        html.element("code", nil, "tracereel " .. page.command), ". Each number is defined in docs/" .. page.manual
        .. ".") .. "\n")
    if page.data then
        write(data_block(page.data))
    end
    write("<script>" .. script .. "</script>\n</body>\n</html>\n")
end

return document

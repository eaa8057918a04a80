-- What the specs of unfinished outputs share.
local assert = require "luassert"
local helper = require "tests.spec.helper"

local unfinished_outputs = {
    -- What the names of unfinished outputs end in.
    word = "tracereel-unfinished",
}

function unfinished_outputs.says(text, words)
    assert.truthy(text:find(words, 1, true), ("%q expected in:\n%s"):format(words, text))
end

---The names in a directory, one a line.
function unfinished_outputs.list(directory)
    return (helper.shell(("ls -A %s"):format(directory)))
end

return unfinished_outputs

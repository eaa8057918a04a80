-- Lanes for spans: spans on one lane never overlap, and there are no more lanes than spans at one time.
local core = require "tracereel.core"

return {
    ---assign(spans) -> how many lanes there are: puts the spans in order of their starts, and gives each its `lane`,
    ---from 1: the lowest that is free when it begins.
    assign = core.lanes,
}

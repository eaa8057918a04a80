return {
    api = 1,
    finish = function()
        for _, callee in ipairs { tracereel.json, tracereel.decode, table.sort, math.atan } do
            print(select(2, pcall(callee)))
        end
        return (tracereel.decode({}))
    end,
}

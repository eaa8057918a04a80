return {
    api = 1,
    finish = function()
        print(select(2, pcall(load, "return 1", {})))
    end,
}

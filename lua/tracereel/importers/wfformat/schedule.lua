-- When each task of a workflow would run on a number of cores: the first that is ready is the first that runs, of those
-- that became ready at one time the first in the file; a task never waits while its cores are free, and none overtakes.
local schedule = {}

-- The smallest first, by `is_before`.
local function new_heap(is_before)
    local items = {}
    local heap = {}

    function heap.first()
        return items[1]
    end

    function heap.push(item)
        local place = #items + 1
        while place > 1 and is_before(item, items[place // 2]) do
            items[place], place = items[place // 2], place // 2
        end
        items[place] = item
    end

    function heap.pop()
        local top, last = items[1], table.remove(items)
        local count, place = #items, 1
        while 2 * place <= count do
            local child = 2 * place
            if child < count and is_before(items[child + 1], items[child]) then
                child = child + 1
            end
            if not is_before(items[child], last) then
                break
            end
            items[place], place = items[child], child
        end
        if count > 0 then
            items[place] = last
        end
        return top
    end

    return heap
end

local function ready_first(a, b)
    if a.ready_ns ~= b.ready_ns then
        return a.ready_ns < b.ready_ns
    end
    return a.number < b.number
end

local function ends_first(a, b)
    if a.end_ns ~= b.end_ns then
        return a.end_ns < b.end_ns
    end
    return a.number < b.number
end

-- Gives the cores of all tasks that end now back, and finds those that become ready by that.
local function end_tasks(running, ready, now_ns)
    local freed = 0
    while running.first() and running.first().end_ns == now_ns do
        local task = running.pop()
        freed = freed + task.core_count
        for _, follower in ipairs(task.followers) do
            follower.open_count = follower.open_count - 1
            if follower.open_count == 0 then
                follower.ready_ns = now_ns
                ready.push(follower)
            end
        end
    end
    return freed
end

---Gives each task its ready_ns, start_ns and end_ns, from 0 on; those that wait for each other in a circle get none.
---@param tasks { number: integer, duration_ns: integer, core_count: integer, parents: table[], followers: table[] }[]
---@param core_count number no task needs more; math.huge: as many as are wanted
---@return table[] the tasks in the order in which they start
function schedule.run(tasks, core_count)
    local ready, running, started = new_heap(ready_first), new_heap(ends_first), {}
    for _, task in ipairs(tasks) do
        task.open_count = #task.parents
        if task.open_count == 0 then
            task.ready_ns = 0
            ready.push(task)
        end
    end
    local now_ns, free = 0, core_count
    while true do
        while ready.first() and ready.first().core_count <= free do
            local task = ready.pop()
            task.start_ns, task.end_ns = now_ns, now_ns + task.duration_ns
            free = free - task.core_count
            running.push(task)
            started[#started + 1] = task
        end
        if not running.first() then
            return started
        end
        now_ns = running.first().end_ns
        free = free + end_tasks(running, ready, now_ns)
    end
end

return schedule

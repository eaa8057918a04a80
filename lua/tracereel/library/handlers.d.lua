---@meta
-- What a replay calls, for which records, and how it goes with time.

---@class tracereel.filter
---@field types? string|string[]
---@field nodes? integer|string|(integer|string)[] numbers or names; records that name no node pass
---@field traces? string|string[]
---@field since_ns? integer timestamp_ns >= since_ns
---@field until_ns? integer timestamp_ns < until_ns (`until` is a word of Lua's own)

---Handlers by record type (tracereel.record_handlers), and: `record` every record, after its own handler; `gap`;
---`violation`; `tick`; and the filter's keys. A script has these and `api`, `summary`, `args`, `start`, `finish`, `merge`,
---`shard`, `associative`, `recover` (for tracereel recover) and `check` (for tracereel crashtest).
---@class tracereel.handlers: tracereel.filter, tracereel.record_handlers
---@field record? (fun(rec: tracereel.rec, trace: tracereel.trace|nil))|tracereel.declared
---@field gap? fun(gap: tracereel.gap)
---@field violation? (fun(rec: tracereel.rec, trace: tracereel.trace|nil, code: string))|tracereel.declared
---@field tick? fun(now_ns: integer)
---@field timing? tracereel.timing each trace is added to it when it closes, without the cost of a handler
---@field aggregates? table<any, tracereel.aggregate> each is filled with the records that it looks at
---@field every? string|integer time between ticks, of log time: "1s", or nanoseconds

---A handler that `tracereel.fields` made. It can be called as any other: `handler(rec, trace, code)`.
---@class tracereel.declared

---How a replay goes with time.
---@class tracereel.replay_options
---@field follow? boolean go on at the end of the log, as its writer appends and rotates, until a handler raises an error or an interrupt comes; ticks go on when nothing comes
---@field speed? number call handlers when log time says so: 1 as the log was written, 60 a minute in a second; not with follow
---@field from_ns? integer show nothing before this log time; the state is built from the beginning
---@field to_ns? integer end the replay before the first record at this log time or later

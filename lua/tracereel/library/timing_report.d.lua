---@meta
-- What timing:report() gives, and `tracereel timing --json` prints. Definitions: docs/timing.md.

---All times are unsigned integers in nanoseconds (in Lua negative from 2^63 on), all shares numbers from 0 to 1. Every
---field is there where it is not said to be nil; what was never counted is 0, and its distribution has the count 0.
---`tracereel timing --json` prints this table.
---@class tracereel.timing_report
---@field schema integer 1: raised when a field changes its meaning
---@field relative_error number the largest of a percentile (min, max and mean are exact)
---@field flow_name string|nil
---@field by "node"|"trace"|"hour"|"outcome" what the rows are; "node" from timing:report()
---@field log tracereel.timing_log|nil nil from timing:report(), which knows no log
---@field comparison tracereel.timing_comparison|nil with a baseline only
---@field traces tracereel.timing_traces
---@field nodes tracereel.timing_node[]
---@field groups tracereel.timing_group[] for `by` hour and outcome; otherwise empty
---@field worst_traces tracereel.timed_trace[] the longest of the closed traces, longest first

---@class tracereel.timing_log
---@field paths string[]
---@field first_ns integer earliest timestamp of any record; 0 where there is none
---@field last_ns integer latest
---@field since_ns integer|nil only traces that started at or after it are in the report
---@field until_ns integer|nil only traces that started before it
---@field records integer
---@field damaged boolean something durable was lost
---@field gaps table<string, integer> by class; every class is there
---@field exact_count integer finished attempts whose start was written
---@field estimated_count integer finished attempts whose start was estimated
---@field clock_step_count integer attempts and traces that end before they start: counted as 0 ns
---@field closed_by_plan_count integer of the traces that are open at the end, those that a plan has closed

---A distribution. min, max, sum and mean are exact; percentiles are within relative_error.
---@class tracereel.distribution
---@field count integer
---@field sum_ns integer
---@field min_ns integer
---@field mean_ns integer rounded to the nearest
---@field p50_ns integer
---@field p90_ns integer
---@field p95_ns integer
---@field p99_ns integer
---@field p999_ns integer
---@field max_ns integer
---@field buckets tracereel.distribution_bucket[] those that hold something, ascending

---@class tracereel.distribution_bucket
---@field lower_ns integer
---@field upper_ns integer lower_ns <= value <= upper_ns
---@field count integer

---@class tracereel.timing_traces
---@field complete_count integer
---@field failed_count integer
---@field open_count integer cut off by the end of the log: no makespan
---@field from_snapshot_count integer of the closed ones: cut off by the beginning of the log, no makespan
---@field restarted_count integer of all, those that began afresh: their times are from their first trace_start
---@field tainted_count integer left out of everything else
---@field clock_step_count integer closed ones that end before they start
---@field first_ns integer earliest start; 0 where there is none
---@field last_ns integer latest end
---@field throughput_per_s number complete and failed traces a second, from first_ns to last_ns
---@field makespan tracereel.distribution from trace_start to the end
---@field suspended tracereel.distribution of the same traces: how long each was suspended in all
---@field in_flight tracereel.in_flight

---@class tracereel.in_flight
---@field bucket_ns integer between two points; 0 where there are none
---@field points tracereel.in_flight_point[] at most 513

---@class tracereel.in_flight_point
---@field time_ns integer
---@field count integer traces that were open at that time

---Its counts, sums and distributions are in timing_fields.d.lua, which is built from include/tracereel/timing.h.
---@class tracereel.timing_node: tracereel.timing_node_measures
---@field id integer
---@field name string|nil from the flow
---@field estimated boolean some start was estimated: times of this node are marked with ~
---@field total_ns integer run_ns, queue_ns, suspended_ns and retry_ns together; loop_ns contains the time of other nodes
---@field run_share number of the total_ns of all nodes, as the next four
---@field queue_share number
---@field suspended_share number
---@field retry_share number
---@field loop_share number beside the others: it contains the time of other nodes
---@field critical_share number of the sum of makespans
---@field trend tracereel.iteration_trend[] of a loop node; at most 16
---@field worst tracereel.worst_run|nil nil where no attempt was done

---@class tracereel.iteration_trend
---@field n integer 1 for the first iterations of loops, and so on; 16 for the sixteenth and all later ones
---@field count integer
---@field mean_ns integer

---@class tracereel.worst_run
---@field trace_id string the smallest of those with the longest run
---@field run_ns integer

---@class tracereel.timing_group
---@field key string "2025-11-24T16:00:00Z" or "complete", "failed", "open"
---@field first_ns integer|nil when the hour begins; nil for an outcome
---@field traces tracereel.timing_traces
---@field nodes tracereel.timing_node[]

---@class tracereel.timed_trace
---@field trace_id string
---@field status "complete"|"failed"
---@field start_ns integer
---@field end_ns integer
---@field makespan_ns integer
---@field suspended_ns integer
---@field critical_ns integer sum of the spans on the path
---@field lane_count integer how many lanes its spans take
---@field spans tracereel.timed_span[] finished attempts in the order of their starts; at most 4096
---@field suspensions tracereel.timed_suspension[] in order; at most 4096
---@field left_out_count integer spans and suspensions beyond these

---@class tracereel.timed_span
---@field node_id integer
---@field name string|nil from the flow
---@field lane integer from 1: spans in one lane do not overlap
---@field ready_ns integer
---@field start_ns integer
---@field end_ns integer
---@field run_ns integer end - start, less what was suspended
---@field outcome "done"|"error"|"abandoned"
---@field estimated boolean
---@field critical boolean

---@class tracereel.timed_suspension
---@field node_id integer
---@field name string|nil from the flow
---@field start_ns integer
---@field end_ns integer

---What changed against a baseline (docs/timing.md says which test is made and why).
---@class tracereel.timing_comparison
---@field paths string[] of the baseline
---@field false_alarm_rate number at most this share of comparisons of equal logs shows any significant shift
---@field tests integer how many shifts were tested
---@field shifts tracereel.timing_shift[] all of them: nodes in the order of their ids, then the traces
---@field new_nodes integer[] not in the baseline
---@field vanished_nodes integer[] only in the baseline
---@field not_compared integer[] nodes whose starts are written in one of the logs and estimated in the other
---@field failed_checks string[] sentences: the --fail-on conditions that hold

---@class tracereel.timing_shift
---@field node_id integer|nil nil: the traces' makespan
---@field name string|nil of the node, from the flow
---@field metric "p50"|"p90"|"p95"|"p99"|"p99.9"|"mean"|"errors"
---@field before number ns; for errors a share
---@field after number
---@field change number|nil after / before - 1; nil where before is 0 and after is not
---@field probability number of such a difference, or a larger one, if nothing had changed (adjusted for all tests)
---@field significant boolean

-- What traces waited for where no attempt on their critical path ran, in the order in which it is shown: its key in
-- `traces.critical_path` of a timing report (with _ns and _share), its label, and what it means.
return {
    { key = "queue", label = "queue", hint = "the path's next attempt was ready and had not started" },
    { key = "person", label = "person", hint = "suspended, for a person, a hook or a signal" },
    { key = "timer", label = "timer", hint = "a node's own wait for a timer" },
    { key = "gap", label = "gap", hint = "the log does not say for what" },
    { key = "left_out", label = "left out", hint = "attempts with an estimated start, of nodes that have exact ones" },
}

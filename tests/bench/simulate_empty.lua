-- Benchmark: a scenario without a rule. What comes out are the bytes that went in.
return { api = 1, summary = "benchmark: an empty scenario" }

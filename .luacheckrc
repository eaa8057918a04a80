std = "lua54"
max_line_length = 120
max_cyclomatic_complexity = 20

-- Scripts find the module as a global, so that the shortest ones need no require.
read_globals = { "tracereel" }

-- Declares types for editors, and runs nowhere.
exclude_files = { "lua/tracereel/library/*.d.lua" }

files["tests/spec"] = { std = "+busted" }
files["tests/browser"] = { std = "+busted" }

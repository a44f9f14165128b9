-- What luacheck knows about the Lua here: `luacheck stdlib runbooks tests`.
std = "luajit"
max_line_length = 100
unused_args = false
cache = false
self = false
exclude_files = { ".build", "docs/reference" }

-- The names that the host gives to a runbook and to a driver.
local families = {
  "deploy", "dns", "database", "storage", "notify", "http", "process", "cache", "metrics",
  "schedule", "secrets",
}
local language = {
  "runbook", "step", "parallel", "each", "ensure", "wait_until", "hold", "meanwhile", "approve",
  "confirm", "ask", "manual", "wait_for", "sleep", "keep", "try", "run", "run_runbook", "now",
  "date", "duration", "size", "time", "secret", "json", "part", "driver", "log",
}
local testing = { "describe", "it", "before_each", "after_each", "world", "explore", "drill" }

local function joined(...)
  local all = {}
  for _, list in ipairs({ ... }) do
    for _, name in ipairs(list) do
      all[#all + 1] = name
    end
  end
  return all
end

files["stdlib"] = { read_globals = joined(families, language) }
files["runbooks"] = { read_globals = joined(families, language, testing) }
files["tests/bench/library"] = { read_globals = joined(families, language) }
files["tests/lua/fixtures"] = { read_globals = joined(families, language, testing) }
local in_tests = joined(families, language, testing)
in_tests.assert = { other_fields = true }
files["**/*_test.lua"] = { read_globals = in_tests }
files["**/explorations/*.lua"] = { read_globals = joined(families, language, testing) }
files["**/drills/*.lua"] = { read_globals = joined(families, language, testing) }

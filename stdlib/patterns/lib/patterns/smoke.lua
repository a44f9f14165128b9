-- Smoke tests: every one is executed, also after one has failed, and any failure fails the whole.
local options = require "patterns.options"

local M = {}

local test_shape = { name = { "text", required = true }, test = { "function", required = true } }

---Executes the tests in order and never fails.
---
---A test is { name, test = function }; it fails where the function raises or returns false.
---@return table result { passed, failed, rows = list of { name, passed, problem? } }
function M.count(tests)
  local wanted = options.read_each(tests, test_shape, "smoke.count")
  local result = { passed = 0, failed = 0, rows = {} }
  for place, one in ipairs(wanted) do
    local ended, value = pcall(one.test)
    local passed = ended and value ~= false
    result.rows[place] = { name = one.name, passed = passed,
      problem = not ended and tostring(value.message or value) or not passed and "it says no"
        or nil }
    local tally = passed and "passed" or "failed"
    result[tally] = result[tally] + 1
  end
  return result
end

---The result as text: "2 passed, 1 failed", and a line for each failure.
function M.show(result)
  local lines = { ("%d passed, %d failed"):format(result.passed, result.failed) }
  for _, row in ipairs(result.rows) do
    if not row.passed then lines[#lines + 1] = ("%s: %s"):format(row.name, row.problem) end
  end
  return table.concat(lines, "\n")
end

---Executes all tests; raises `smoke_failed` (safe to try again) with every failure named.
---@return table result As of `count`.
function M.run(tests)
  local result = M.count(tests)
  log(("Smoke tests: %d passed, %d failed."):format(result.passed, result.failed))
  if result.failed > 0 then options.fail("smoke_failed", M.show(result)) end
  return result
end

return M

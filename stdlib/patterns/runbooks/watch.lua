-- Holds one metric against a limit in each of the ways; for the tests of the pattern.
local watch = require "patterns.watch"

return runbook {
  summary = "Hold the share of errors against a limit",
  targets = { ["metrics/main"] = {} },
  parameters = {
    how = { type = "string", enum = { "problems", "ensure", "stay", "wait" }, required = true },
    empty = { type = "string", enum = { "fails", "passes" }, default = "fails" },
  },
  on_failure = "stop",
  run = function(params)
    local numbers = metrics("main")
    local limits = { { name = "errors", over = "1m", above = 5, empty = params.empty } }
    if params.how == "problems" then return watch.problems(numbers, limits) end
    if params.how == "ensure" then return watch.ensure(numbers, limits) end
    if params.how == "stay" then return watch.stay(numbers, limits, { during = "5m" }) end
    return watch.wait(numbers, limits, { within = "5m" })
  end,
}

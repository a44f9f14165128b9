-- Scales the web by rules; for the tests of the pattern.
local scaling = require "patterns.scaling"

local rules = {
  up = { { name = "cpu", above = 70, lasting = "5m" }, { name = "memory", above = 80 } },
  down = { { name = "cpu", below = 30, lasting = "10m" },
    { name = "memory", below = 40, lasting = "10m" } },
  least = 1, most = 3,
}

return runbook {
  summary = "Scale by rules",
  targets = { ["deploy/web"] = { "scale" }, ["metrics/main"] = {}, ["cache/main"] = { "set" } },
  on_failure = "stop",
  run = function()
    local holding = scaling.look(metrics("main"), rules)
    return scaling.apply(deploy("web"), { rules = rules, holding = holding,
      marker = cache("main"), cool_down = "5m" })
  end,
}

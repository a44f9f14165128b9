-- Does it serve, refuse and explain itself? Changes nothing; any failure fails the run.
local clinic = require "clinic"

return runbook {
  summary = "Smoke tests: health, a refused login, the documentation, and each part behind them",
  targets = {
    ["http/app"] = {},
    ["database/clinic"] = {},
    ["cache/redis"] = {},
    ["storage/audio"] = {},
    ["notify/team"] = { "send" },
  },
  on_failure = "stop",

  run = function()
    return clinic.smoke(http("app"), { db = database("clinic"), redis = cache("redis"),
      audio = storage("audio") })
  end,

  ended = function(_, result)
    if result.outcome == "done" then return end
    notify("team"):send { severity = "critical", title = "Smoke tests failed",
      text = tostring(result.reason) }
  end,
}

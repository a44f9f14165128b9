-- Looks at two endpoints as a runbook would; for the tests of the pattern.
local health = require "patterns.health"

return runbook {
  summary = "Ask two endpoints how they are",
  targets = { ["http/app"] = {}, ["http/other"] = {} },
  parameters = {
    how = { type = "string", enum = { "look", "ensure", "wait", "stay" }, default = "look" },
  },
  run = function(params)
    local endpoints = {
      { name = "app", at = http("app"), json = { status = "healthy" }, target = "200ms",
        alert = "1s" },
      { name = "other", at = http("other"), path = "/ok" },
    }
    if params.how == "wait" then health.wait(endpoints, { within = "1m", every = "10s" }) end
    if params.how == "stay" then health.stay(endpoints, { during = "1m", every = "10s" }) end
    if params.how == "ensure" then health.ensure(endpoints) end
    local report = health.look(endpoints)
    return { report = report, shown = health.show(report), problem = health.problem(report) }
  end,
}

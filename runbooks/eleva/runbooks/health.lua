-- How is everything? The combined endpoint and each service's side by side, and the services too.
local care = require "care"
local care_health = require "care_health"
local health = require "patterns.health"

return runbook {
  summary = "Ask every endpoint and every service; a table of state and latency",
  targets = {
    ["http/site"] = {},
    ["database/care"] = {},
    ["cache/redis"] = {},
    ["schedule/jobs"] = {},
    ["notify/team"] = { "send" },
  },
  parameters = {
    tell = { type = "boolean", default = false,
      help = "tell the team what is not well: by cron nobody sees the table" },
  },
  on_failure = "stop",

  run = function(params)
    local report = care_health.look { site = http("site"), db = database("care"),
      redis = cache("redis"), jobs = schedule("jobs") }
    log(health.show(report))
    local problem = tostring(health.problem(report))
    if params.tell and not report.healthy then
      care.tell(notify("team"), { severity = "error", title = "Not well", text = problem })
    end
    ensure(report.healthy, "Not well: %s.", problem)
    return report
  end,
}

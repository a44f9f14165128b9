-- Back to a deployment that is there, proved while it serves; then everybody is told why.
local going_back = require "going_back"

return runbook {
  summary = "Go back to an earlier deployment, and prove that it serves",
  objectives = { rto = "30m" },
  targets = {
    ["deploy/web"] = { "rollback" },
    ["http/site"] = {},
    ["metrics/releases"] = { "record_deployment" },
    ["notify/status"] = { "send" },
    ["notify/team"] = { "send" },
  },
  parameters = {
    deployment = { type = "string", help = "its id or version; without it the one before" },
    reason = { type = "string", required = true, help = "why; everybody is told" },
    within = { type = "duration", default = "5m", help = "how long it may take until it serves" },
  },
  locks = { "deploy/web" },

  run = function(params) return going_back.go(params) end,
}

-- The thirteen points before a launch: asked of the systems, else of a person, with evidence.
local checklist = require "patterns.checklist"
local points = require "points"
local vera = require "vera"

return runbook {
  summary = "Work through the thirteen points before a launch, with evidence",
  targets = {
    ["http/github"] = {},
    ["http/sentry"] = {},
    ["http/staging"] = { "load" },
    ["deploy/staging"] = {},
    ["deploy/api"] = {},
    ["database/primary"] = {},
    ["metrics/datadog"] = {},
    ["metrics/uptime"] = {},
    ["storage/backups"] = { "put" },
    ["notify/team"] = { "send" },
  },
  parameters = {
    load_for = { type = "duration", default = "2m", help = "how long staging is under load" },
    users = { type = "integer", default = 1000, min = 1, max = 2500,
      help = "people at once; each asks once in 5 s" },
    load_path = { type = "string", default = "/health", pattern = "^/",
      help = "what they ask for; /health asks database, Redis and S3" },
  },
  locks = { "deploy/staging" },
  on_failure = "stop",

  run = function(params)
    local result = checklist.go(points.all(params))
    local text = checklist.show(result)
    local key = date("launch/%Y-%m-%d_%H%M%S.md")
    step("Keep the list", { undo = false }, function()
      storage("backups"):put { key = key, body = text .. "\n", content_type = "text/markdown" }
    end)
    vera.tell(notify("team"), { severity = result.failed > 0 and "warning" or "info",
      title = ("Launch checklist: %d of %d"):format(result.passed, #result.rows), text = text })
    checklist.ensure(result)
    return { passed = result.passed, key = key, rows = result.rows }
  end,
}

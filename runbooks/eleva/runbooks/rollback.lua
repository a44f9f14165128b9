-- Back to the release before, at once: nothing is built, only the domains move.
local care = require "care"
local care_release = require "care_release"
local release = require "patterns.release"

return runbook {
  summary = "Promote the previous release back, and prove that it serves",
  targets = {
    ["deploy/app"] = { "rollback" },
    ["http/site"] = {},
    ["database/care"] = {},
    ["cache/redis"] = {},
    ["schedule/jobs"] = {},
    ["notify/team"] = { "send" },
  },
  parameters = {
    release_id = { type = "string", help = "this release instead of the one before" },
    reason = { type = "string", required = true, help = "why; everybody is told" },
  },
  locks = { "deploy/app" },

  run = function(params)
    local app = deploy("app")
    local parts = { site = http("site"), db = database("care"), redis = cache("redis"),
      jobs = schedule("jobs") }
    local bad = app:status().version
    local back = release.back(app, { release_id = params.release_id, within = "5m",
      check = function() care_release.prove(parts, "5m") end })
    care.tell(notify("team"), { severity = "warning", title = "Rolled back",
      text = ("%s serves again instead of %s: %s"):format(back.version, tostring(bad),
        params.reason) })
    return { from = bad, to = back.version }
  end,
}

-- The application is down: the release before, else the last good commit; then it is watched.
local clinic = require "clinic"
local known = require "clinic_secrets"
local health = require "patterns.health"
local incident = require "patterns.incident"
local release = require "patterns.release"

return runbook {
  summary = "Bring the application back: roll back, else release the last good commit",
  objectives = { rto = "4h" },
  targets = {
    ["deploy/app"] = { "rollback", "release", "set_env" },
    ["http/app"] = {},
    ["database/clinic"] = {},
    ["cache/redis"] = {},
    ["storage/audio"] = {},
    ["secrets/vault"] = {},
    ["notify/team"] = { "open", "update", "resolve" },
  },
  parameters = {
    last_good = { type = "string", required = true, pattern = "^%x+$", min = 7, max = 40,
      help = "the last commit that is known to be good" },
    watch_for = { type = "duration", default = "10m", help = "how long it must stay healthy" },
  },
  locks = { "deploy/app" },

  run = function(params)
    local app, page = deploy("app"), http("app")
    local parts = { page = page, db = database("clinic"), redis = cache("redis"),
      audio = storage("audio") }

    -- Without its database no release is well, and who waits here holds what its recovery needs.
    step("See that the database is there", { retries = 3, on_failure = "stop" }, function()
      local there, failure = try(function() parts.db:query { sql = "select 1" } end)
      ensure(there, "The database does not answer, so execute database-failure: %s",
        there or failure.message)
    end)
    local report = clinic.begin_incident(notify("team"), "application-failure",
      "The application is down")
    local before, said = app:previous_release(), ""
    local back, how = release.back(app, { fallback = params.last_good, within = "10m",
      check = function()
        said = known.renew(app, secrets("vault"), before)
        clinic.wait_healthy(parts, "100s")
      end })
    incident.tell(report, { state = "monitoring",
      text = ("%s to %s; its health is watched.%s"):format(how, back.version, said) })

    health.stay(clinic.endpoints(page), { during = params.watch_for, every = "10s" })
    incident.finish(report, { text = ("%s serves and is healthy."):format(back.version) })
    return { version = back.version, how = how, timeline = report.timeline }
  end,
}

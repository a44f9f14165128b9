-- A commit becomes what serves: checked, approved, released, proved; else it is taken back.
local clinic = require "clinic"
local release = require "patterns.release"

return runbook {
  summary = "Release a commit, and take it back where it does not prove itself",
  targets = {
    ["process/ci"] = { "run" },
    ["deploy/app"] = { "release" },
    ["http/app"] = {},
    ["database/clinic"] = {},
    ["cache/redis"] = {},
    ["storage/audio"] = {},
    ["notify/team"] = { "send" },
  },
  parameters = {
    version = { type = "string", required = true, pattern = "^%x+$", min = 7, max = 40,
      help = "the commit to release" },
    ask_first = { type = "boolean", default = true, help = "ask for the one manual approval" },
    build_within = { type = "duration", default = "15m", help = "how long building may take" },
  },
  locks = { "deploy/app" },
  on_failure = "stop",

  run = function(params)
    local app, page, team, ci = deploy("app"), http("app"), notify("team"), process("ci")
    local parts = { page = page, db = database("clinic"), redis = cache("redis"),
      audio = storage("audio") }

    step("Run lint, types and tests", { timeout = "30m" }, function()
      ci:run { program = "checks", environment = { CHECK_COMMIT = params.version },
        timeout = "30m" }
    end)

    local today = app:status().version or "nothing"
    -- No longer than that: who waits here holds the lock that a recovery needs.
    approve("Release it?", { within = "30m", otherwise = "fail",
      when = function() return params.ask_first end, role = "release-manager",
      detail = ("%s goes from %s to %s."):format(run.environment, today, params.version),
    })

    local released, failure = try(release.go, app, {
      version = params.version, within = params.build_within,
      check = function()
        clinic.wait_healthy(parts, "100s")
        clinic.smoke(page)
      end,
    })
    if not released then
      team:send { severity = "critical", title = "Release taken back",
        text = ("%s did not prove itself, so %s serves again: %s"):format(params.version, today,
          failure.message) }
      error(failure, 0)
    end
    team:send { title = "Released", text = ("%s serves; it was %s."):format(params.version, today) }
    return { version = params.version, before = today }
  end,

  -- Where taking it back has failed too, nothing above was told.
  ended = function(params, result)
    if result.outcome == "done" then return end
    local asked, status = try(function() return deploy("app"):status() end)
    if asked and status.version ~= params.version then return end
    notify("team"):send { severity = "critical", title = "A failed release may serve",
      text = ("%s is not proved, and %s: %s"):format(params.version,
        asked and "serves" or "nobody knows what serves", tostring(result.reason)) }
  end,
}

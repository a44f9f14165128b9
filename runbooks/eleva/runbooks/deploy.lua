-- A commit becomes what serves: preview, checks on it, production, proof; or the one before again.
local care = require "care"
local care_release = require "care_release"
local way_back = require "patterns.way_back"

return runbook {
  summary = "Preview a commit, check it, promote it, prove it; take it back where it is not well",
  targets = {
    ["deploy/preview"] = { "release" },
    ["process/ci"] = { "run" },
    ["deploy/app"] = { "release", "promote" },
    ["deploy/builds"] = { "cancel_release" },
    ["http/site"] = {},
    ["database/care"] = {},
    ["cache/redis"] = {},
    ["schedule/jobs"] = {},
    ["notify/team"] = { "send" },
  },
  parameters = {
    version = { type = "string", required = true, pattern = "^%x+$", min = 7, max = 40,
      help = "the commit to release" },
    ask_first = { type = "boolean", default = true, help = "ask before production" },
    build_within = { type = "duration", default = "15m", help = "how long building may take" },
    prove_within = { type = "duration", default = "3m",
      help = "how long until everything must be well" },
  },
  locks = { "deploy/app" },
  on_failure = "stop",

  run = function(params)
    local preview, app, builds = deploy("preview"), deploy("app"), deploy("builds")
    local team = notify("team")
    local parts = { site = http("site"), db = database("care"), redis = cache("redis"),
      jobs = schedule("jobs") }
    local before = app:status()
    local today = ensure(before.version, "Nothing serves that could be gone back to.")

    local seen = step("Preview it", { undo = false }, function()
      local made = preview:release { version = params.version }
      return preview:wait_serving { release_id = made.release_id, within = params.build_within }
    end)
    local address = seen.url
    ensure(function()
      address = address or preview:endpoint()
      return address ~= ""
    end, "The preview has no address.")
    step("Check the preview", { timeout = "30m" }, function()
      process("ci"):run { program = "preview-checks", timeout = "30m", environment = {
        CHECK_COMMIT = params.version, CHECK_URL = address } }
    end)
    -- No longer than that: who waits here holds the lock that a rollback needs.
    approve("Promote it to production?", { within = "30m", otherwise = "fail",
      when = function() return params.ask_first end, role = "release-manager",
      detail = ("%s goes from %s to %s; its preview is %s."):format(run.environment, today,
        params.version, address) })

    -- What Vercel gives the domains by itself at a push was neither asked for nor proved.
    local serving = app:status()
    ensure(serving.release_id == before.release_id, "%s serves by now, and this run has not "
      .. "released it: see the README, what it expects of Vercel.", tostring(serving.version))

    local made
    local released, failure = try(way_back.step, "Promote to production", {
      timeout = params.build_within + params.prove_within + duration("10m"),
      back_name = "Promote the previous one back",
      back = function()
        care_release.promote_back(app, builds, before, made)
      end,
    }, function()
      made = app:release { version = params.version }
      care_release.see_it_serve(app, made, before, params.build_within)
      app:wait_healthy { within = params.prove_within }
      care_release.prove(parts, params.prove_within)
    end)
    if not released then
      care.tell(team, { severity = "critical", title = "Release taken back",
        text = ("%s did not prove itself, so %s serves again: %s"):format(params.version, today,
          failure.message) })
      error(failure, 0)
    end
    care.tell(team, { title = "Released",
      text = ("%s serves; it was %s."):format(params.version, today) })
    return { version = params.version, before = today }
  end,
}

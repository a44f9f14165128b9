-- Releases a version, or goes back; for the tests of the pattern.
local release = require "patterns.release"

return runbook {
  summary = "Release a version of the web, or go back",
  targets = { ["deploy/web"] = { "release", "rollback", "promote" }, ["http/app"] = {} },
  parameters = {
    version = { type = "string" },
    fallback = { type = "string" },
    promote = { type = "boolean", default = false },
  },
  on_failure = "stop",
  run = function(params)
    local web, app = deploy("web"), http("app")
    local function check() app:check { path = "/health" } end
    if params.version then
      return release.go(web, { version = params.version, within = "2m", check = check,
        promote = params.promote })
    end
    local back, how = release.back(web, { fallback = params.fallback, within = "2m",
      check = check })
    return { version = back.version, how = how }
  end,
}

-- Three smoke tests as a runbook would have them; for the tests of the pattern.
local smoke = require "patterns.smoke"

return runbook {
  summary = "Execute three smoke tests",
  targets = { ["http/app"] = {}, ["http/other"] = {} },
  run = function()
    local app, other = http("app"), http("other")
    return smoke.run {
      { name = "health", test = function() app:check { path = "/health" } end },
      { name = "a wrong password", test = function()
        return app:get { path = "/login", expect = { 200, 401 } }.status == 401
      end },
      { name = "documentation", test = function() other:check { path = "/docs" } end },
    }
  end,
}

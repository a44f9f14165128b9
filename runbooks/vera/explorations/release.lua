-- Releasing under every fault: API and site go on together, or stay together.
local vera_world = require "vera_world"

return explore {
  runbook = "release",
  parameters = { tag = "v1.0.1", commit = "ccccccc", watch_for = "15s" },
  answers = { ["Release it?"] = "approve" },
  world = function()
    local w = vera_world.open(world("production", vera_world.migrations {}))
    w.metrics.datadog:set { name = "errors", value = 0 }
    w.metrics.datadog:set { name = "p95", value = 0.3 }
    w:prepared()
    return w
  end,
  finally = {
    ["a done run serves the commit everywhere"] = function(w, run)
      return run.outcome ~= "done" or w.deploy.api.version == "ccccccc"
        and w.deploy.web.version == "ccccccc"
    end,
    ["API and site go together"] = function(w, run)
      if run.outcome ~= "done" and run.outcome ~= "failed" then return true end
      return w.deploy.api.version == w.deploy.web.version
    end,
  },
}

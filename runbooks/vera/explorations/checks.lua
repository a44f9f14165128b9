-- The checks under every fault: a run that finds something down has told the team, or tried to.
local vera_world = require "vera_world"

return explore {
  runbook = "checks",
  parameters = { all = true, down_for = "1m" },
  world = function()
    local w = vera_world.open(world "production")
    w.http.api:answer { path = "/webhooks/stripe", method = "POST", status = 400 }
    w.http.site:answer { path = "/", status = 502 }
    w.metrics.datadog:set { name = "errors", value = 6 }
    w.metrics.datadog:set { name = "p95", value = 0.3 }
    w:prepared()
    return w
  end,
  finally = {
    ["a done run has found the site down, and told the team or tried to"] = function(w, run)
      return run.outcome ~= "done" or #run.value.down > 0 and w:times "notify/team:send" > 0
    end,
    ["it never waits for a person"] = function(_, run) return run.outcome ~= "waits" end,
  },
}

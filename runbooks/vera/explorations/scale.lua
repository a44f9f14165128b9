-- Scaling under every fault: never fewer than before, never more than the load needs.
local vera_world = require "vera_world"

return explore {
  runbook = "scale",
  world = function()
    local w = vera_world.open(world "production")
    w.metrics.datadog:set { name = "requests", value = 900 }
    w:advance("15m")
    w:prepared()
    return w
  end,
  always = {
    ["between two and five instances"] = function(w)
      return w.deploy.api.instances >= 2 and w.deploy.api.instances <= 5
    end,
  },
  finally = {
    ["a done run has as many as it says"] = function(w, run)
      return run.outcome ~= "done" or w.deploy.api.instances == run.value.instances
    end,
  },
}

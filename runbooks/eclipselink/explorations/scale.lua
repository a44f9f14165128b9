-- Scaling under every fault: never fewer than one instance nor more than three.
local clinic_world = require "clinic_world"

return explore {
  runbook = "scale",
  world = function()
    local w = clinic_world.open(world "production")
    for name, value in pairs { cpu = 90, memory = 60, p95 = 0.5, pool = 30 } do
      w.metrics.app:set { name = name, value = value }
    end
    w:advance("15m")
    w:prepared()
    return w
  end,
  always = {
    ["between one and three instances"] = function(w)
      return w.deploy.app.instances >= 1 and w.deploy.app.instances <= 3
    end,
  },
  finally = {
    ["a done run has scaled by one, or not at all"] = function(w, run)
      return run.outcome ~= "done" or w.deploy.app.instances == run.value.instances
    end,
  },
}

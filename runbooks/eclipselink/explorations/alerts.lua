-- Alerting under every fault: what fires is known, and marked as told only once it was told.
local clinic_world = require "clinic_world"

return explore {
  runbook = "alerts",
  world = function()
    return clinic_world.count(clinic_world.open(world "production"), { ["errors-per-minute"] = 40 })
  end,
  always = {
    ["nothing is marked as told before it was sent"] = function(w)
      return w:times "cache/redis:set" == 0 or w:times "notify/team:send" > 0
    end,
  },
  finally = {
    ["a done run knows what fires"] = function(_, run)
      if run.outcome ~= "done" then return true end
      for _, name in ipairs(run.value.firing) do
        if name == "errors-per-minute" then return true end
      end
      return false
    end,
  },
}

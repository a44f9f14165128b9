-- Bringing the application back under every fault.
local clinic_world = require "clinic_world"

return explore {
  runbook = "application-failure",
  parameters = { last_good = "ccccccc", watch_for = "1m" },
  world = function() return clinic_world.open(world "production") end,
  finally = {
    ["a done run serves something else, with healthy instances"] = function(w, run)
      return run.outcome ~= "done"
        or w.deploy.app.version ~= "bbbbbbb" and w.deploy.app.instances_healthy > 0
    end,
  },
}

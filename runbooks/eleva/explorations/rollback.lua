-- Going back under every fault: a done run serves the release before.
local care_world = require "care_world"

return explore {
  runbook = "rollback",
  parameters = { reason = "bookings are empty" },
  world = function() return care_world.open(world "production") end,
  finally = {
    ["a done run serves the release before"] = function(w, run)
      return run.outcome ~= "done" or w.deploy.app.version == "aaaaaaa"
    end,
  },
}

-- Restoring under every fault: no user meets data that is not proved, and staging is not left off.
local vera_world = require "vera_world"

return explore {
  runbook = "restore",
  parameters = { watch_for = "10s" },
  answers = { ["Restore production?"] = "approve" },
  world = function() return vera_world.lose_rows(vera_world.open(world "production")) end,
  without = vera_world.restores.without,
  always = vera_world.restores.always,
  finally = {
    ["a done run has the data back, and API and staging as before"] = function(w, run)
      if run.outcome ~= "done" then return true end
      return w.database.primary.rows.photos == 50 and w.deploy.api.instances_healthy == 2
        and w.deploy.staging.instances == 1
    end,
  },
}

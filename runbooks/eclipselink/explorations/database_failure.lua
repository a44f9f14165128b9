-- Restoring the database from our dumps under every fault: no user meets data that is not proved.
local clinic_world = require "clinic_world"

return explore {
  runbook = "database-failure",
  parameters = { source = "dump", watch_for = "30s" },
  answers = { ["Restore the database?"] = "approve" },
  world = function()
    local w = clinic_world.back_up(clinic_world.open(world "production"), 2)
    w.database.clinic:damage { table = "handoffs" }
    w:prepared()
    return w
  end,
  finally = {
    ["the newest dump is back"] = function(w, run)
      return run.outcome ~= "done" or w.database.clinic.rows.handoffs == 42
    end,
    ["a done run has the application serving as before"] = function(w, run)
      return run.outcome ~= "done" or w.deploy.app.instances_healthy == 2
    end,
    ["no application serves a database that was lost again"] = function(w, run)
      return run.outcome ~= "undone" or w.deploy.app.instances == 2
    end,
  },
}

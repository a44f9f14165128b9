-- The monthly restore test under every fault: it never says passed without the rows.
local clinic_world = require "clinic_world"

return explore {
  runbook = "restore-test",
  world = function()
    return clinic_world.back_up(clinic_world.open(world "production"), 2)
  end,
  finally = {
    ["what passed has the rows of the backup"] = function(w, run)
      return run.outcome ~= "done" or run.value.found.handoffs == 42
    end,
    ["no patient's record stays in the copy of a done run"] = function(w, run)
      return run.outcome ~= "done" or w.database["restore-test"].absent == true
    end,
    ["production keeps its rows"] = function(w)
      return w.database.clinic.rows.handoffs == 42
    end,
  },
}

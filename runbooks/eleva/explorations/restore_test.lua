-- The monthly restore test under every fault: what passed was proved, and no copy stays.
local care_world = require "care_world"

return explore {
  runbook = "restore-test",
  parameters = { kept_for = "3d" },
  world = function()
    return care_world.keep_history(care_world.open(world "test"), 4)
  end,
  finally = {
    ["what passed was read and compared"] = function(w, run)
      return run.outcome ~= "done" or w:times "database/restore-test:query" > 0
    end,
    ["a done run leaves no copy"] = function(w, run)
      return run.outcome ~= "done" or w.database["restore-test"].absent
    end,
    ["production keeps its rows"] = function(w)
      return w.database.care.rows.payment_transfers >= 60
    end,
  },
}

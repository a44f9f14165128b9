-- The monthly checklist under every fault: done only with every point passed, and no copy left.
local care_world = require "care_world"

return explore {
  runbook = "maintenance",
  parameters = { what = "monthly", people = false },
  world = function() return care_world.keep_history(care_world.open(world "test"), 32) end,
  -- The copy's removal is meant to stay; within a child run, the rule takes it for a loss.
  without = { ["undo restores what it says it restores"] = true },
  finally = {
    ["a done run has every point"] = function(_, run)
      return run.outcome ~= "done" or run.value.passed == 1 and run.value.failed == 0
    end,
    ["a done run leaves no copy"] = function(w, run)
      return run.outcome ~= "done" or w.database["restore-test"].absent
    end,
  },
}

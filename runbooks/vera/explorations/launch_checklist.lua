-- The checklist under every fault: nothing is ready that was not asked.
local vera_world = require "vera_world"

return explore {
  runbook = "launch-checklist",
  parameters = { load_for = "5s" },
  answers = {
    ["The recovery plan was tested"] = "https://vera.app/drills/q1",
    ["Rollback is documented and was tested"] = "https://vera.app/runs/7",
    ["The security audit passed"] = "https://vera.app/audit",
    ["Costs were looked at"] = "2,400 dollars",
  },
  world = function()
    return vera_world.ready_to_launch(vera_world.back_up(vera_world.open(world "production"), 1))
  end,
  finally = {
    ["a done run has thirteen points, and keeps their list"] = function(w, run)
      return run.outcome ~= "done" or run.value.passed == 13
        and w.storage.backups.objects[run.value.key] ~= nil
    end,
  },
}

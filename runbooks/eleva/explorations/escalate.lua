-- Escalation under every fault: a done run has somebody, or had nothing to tell.
local care_world = require "care_world"

return explore {
  runbook = "escalate",
  parameters = { service = "stripe" },
  world = function()
    local w = care_world.open(world "production")
    care_world.break_service(w, "stripe")
    w.notify.lead:acknowledges_after { after = "1m", by = "kim" }
    w:prepared()
    return w
  end,
  finally = {
    ["a done run has somebody"] = function(_, run)
      return run.outcome ~= "done" or run.value.state == "well" or run.value.by ~= nil
    end,
  },
}

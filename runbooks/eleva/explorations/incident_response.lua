-- An incident under every fault: a done run is well, told, written down, and left nobody called.
local care = require "care"
local care_world = require "care_world"

return explore {
  runbook = "incident-response",
  parameters = { key = "stripe-down", watch_for = "1m" },
  answers = { ["How is it mitigated?"] = "rollback" },
  world = function()
    local w = care_world.warm_up(care_world.open(world "production"))
    care_world.break_service(w, "stripe", 4)
    w:prepared()
    return w
  end,
  -- That the bad release stays away is meant; of a child run, the rule takes it for a loss.
  without = { ["undo restores what it says it restores"] = true },
  finally = {
    ["a done run has closed every incident"] = function(w, run)
      if run.outcome ~= "done" then return true end
      return #w.notify.oncall.open == 0 and #w.notify.lead.open == 0 and #w.notify.page.open == 0
    end,
    ["a done run left every job running"] = function(w, run)
      for name in pairs(care.jobs) do
        if run.outcome == "done" and w.schedule.jobs.jobs[name].state ~= "active" then
          return false
        end
      end
      return true
    end,
    ["a done incident has its post-mortem"] = function(w, run)
      return run.outcome ~= "done" or not run.value.incident
        or w:times "process/ci:run" > 0
    end,
  },
}

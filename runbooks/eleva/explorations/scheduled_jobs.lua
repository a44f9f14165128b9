-- Jobs around an incident under every fault: a done run left them running, and ran nothing twice.
local care = require "care"
local care_world = require "care_world"

return explore {
  runbook = "scheduled-jobs",
  parameters = { action = "around",
    jobs = { "process-expert-transfers", "appointment-reminders-1hr" } },
  answers = { ["Resume the jobs?"] = { decision = "approve", after = 3 * 3600 } },
  world = function() return care_world.warm_up(care_world.open(world "production")) end,
  finally = {
    ["a done run left every job running"] = function(w, run)
      for name in pairs(care.jobs) do
        if run.outcome == "done" and w.schedule.jobs.jobs[name].state ~= "active" then
          return false
        end
      end
      return true
    end,
    ["no time was run twice"] = function(w)
      local seen = {}
      for _, one in ipairs(w.schedule.jobs.runs) do
        local key = ("%s %d"):format(one.job, one.for_at)
        if seen[key] and one.state ~= "failed" then return false end
        seen[key] = one.state ~= "failed"
      end
      return true
    end,
  },
}

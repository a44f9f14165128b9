-- Smoke tests under every fault: none changes anything, and done means that all have passed.
local clinic_world = require "clinic_world"

return explore {
  runbook = "smoke-test",
  world = function() return clinic_world.open(world "production") end,
  always = {
    ["nothing is changed but what people are told"] = function(w)
      for _, effect in ipairs(w.effects) do
        if effect.target ~= "notify/team" then return false end
      end
      return true
    end,
  },
  finally = {
    ["a done run has passed all six"] = function(_, run)
      return run.outcome ~= "done" or run.value.passed == 6 and run.value.failed == 0
    end,
    ["a failed run was told, or Slack did not take it"] = function(w, run)
      return run.outcome ~= "failed" or w:times "notify/team:send" > 0
    end,
  },
}

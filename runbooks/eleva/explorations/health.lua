-- Asking everything under every fault: nothing is changed, and done means that all is well.
local care_world = require "care_world"

return explore {
  runbook = "health",
  parameters = { tell = true },
  world = function() return care_world.open(world "production") end,
  always = {
    ["nothing is changed but what the team is told"] = function(w)
      for _, effect in ipairs(w.effects) do
        if effect.target ~= "notify/team" then return false end
      end
      return true
    end,
  },
  finally = {
    ["a done run has found every row well"] = function(_, run)
      if run.outcome ~= "done" then return true end
      for _, row in ipairs(run.value.rows) do
        if row.state == "failed" or row.state == "alert" then return false end
      end
      return #run.value.rows == 13
    end,
  },
}

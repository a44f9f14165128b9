-- What people do, under every fault: done only where each has answered, and none has said no.
local care_world = require "care_world"

return explore {
  runbook = "review",
  parameters = { what = "weekly" },
  answers = {
    ["The database has connections left"] = 31,
    ["Redis has memory left"] = 12,
    ["Dependencies are up to date"] = "https://github.com/eleva-care/eleva-care-app/pull/812",
    ["Security alerts were reviewed"] = "none left",
  },
  world = function() return care_world.open(world "production") end,
  -- An exploration's refusal is "no", which is no number and no address.
  without = { ["the run ends or is parked with a next action"] = true },
  finally = {
    ["a done run has every point"] = function(_, run)
      return run.outcome ~= "done" or run.value.passed == 4 and run.value.failed == 0
    end,
    ["silence is no answer"] = function(_, run)
      if run.outcome ~= "done" then return true end
      for _, row in ipairs(run.value.rows) do
        if row.evidence:find("Nobody answered", 1, true) then return false end
      end
      return true
    end,
  },
}

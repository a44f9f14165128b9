-- The load under every fault: nothing is said to hold that was not measured.
local station_world = require "station_world"

return explore {
  runbook = "load-check",
  parameters = { during = "20s", rates = { "20" } },
  answers = { ["Put a load on it?"] = "approve" },
  world = function() return station_world.open(world "production") end,
  finally = {
    ["a done run has measured its stage"] = function(_, run)
      return run.outcome ~= "done" or run.value.stages[1].load.p99_s < 1.5
    end,
  },
}

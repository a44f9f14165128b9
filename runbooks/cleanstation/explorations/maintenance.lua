-- The upkeep under every fault: it says when a part was not done.
local station_world = require "station_world"

return explore {
  runbook = "maintenance",
  world = function() return station_world.open(world("production",
      { recorded = station_world.copies() })) end,
  finally = {
    ["a done run has done both parts"] = function(w, run)
      return run.outcome ~= "done"
        or w:times "database/primary-sql:reindex" > 0
          and w:times "database/primary-sql:analyze" > 0
    end,
  },
}

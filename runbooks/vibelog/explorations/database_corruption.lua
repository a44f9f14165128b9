-- Going back under every fault: no user meets data that is not proved, nor is one left outside.
local vibelog_world = require "vibelog_world"

return explore {
  runbook = "database-corruption",
  parameters = function(w)
    return { source = "dump", bad_at = w:now(), watch_for = "30s" }
  end,
  answers = { ["Go back?"] = "approve" },
  world = function()
    local w = vibelog_world.open(world "production")
    vibelog_world.record(w)
    w.database.main:backup { key = "night.db.zst" }
    w:advance("1h")
    w.database.main:damage { table = "vibelogs" }
    return vibelog_world.without_staging(w)
  end,
  finally = {
    ["the newest dump is back"] = function(w, run)
      return run.outcome ~= "done" or w.database.main.rows.vibelogs == 41
    end,
    ["a done run has let users in again"] = function(w, run)
      return run.outcome ~= "done"
        or not w.deploy.web.maintenance and w.deploy.web.instances_healthy > 0
    end,
  },
}

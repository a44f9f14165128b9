-- Going back by Supabase, with the backup region serving too, under every fault.
local vibelog_world = require "vibelog_world"

return explore {
  runbook = "database-corruption",
  parameters = function(w) return { bad_at = w:now() - 600, watch_for = "30s" } end,
  answers = { ["Go back?"] = "approve" },
  world = function()
    local w = vibelog_world.platform(vibelog_world.open(world "production"))
    w:advance("1h")
    w.database.platform:execute { sql = "delete from vibelogs" }
    w.deploy["web-backup"]:scale { instances = 2 }
    w:advance("10m")
    return vibelog_world.without_staging(w)
  end,
  finally = {
    ["the vibelogs are as they were before the damage"] = function(w, run)
      return run.outcome ~= "done" or w.database.platform.rows.vibelogs == 40
    end,
    ["a done run has both places serving as before"] = function(w, run)
      return run.outcome ~= "done" or not w.deploy.web.maintenance
        and w.deploy["web-backup"].instances_healthy == 2
    end,
  },
}

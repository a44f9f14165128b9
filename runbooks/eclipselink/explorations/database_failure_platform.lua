-- Going back by Supabase, to just before a bad moment, under every fault.
local clinic_world = require "clinic_world"

return explore {
  runbook = "database-failure",
  parameters = function(w)
    return { bad_at = w:now() - 1800, watch_for = "30s", least_handoffs = 1 }
  end,
  answers = { ["Restore the database?"] = "approve" },
  world = function()
    local w = clinic_world.open(world "production")
    local platform = w.database.platform
    platform:execute { sql =
      "delete from handoffs where id > 2; delete from sbar_reports where handoff_id > 2" }
    platform:history { seconds = 86400 }
    w:advance("2h")
    platform:execute { sql = "delete from handoffs" }
    w:prepared()
    return w
  end,
  finally = {
    ["the hand-offs are back"] = function(w, run)
      return run.outcome ~= "done" or w.database.platform.rows.handoffs == 2
    end,
    ["a done run has the application serving as before"] = function(w, run)
      return run.outcome ~= "done" or w.deploy.app.instances_healthy == 2
    end,
  },
}

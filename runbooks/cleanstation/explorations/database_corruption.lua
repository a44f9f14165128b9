-- Going back to just before the damage under every fault: no user meets data that are not proved.
local station_world = require "station_world"

return explore {
  runbook = "database-corruption",
  parameters = function(w) return { bad_at = w:now() - 600, watch_for = "30s" } end,
  answers = { ["Restore the database?"] = "approve",
    ["Lead readers to the restored data"] = "made anew",
  ["Make a new standby in us-west-2"] = "replicates" },
  world = function()
    local w = station_world.follow(station_world.open(world "production"))
    w.deploy["app-west"]:fail {}
    w:advance("1h")
    w.database.primary:execute { sql = "delete from orders where id > 5" }
    w:advance("10m")
    w:prepared()
    return w
  end,
  always = {
    ["nobody is let in to restored data that were not verified"] = function(w)
      local restored = w:times "database/primary:restore" > 0
        and w.database.primary.rows.orders == 50
      local open = w.deploy.app.slots.blue.instances > 0
      return not (restored and open)
        or w:times "database/primary-sql:verify" > 0
    end,
  },
  finally = {
    ["a done run has all orders, and serves as before"] = function(w, run)
      if run.outcome ~= "done" then return true end
      return w.database.primary.rows.orders == 50
        and w.deploy.app.slots.blue.instances_healthy == 3
    end,
    ["the standby that follows the damaged data is told of"] = function(w, run)
      return run.outcome ~= "done" or run.value.standby ~= nil
    end,
  },
}

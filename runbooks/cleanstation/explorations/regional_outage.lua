-- Moving to us-west-2 under every fault: one writer, and the name leads only to what is proved.
local station_world = require "station_world"

return explore {
  runbook = "regional-outage",
  parameters = function(w) return { outage_began = w:now(), watch_for = "30s" } end,
  answers = { ["Fail over to us-west-2?"] = "approve",
    ["Fence the old primary by hand"] = "its routes are gone",
    ["Make sure the application in us-east-1 is off"] = "ECS shows no task" },
  world = function()
    return station_world.lose_east(station_world.follow(station_world.open(world "production")))
  end,
  always = {
    ["the name leads to us-west-2 only when its standby is a primary"] = function(w)
      local set = w.dns.torvan:get { name = "cleanstation", type = "CNAME" }
      return set.values[1] ~= w.deploy["app-west"]:endpoint()
        or w.database.standby.role == "primary"
    end,
    ["nothing is promoted before the old primary is fenced, by us or by a person"] = function(w)
      if w.database.standby.role ~= "primary" or w.database.primary.fenced ~= "none" then
        return true
      end
      for _, question in ipairs(w.questions) do
        if question == "Fence the old primary by hand" then return true end
      end
      return false
    end,
  },
  finally = {
    ["a done run serves all orders from us-west-2"] = function(w, run)
      if run.outcome ~= "done" then return true end
      return w.database.standby.rows.orders == 50
        and w.deploy["app-west"].instances_healthy == 3
    end,
    ["a done run leads the name there"] = function(w, run)
      return run.outcome ~= "done"
        or w.dns.torvan:get { name = "cleanstation", type = "CNAME" }.values[1]
          == w.deploy["app-west"]:endpoint()
    end,
  },
}

-- Moving to the backup project under every fault: names lead only to what is proved.
local clinic_world = require "clinic_world"

return explore {
  runbook = "infrastructure-failure",
  parameters = { version = "bbbbbbb", watch_for = "30s" },
  answers = { ["Move to the backup project?"] = "approve",
    ["Make sure the old application is off"] = "stopped at railway.com" },
  world = function()
    local w = clinic_world.point(clinic_world.back_up(clinic_world.open(world "production"), 2))
    w.deploy.app:fail { instances = 2 }
    w.database.clinic:fail()
    w:prepared()
    return w
  end,
  always = {
    ["the application's name leads to the backup only when its data is there"] = function(w)
      local set = w.dns.clinic:get { name = "app", type = "CNAME" }
      if not set or set.values[1] ~= w.deploy["app-backup"]:endpoint() then return true end
      return w.database["clinic-backup"].rows.handoffs == 42
    end,
  },
  finally = {
    ["a done run serves the newest dump from the backup project"] = function(w, run)
      if run.outcome ~= "done" then return true end
      return w.database["clinic-backup"].rows.handoffs == 42
        and w.deploy["app-backup"].instances_healthy > 0
    end,
    ["a done run leads all names there"] = function(w, run)
      return run.outcome ~= "done" or w.dns.clinic:get { name = "api", type = "CNAME" }.values[1]
        == w.deploy["app-backup"]:endpoint()
    end,
  },
}

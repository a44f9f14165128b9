-- Moving to the other region under every fault: the name leads only to what is proved.
local vera_world = require "vera_world"

return explore {
  runbook = "datacenter-outage",
  parameters = { version = "bbbbbbb", watch_for = "10s" },
  answers = { ["Move to the other region?"] = "approve",
    ["Make sure the old API is off"] = "stopped at railway.com" },
  world = function()
    local w = vera_world.back_up(vera_world.open(world "production"), 1)
    w.deploy.api:fail { instances = 2 }
    w.database.primary:fail()
    w.deploy["primary-server"]:fail { instances = 1 }
    w.deploy.web:fail { instances = 1 }
    return vera_world.without_staging(w)
  end,
  always = {
    ["the name leads elsewhere only when the data is there"] = function(w)
      local set = w.dns.site:get { name = "api", type = "CNAME" }
      if not set or set.values[1] ~= w.deploy["api-elsewhere"]:endpoint() then return true end
      return w.database.elsewhere.rows.users == 21
    end,
  },
  finally = {
    ["a done run serves the newest dump from there"] = function(w, run)
      if run.outcome ~= "done" then return true end
      return w.database.elsewhere.rows.users == 21
        and w.deploy["api-elsewhere"].instances_healthy > 0
        and w.dns.site:get { name = "api", type = "CNAME" }.values[1]
          == w.deploy["api-elsewhere"]:endpoint()
    end,
  },
}

-- Failing over under every fault: users are led only to what is proved.
local vibelog_world = require "vibelog_world"

return explore {
  runbook = "region-failure",
  parameters = { mode = "automatic", watch_for = "30s" },
  world = function()
    local w = vibelog_world.open(world "production")
    w.deploy.web:fail { instances = 1 }
    w.http.site:answer { path = "/api/health", fails = "refused" }
    return vibelog_world.without_staging(w)
  end,
  always = {
    ["www leads to the backup region only while that has healthy instances"] = function(w)
      local set = w.dns.site:get { name = "www", type = "CNAME" }
      return set.values[1] ~= w.deploy["web-backup"]:endpoint()
        or w.deploy["web-backup"].instances_healthy >= 5
    end,
  },
  finally = {
    ["who was told of the failure is told of its end"] = function(w, run)
      return run.outcome ~= "done"
        or w.notify.oncall.incidents["region-failure"].state == "resolved"
    end,
    ["a done run has led both names there, to ten instances"] = function(w, run)
      if run.outcome ~= "done" then return true end
      return w.deploy["web-backup"].instances_healthy == 10
        and #w.dns.site:get({ name = "@", type = "A" }).values == 2
    end,
  },
}

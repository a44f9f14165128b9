-- Failing over is refused by whom it is asked of, under every fault: nothing is scaled or moved.
local vibelog_world = require "vibelog_world"

return explore {
  runbook = "region-failure",
  parameters = { mode = "manual", watch_for = "30s" },
  answers = { ["Fail over?"] = { decision = "reject", reason = "Vercel mends it" } },
  world = function()
    local w = vibelog_world.open(world "production")
    w.deploy.web:fail { instances = 1 }
    return vibelog_world.without_staging(w)
  end,
  always = {
    ["nothing is scaled"] = function(w) return w.deploy["web-backup"].instances == 0 end,
    ["no name is moved"] = function(w)
      return w.dns.site:get({ name = "www", type = "CNAME" }).values[1] == w.deploy.web:endpoint()
        and w.dns.site:get({ name = "@", type = "A" }).values[1] == "76.76.21.21"
    end,
  },
  finally = {
    ["no run thinks that it moved users"] = function(_, run) return run.outcome ~= "done" end,
  },
}

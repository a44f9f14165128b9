-- Errors that go on after a rollback, under every fault: no deployment further back is tried.
local vibelog_world = require "vibelog_world"

return explore {
  runbook = "auto-rollback",
  world = function()
    local w = vibelog_world.open(world "production")
    w.deploy.web:serve { version = "ccccccc" }
    w.metrics.app:set { name = "error-rate", value = 20 }
    w:run "auto-rollback"
    w:advance("40m")
    w.metrics.app:set { name = "error-rate", value = 20 }
    w:prepared()
    return w
  end,
  always = {
    ["what it went back to serves on"] = function(w) return w.deploy.web.version == "bbbbbbb" end,
  },
  finally = {
    ["no run thinks that all is well"] = function(_, run) return run.outcome ~= "done" end,
    ["somebody is called"] = function(w)
      return w:times "notify/oncall:open" > 0
    end,
  },
}

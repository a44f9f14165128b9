-- Going back by itself under every fault: never further than one deployment.
local vibelog_world = require "vibelog_world"

return explore {
  runbook = "auto-rollback",
  world = function()
    local w = vibelog_world.open(world "production")
    w.deploy.web:serve { version = "ccccccc" }
    w.deploy.staging:put_artifact { version = "bbbbbbb" }
    w.metrics.app:set { name = "p95", value = 6 }
    w:prepared()
    return w
  end,
  always = {
    ["production never goes back two deployments"] = function(w)
      return w.deploy.web.version ~= "aaaaaaa"
    end,
  },
  finally = {
    ["a run that is done serves the deployment before"] = function(w, run)
      return run.outcome ~= "done" or run.value.action ~= "staged"
        or w.deploy.web.version == "bbbbbbb"
    end,
    ["a run that fails has called somebody"] = function(w, run)
      return run.outcome ~= "failed" or w.notify.oncall.incidents["auto-rollback"] ~= nil
        or w:times "notify/oncall:open" > 0
    end,
  },
}

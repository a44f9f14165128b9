-- Preparing the backup region under every fault: nothing starts there, nobody is touched.
local vibelog_world = require "vibelog_world"

return explore {
  runbook = "backup-region",
  world = function()
    local w = vibelog_world.open(world "production")
    w.deploy["web-backup"]:put_artifact { version = "ccccccc" }
    w.deploy.web:serve { version = "ccccccc" }
    w:advance("1h")
    w:prepared()
    return w
  end,
  always = {
    ["no instance is started"] = function(w) return w.deploy["web-backup"].instances == 0 end,
    ["what serves stays"] = function(w) return w.deploy.web.version == "ccccccc" end,
  },
  finally = {
    ["a done run has given it the version"] = function(w, run)
      return run.outcome ~= "done" or not run.value.changed
        or w.deploy["web-backup"]:status().version == "ccccccc"
    end,
    ["a run that fails has told the team"] = function(w, run)
      return run.outcome ~= "failed" or w:times "notify/team:send" > 0
    end,
  },
}

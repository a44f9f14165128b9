-- Releasing under every fault: production gets only what staging has proved, or keeps what it had.
local vibelog_world = require "vibelog_world"

return explore {
  runbook = "deploy",
  parameters = { version = "ccccccc", watch_for = "2m" },
  answers = { ["Release it?"] = "approve", ["Alerts fit what is new"] = "none" },
  world = function() return vibelog_world.open(vibelog_world.migrated(world, "production")) end,
  always = {
    ["production never has what staging has not"] = function(w)
      return w:times "deploy/web:release" == 0
        or w:times "deploy/staging:release" > 0
    end,
  },
  finally = {
    ["a done run serves the commit"] = function(w, run)
      return run.outcome ~= "done" or w.deploy.web.version == "ccccccc"
    end,
  },
}

-- Going back under every fault: a done run serves what was good, and has told people.
local vibelog_world = require "vibelog_world"

return explore {
  runbook = "rollback",
  parameters = { reason = "recordings are silent" },
  world = function() return vibelog_world.open(world "production") end,
  finally = {
    ["a done run serves the deployment before"] = function(w, run)
      return run.outcome ~= "done" or w.deploy.web.version == "aaaaaaa"
    end,
  },
}

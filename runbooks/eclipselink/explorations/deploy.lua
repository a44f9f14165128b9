-- Releasing under every fault: what serves is proved, or it is what served before.
local clinic_world = require "clinic_world"

return explore {
  runbook = "deploy",
  parameters = { version = "ccccccc" },
  answers = { ["Release it?"] = "approve" },
  world = function() return clinic_world.open(world "production") end,
  finally = {
    ["a done run serves the commit"] = function(w, run)
      return run.outcome ~= "done" or w.deploy.app.version == "ccccccc"
    end,
    ["nothing was released without an approval"] = function(w, run)
      if w:times "deploy/app:release" == 0 then return true end
      return run.outcome == "waits" or #w.questions > 0
    end,
  },
}

-- Releasing under every fault: what serves is proved, or it is what served before.
local care_world = require "care_world"

return explore {
  runbook = "deploy",
  parameters = { version = "ccccccc" },
  answers = { ["Promote it to production?"] = "approve" },
  world = function() return care_world.open(world "production") end,
  finally = {
    ["a done run serves the commit"] = function(w, run)
      return run.outcome ~= "done" or w.deploy.app.version == "ccccccc"
    end,
    ["a failed run serves what served before"] = function(w, run)
      return run.outcome ~= "failed" or w.deploy.app.version == "bbbbbbb"
    end,
    ["nothing was promoted without an approval"] = function(w, run)
      if w:times "deploy/app:release" == 0 then return true end
      return run.outcome == "waits" or #w.questions > 0
    end,
  },
}

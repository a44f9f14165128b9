-- Going back under every fault: a done run serves something else than what was bad.
local clinic_world = require "clinic_world"

return explore {
  runbook = "rollback",
  parameters = { reason = "reports are empty", commit = "ccccccc" },
  world = function() return clinic_world.open(world "production") end,
  finally = {
    ["a done run no longer serves the bad commit"] = function(w, run)
      return run.outcome ~= "done" or w.deploy.app.version ~= "bbbbbbb"
    end,
  },
}

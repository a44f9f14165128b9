-- Starting the API anew under every fault: it serves afterwards, or somebody is asked.
local vera_world = require "vera_world"

return explore {
  runbook = "api-down",
  parameters = { watch_for = "10s" },
  answers = { ["Go back to the release before?"] = "approve" },
  world = function()
    local w = vera_world.open(world "production")
    w.deploy.api:fail { instances = 2 }
    w:prepared()
    return w
  end,
  finally = {
    ["a done run has an API that serves a release of ours"] = function(w, run)
      if run.outcome ~= "done" then return true end
      w:advance("1m")
      return w.deploy.api.instances_healthy > 0
        and (w.deploy.api.version == "bbbbbbb" or w.deploy.api.version == "aaaaaaa")
    end,
    ["no data was touched"] = function(w) return w.database.primary.rows.photos == 50 end,
  },
}

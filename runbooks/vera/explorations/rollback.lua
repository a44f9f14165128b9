-- Rolling back under every fault: no data is touched that nobody named.
local vera_world = require "vera_world"

return explore {
  runbook = "rollback",
  parameters = { reason = "photos upside down", watch_for = "10s" },
  answers = { ["Roll back?"] = "approve" },
  world = function() return vera_world.open(world "production") end,
  always = {
    ["the data stays"] = function(w) return w.database.primary.rows.photos == 50 end,
  },
  finally = {
    ["a done run serves the release before, API and site"] = function(w, run)
      return run.outcome ~= "done"
        or w.deploy.api.version == "aaaaaaa" and w.deploy.web.version == "aaaaaaa"
    end,
  },
}

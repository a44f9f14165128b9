-- Rolling back with the data under every fault: nobody meets data that is not proved.
local vera_world = require "vera_world"

return explore {
  runbook = "rollback",
  parameters = function(w)
    return { reason = "rows are gone", watch_for = "10s",
      backup = w.database.primary:list_backups {}[1].id }
  end,
  answers = { ["Roll back?"] = "approve" },
  world = function() return vera_world.lose_rows(vera_world.open(world "production")) end,
  without = vera_world.restores.without,
  always = vera_world.restores.always,
  finally = {
    ["a done run has the release before, and the data"] = function(w, run)
      if run.outcome ~= "done" then return true end
      return w.deploy.api.version == "aaaaaaa" and w.deploy.web.version == "aaaaaaa"
        and w.database.primary.rows.photos == 50 and w.deploy.staging.instances == 1
    end,
  },
}

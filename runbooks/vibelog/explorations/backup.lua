-- Backups under every fault: what is called one can be restored, and a restore test is a real one.
local vibelog_world = require "vibelog_world"

return explore {
  runbook = "backup",
  world = function()
    return vibelog_world.open(world "production")
  end,
  always = {
    ["users' data stays as it is"] = function(w) return w.database.main.rows.vibelogs == 40 end,
    ["no restore test is recorded without its rows"] = function(w)
      return w.storage.backups.objects["restore-tests/2026-01-01.json"] == nil
        or w.database["restore-test"].rows.vibelogs == 40
    end,
  },
  finally = {
    ["a done run has a dump that can be read, elsewhere too"] = function(w, run)
      if run.outcome ~= "done" then return true end
      local newest = w.database.main:list_backups {}[1]
      return pcall(function() w.database.main:verify_backup { backup = newest.id } end)
        and w.storage.archive.objects["weekly-20260101.db.zst"] ~= nil
    end,
  },
}

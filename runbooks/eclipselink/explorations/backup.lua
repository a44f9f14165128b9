-- The nightly dump under every fault: what is called a backup can be restored.
local clinic_world = require "clinic_world"

return explore {
  runbook = "backup",
  world = function()
    local w = clinic_world.back_up(clinic_world.open(world "production"), 2)
    clinic_world.hand_off(w)
    return w
  end,
  finally = {
    ["a done run has left a backup that can be read"] = function(w, run)
      if run.outcome ~= "done" then return true end
      local newest = w.database.clinic:list_backups {}[1]
      return pcall(function() w.database.clinic:verify_backup { backup = newest.id } end)
    end,
    ["the dumps of the nights before are still there"] = function(w)
      return #w.database.clinic:list_backups {} >= 2
    end,
  },
}

-- The backup under every fault: a run that says it is done has left everything as it must be.
local station_world = require "station_world"

return explore {
  runbook = "backup",
  world = function()
    local w = station_world.follow(station_world.open(world("production",
      { recorded = station_world.copies() })))
    return station_world.back_up(w)
  end,
  finally = {
    ["a done run has a snapshot, and files that are kept and copied"] = function(w, run)
      if run.outcome ~= "done" then return true end
      local settings = w.storage.files:settings {}
      return #w.database.snapshots:list_backups {} == 1 and settings.versioning == "on"
        and w:times "storage/files:set_lifecycle" > 0
        and w.storage["files-west"].versioning == "on"
    end,
  },
}

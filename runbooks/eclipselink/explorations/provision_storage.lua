-- Providing the buckets under every fault.
local clinic_world = require "clinic_world"

return explore {
  runbook = "provision-storage",
  world = function() return clinic_world.open(world "production") end,
  finally = {
    ["a done run keeps versions of the copies"] = function(w, run)
      return run.outcome ~= "done"
        or w.storage["audio-copies"]:settings {}.versioning == "on"
    end,
    ["a done run lets one origin use each bucket"] = function(w, run)
      return run.outcome ~= "done"
        or (#w.storage.audio.cors == 1 and #w.storage["audio-staging"].cors == 1)
    end,
  },
}

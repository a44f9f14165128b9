-- A release that never becomes healthy, under every fault: the old version serves again.
local station_world = require "station_world"

return explore {
  runbook = "deploy",
  parameters = { version = "1.5.0" },
  answers = { ["Release it?"] = "approve" },
  world = function()
    local w = station_world.open(world "production", "slots")
    w.deploy.slots:break_version { version = "1.5.0" }
    w:prepared()
    return w
  end,
  finally = {
    ["no run is done"] = function(_, run) return run.outcome ~= "done" end,
    ["a run that was undone serves the old version"] = function(w, run)
      return run.outcome ~= "undone" or w.deploy.slots.slots.blue.version == "1.4.0"
    end,
  },
}

-- A rolling release under every fault: what serves is the old version or the proved new one.
local station_world = require "station_world"

return explore {
  runbook = "deploy",
  parameters = { version = "1.5.0" },
  answers = { ["Release it?"] = "approve" },
  world = function() return station_world.open(world "production", "slots") end,
  always = {
    ["only what serves is released to"] = function(w)
      return w.deploy.slots.slots.green.version == "1.3.0" and w.deploy.slots.traffic.blue == 100
    end,
  },
  finally = {
    ["a done run serves the new version everywhere"] = function(w, run)
      local blue = w.deploy.slots.slots.blue
      return run.outcome ~= "done" or blue.version == "1.5.0" and blue.instances_healthy == 3
    end,
  },
}

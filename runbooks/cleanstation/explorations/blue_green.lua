-- Blue-green under every fault: users are only ever with a slot that is healthy and was proved.
local station_world = require "station_world"

return explore {
  runbook = "blue-green",
  parameters = { version = "1.5.0", drain = "30s" },
  answers = { ["Release it?"] = "approve" },
  world = function() return station_world.open(world("production",
      { recorded = station_world.migration() }), "slots") end,
  -- What was recorded cannot be looked for, as a database's own marker row can: where the host
  -- dies, the migration seems to happen twice here.
  without = { ["no change is repeated without leave"] = true },
  always = {
    ["who has the traffic is healthy"] = function(w)
      local live = w.deploy.slots.traffic.blue == 100 and "blue" or "green"
      return w.deploy.slots.slots[live].instances_healthy > 0
    end,
    ["the traffic is never divided"] = function(w)
      return w.deploy.slots.traffic.blue == 100 or w.deploy.slots.traffic.green == 100
    end,
    ["green gets traffic only with the new version, and after the migration"] = function(w)
      return w.deploy.slots.traffic.green == 0 or w.deploy.slots.slots.green.version == "1.5.0"
        and w:times "database/primary-sql:migrate" > 0
    end,
  },
  finally = {
    ["a done run has both slots on the new version"] = function(w, run)
      local slots = w.deploy.slots.slots
      return run.outcome ~= "done"
        or slots.green.version == "1.5.0" and slots.blue.version == "1.5.0"
    end,
    -- Or at green where all was done but telling people of it.
    ["an undone run has the traffic at blue, which is as before"] = function(w, run)
      local blue = w.deploy.slots.slots.blue.version
      return run.outcome ~= "undone"
        or w.deploy.slots.traffic[blue == "1.4.0" and "blue" or "green"] == 100
    end,
  },
}

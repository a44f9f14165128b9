-- The alerts under every fault: a run that says that errors fire has told the one on call.
local station_world = require "station_world"

return explore {
  runbook = "alerts",
  world = function()
    local w = station_world.open(world "production")
    for name, value in pairs { errors = 9, connections = 10, heap = 95 } do
      w.metrics.app:set { name = name, value = value }
    end
    w:prepared()
    return w
  end,
  -- An alert that fires stays open until the numbers are good again.
  without = { ["every incident opened is resolved or handed over"] = true },
  always = {
    ["nobody is woken for memory"] = function(w)
      return w.notify.oncall.incidents["alert-heap"] == nil
    end,
  },
  finally = {
    ["a done run has told of each alert that fires"] = function(w, run)
      if run.outcome ~= "done" then return true end
      return #run.value.firing > 0 and w:times "notify/team:send" > 0
        and (run.value.firing[1] ~= "errors" or w:times "notify/oncall:open" > 0)
    end,
    ["it never waits for a person"] = function(_, run) return run.outcome ~= "waits" end,
  },
}

-- The quarter's drills under every fault: what failed is kept as a result, never called a success.
local station_world = require "station_world"

return explore {
  runbook = "quarterly-drill",
  parameters = function(w)
    return { found_at = w:now() - 30, security = false, restoration = false }
  end,
  answers = {
    ["Begin the quarter's drills?"] = "approve", ["Fail over to us-west-2?"] = "approve",
    ["Fence the old primary by hand"] = "done",
    ["Make sure the application in us-east-1 is off"] = "done",
    ["Attach the measured drills"] = "https://drills.torvan.com/2026-Q1",
    ["Write down what went well, what did not, and who changes it"] = "all of it",
    ["Log the results in the incident management system"] = "https://incidents.torvan.com/77",
  },
  world = function() return station_world.open_drill(world "drill-aws") end,
  finally = {
    ["a done run has met its drill, and kept that"] = function(w, run)
      if run.outcome ~= "done" then return true end
      return w.database.standby.role == "primary" and run.value.drills[1].outcome == "met"
        and w.storage.evidence.objects[run.value.evidence] ~= nil
    end,
  },
}

-- The day after under every fault: a done run has told whom it must, and seen nothing unusual.
local station_world = require "station_world"

return explore {
  runbook = "security-watch",
  parameters = function(w)
    return { found_at = w:now() - 1800, watch_for = "5m",
      evidence = "incidents/run-1/digests.json" }
  end,
  answers = { ["Who must be told?"] = "customers",
    ["Make sure that the stakeholders have the mail"] = "they have it" },
  world = function() return station_world.open(world "production") end,
  finally = {
    ["a done run has kept who was told"] = function(w, run)
      for key in pairs(w.storage.evidence.objects) do
        if key:find("told.json", 1, true) then return true end
      end
      return run.outcome ~= "done"
    end,
    ["a done run has told the customers, or a person has made sure"] = function(w, run)
      if run.outcome ~= "done" or #w.notify.stakeholders.sent > 0 then return true end
      for _, question in ipairs(w.questions) do
        if question:find("^Make sure") then return true end
      end
      return false
    end,
  },
}

-- Telling people under every fault: whoever cannot be told stops nothing.
return explore {
  runbook = "incident",
  world = function() return world "test" end,
  finally = {
    ["only an incident that cannot be ended waits for a person"] = function(_, run)
      if run.outcome == "done" or run.outcome == "undone" then return true end
      return run.outcome == "waits" and run.asks[1].name:find("End the incident", 1, true) ~= nil
    end,
  },
}

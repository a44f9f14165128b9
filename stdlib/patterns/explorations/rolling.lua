-- Rolling batches under every fault: a failed one leaves whole batches only.
return explore {
  runbook = "rolling",
  parameters = { undo = "all" },
  world = function() return world "test" end,
  finally = {
    ["all or nothing"] = function(w, run)
      local count = 0
      for _ in pairs(w.cache.main.keys) do count = count + 1 end
      if run.outcome == "done" then return count == 5 end
      -- Of what may have happened nobody knows what was there before: the run lists it as left.
      return run.outcome ~= "failed" or count == 0 or run.left ~= nil
    end,
  },
}

-- Stop the shop: the end of the demonstration. Undo starts it again.
return runbook {
  summary = "Stop the shop",
  targets = { ["deploy/shop"] = { "stop" } },
  run = function()
    step("Stop every instance", { timeout = "1m" }, function()
      deploy("shop"):stop {}
    end)
  end,
}

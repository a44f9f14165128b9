-- Takes a step and sleeps: many of these are alive at once in one state folder.
return runbook {
  summary = "Sleep",
  targets = { ["storage/box"] = { "put" } },
  parameters = {
    during = { type = "duration", default = "10s", help = "how long" },
  },
  run = function(params)
    step("Before", function() storage("box"):put { key = run.id .. "/before", body = "x" } end)
    sleep(params.during)
    step("After", function() storage("box"):put { key = run.id .. "/after", body = "x" } end)
  end,
}

-- Sleeps, then loops and waits for nothing: only its budget of processor time stops it.
return runbook {
  summary = "Loop without end",
  targets = {},
  run = function()
    step("Be ready", function() end)
    sleep("1s")
    while true do end
  end,
}

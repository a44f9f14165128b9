-- One step that touches nothing: what starting and ending a run costs.
return runbook {
  summary = "Take one step",
  targets = {},
  run = function()
    step("Say hello", function()
      return "hello"
    end)
  end,
}

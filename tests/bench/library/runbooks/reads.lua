-- Observes one after the other, then waits for a person: a journal to be resumed.
return runbook {
  summary = "Read again and again",
  targets = { ["storage/box"] = {} },
  parameters = {
    count = { type = "integer", default = 1000, min = 1, help = "how many operations" },
  },
  run = function(params)
    local box = storage("box")
    for first = 1, params.count, 1000 do
      step("From number " .. first, function()
        for _ = first, math.min(params.count, first + 999) do box:head { key = "missing" } end
      end)
    end
    approve("Go on?")
  end,
}

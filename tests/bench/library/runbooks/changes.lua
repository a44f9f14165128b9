-- Changes that may be repeated, one after the other: what a durable change costs.
return runbook {
  summary = "Put objects, one after the other",
  targets = { ["storage/box"] = { "put" } },
  parameters = {
    count = { type = "integer", default = 1000, min = 1, help = "how many objects" },
  },
  run = function(params)
    local box = storage("box")
    step("Put the objects", function()
      for number = 1, params.count do
        box:put { key = "object-" .. number, body = "The body of one small object." }
      end
    end)
  end,
}

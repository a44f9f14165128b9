-- The same changes by fifty branches at once: branches share the journal's flushes.
return runbook {
  summary = "Put objects, fifty at once",
  targets = { ["storage/box"] = { "put" } },
  parameters = {
    count = { type = "integer", default = 1000, min = 1, help = "how many objects" },
  },
  run = function(params)
    local box = storage("box")
    local numbers = {}
    for number = 1, params.count do
      numbers[number] = number
    end
    each(numbers, { at_once = 50 }, function(number)
      box:put { key = "object-" .. number, body = "The body of one small object." }
    end)
  end,
}

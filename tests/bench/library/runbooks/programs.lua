-- A step for each of a number of programs: what a durable step around a program costs.
return runbook {
  summary = "Execute true again and again",
  targets = { ["process/local"] = { "run" } },
  parameters = {
    count = { type = "integer", default = 100, min = 1, help = "how many programs" },
  },
  run = function(params)
    local here = process("local")
    for number = 1, params.count do
      step("Program " .. number, function()
        here:run { program = "true" }
      end)
    end
  end,
}

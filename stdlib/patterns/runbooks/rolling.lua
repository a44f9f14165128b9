-- Sets a key for each name, batch by batch; for the tests of the pattern.
local rolling = require "patterns.rolling"

return runbook {
  summary = "Set keys in batches",
  targets = { ["cache/main"] = { "set" } },
  parameters = {
    undo = { type = "string", enum = { "all", "batch" }, default = "batch" },
    bad = { type = "string", default = "", help = "a batch with this name is not well" },
  },
  on_failure = "stop",
  run = function(params)
    local store = cache("main")
    return rolling.go({ "a", "b", "c", "d", "e" }, { batch = 2, pause = "1m", undo = params.undo,
      check = function(batch)
        for _, name in ipairs(batch) do ensure(name ~= params.bad, "%s is not well.", name) end
      end }, function(name) store:set { key = name, value = "new" } end)
  end,
}

-- assume: what a plan takes for usual is asked in a run.
local assume = require "patterns.assume"

return runbook {
  summary = "Ask whether a box is empty",
  targets = { ["storage/backups"] = {} },
  on_failure = "stop",

  run = function()
    local box = storage("backups")
    local is_empty = assume.holds(function() return #box:list {} == 0 end, "The box is not empty.")
    return { is_empty = is_empty }
  end,
}

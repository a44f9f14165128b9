-- Stops an application that is being left; for the tests of the pattern.
local failover = require "patterns.failover"

return runbook {
  summary = "Stop the old application, and begin the new one",
  targets = { ["deploy/app"] = { "scale" }, ["deploy/web"] = { "scale" },
    ["database/standby"] = {} },
  parameters = {
    slots = { type = "boolean", default = false, help = "it has slots" },
    standby = { type = "boolean", default = false, help = "an undo asks the standby" },
    comes_back = { type = "boolean", default = false, help = "an undo starts it again" },
  },
  run = function(params)
    local old = deploy(params.slots and "app" or "web")
    local how = failover.stop_old(old, { try_for = "30s", role = "incident-commander",
      slots = params.slots and { "blue", "green" } or nil,
      standby = params.standby and database("standby") or nil,
      undo = params.comes_back and function() old:scale { instances = 2 } end or nil,
      detail = "Switch its machine off, and say so." })
    return { how = how }
  end,
}

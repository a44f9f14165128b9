-- Restores a database behind closed doors; for the tests of the pattern.
local backup = require "patterns.backup"
local maintenance = require "patterns.maintenance"
local restore = require "patterns.restore"

return runbook {
  summary = "Restore the newest good backup while users are away",
  targets = {
    ["deploy/web"] = { "set_maintenance", "scale", "set_env" },
    ["deploy/app"] = { "scale" },
    ["database/main"] = { "restore" },
  },
  parameters = {
    how = { type = "string", enum = { "mode", "scale", "variable" }, default = "mode" },
    slots = { type = "boolean", default = false },
    least = { type = "integer", default = 3 },
  },
  run = function(params)
    local web, db = deploy("web"), database("main")
    local counts = { orders = { min = params.least } }
    local good, rejected = backup.newest_good(db, { counts = counts })
    local closed = params.slots
      and maintenance.close(deploy("app"), { how = "scale", slots = { "blue", "green" } })
      or maintenance.close(web, { how = params.how })
    restore.put_back(db, { backup = good.id })
    local rows = restore.verify(db, { counts = counts })
    maintenance.open(closed)
    return { backup = good.id, rejected = #rejected, rows = rows }
  end,
}

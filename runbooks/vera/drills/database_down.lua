-- The primary database dies while customers write: the replica takes over, and the API follows.
local drilling = require "drilling"
local drills = require "drills"

return drill {
  summary = "The primary database dies: its replica takes over, and the API follows",
  runbook = "database-down", environment = "drill",
  prepare = drills.open,
  disaster = function(on) on.database("primary"):kill() end,
  parameters = function(on)
    return { outage_began = drilling.disaster_at(on), watch_for = "3s" }
  end,
  answers = {
    ["Promote the replica?"] = drills.says("approve"),
  },
  probe = drills.probe,
  simulated = drills.simulated(drills.primary_server),
  mark = { target = "database/primary", survivor = "database/replica", name = "database",
    every = "500ms" },
  guard = { outage = "2m" },
  check = function(on)
    drills.ensure_told(on, "database-down")
    drills.ensure_serves(on, "bbbbbbb")
    drills.ensure_rows(on, "psql-replica")
    drills.ensure_redis(on)
    local server = drilling.state_of(on, "railway-database").deployments[1]
    ensure(server.stopped_at, "Railway must have been told to stop the old primary.")
  end,
}

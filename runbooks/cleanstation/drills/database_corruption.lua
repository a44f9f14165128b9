-- Somebody drops every table while users are writing.
local drilling = require "drilling"
local station_drill = require "station_drill"

return drill {
  summary = "Every table is dropped: the newest backup is restored behind closed doors, and proved",
  runbook = "database-corruption", environment = "drill",
  -- Here a dump is the backup; in AWS it is RDS's own snapshot, or a moment.
  simulated = station_drill.simulated,
  prepare = station_drill.open,
  before = function(on)
    on.database("primary"):backup { to = storage("backups"), key = station_drill.backup }
  end,
  disaster = function(on)
    on.database("primary"):execute {
      sql = "drop table orders, qc_checks, assembly_tasks, perilune_mark" }
  end,
  parameters = function(on)
    return { backup = on.database("primary"):list_backups({})[1].id,
      least_orders = station_drill.orders }
  end,
  answers = {
    ["Restore the database?"] = { answer = "approve", after = "1s", by = "sre-lead" },
    ["Lead readers to the restored data"] = { answer = "There is no other one in a drill.",
      after = "1s", by = "sre-lead" },
    ["Make a new standby in us-west-2"] = { answer = "Its follower is made anew after the drill.",
      after = "1s", by = "sre-lead" },
  },
  probe = station_drill.probe,
  mark = { target = "database/primary", name = "orders" },
  guard = { outage = "90s" },
  check = function(on)
    local found = drilling.client(on, "psql-east", { "-XAtc",
      "select count(*) from orders" })
    ensure(tonumber(found) == station_drill.orders, "The east must have all orders: " .. found)
    station_drill.ensure_healthy(on, "app")
    station_drill.ensure_told(on, "database-corruption", "aws")
    local kept = drilling.client(on, "rclone", { "lsf", "s3:backups" })
    ensure(kept:find(station_drill.backup, 1, true) ~= nil, "The dump must be there: " .. kept)
  end,
}

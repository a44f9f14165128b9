-- us-east-1 is gone: AWS's control plane there, the application's machine, and the database.
local drilling = require "drilling"
local station_drill = require "station_drill"

return drill {
  summary = "The east dies while orders are written: the west's standby and application take over",
  runbook = "regional-outage", environment = "drill",
  prepare = function(on)
    station_drill.open(on)
    station_drill.prepare_west(on)
  end,
  disaster = function(on)
    on.service("primary"):kill()
    on.service("app"):kill()
    on.service("aws"):kill()
  end,
  simulated = station_drill.simulated,
  parameters = function(on)
    return { outage_began = drilling.disaster_at(on), version = "1.4.0",
      least_orders = station_drill.orders }
  end,
  answers = {
    ["Fail over to us-west-2?"] = { answer = "approve", after = "1s", by = "sre-lead" },
    ["Fence the old primary by hand"] = { answer = "Its machine is off.", after = "1s",
      by = "sre-lead" },
    ["Make sure the application in us-east-1 is off"] = { answer = "Its machine is off.",
      after = "1s", by = "sre-lead" },
  },
  probe = station_drill.probe,
  mark = { target = "database/primary", survivor = "database/standby-sql", name = "orders" },
  guard = { outage = "2m" },
  check = function(on)
    local rows = drilling.client(on, "psql-west", { "-XAtc", "select count(*) from orders" })
    ensure(tonumber(rows) == station_drill.orders, "The west must have all orders, not " .. rows)
    local names = on.service("names")
    local led = drilling.client(on, "dig", { "@127.0.0.1", "-p", names.port, "+short",
      "cleanstation.torvan.example", "A" })
    ensure(led:find(on.service("app-west").address, 1, true) ~= nil,
      "The name must lead to the west, but leads to " .. led)
    station_drill.ensure_healthy(on, "app-west")
    station_drill.ensure_told(on, "regional-outage")
  end,
  put_back = function(on)
    on.service("primary"):start()
    on.service("app"):start()
    on.service("aws"):start()
    on.dns("torvan"):upsert { name = "cleanstation", type = "CNAME",
      value = "east.torvan.example.", ttl = "2s" }
  end,
}

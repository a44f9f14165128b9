-- The datacenter is gone: the database, its replica, Redis and the API's machine, all at once.
local drilling = require "drilling"
local drills = require "drills"

return drill {
  summary = "The datacenter is gone: the other region serves, with the newest dump",
  runbook = "datacenter-outage", environment = "drill",
  prepare = function(on)
    drills.open(on)
    drilling.release(on.deploy("api-elsewhere"), "aaaaaaa",
      drills.variables(on, "elsewhere", "vera-drill-copies"))
    on.deploy("api-elsewhere"):scale { instances = 0 }
  end,
  before = function() run_runbook("backup", { kind = "full" }) end,
  disaster = function(on)
    for _, name in ipairs { "primary", "replica", "redis", "api" } do on.service(name):kill() end
  end,
  parameters = function()
    return { version = "bbbbbbb", least_users = drills.users, watch_for = "3s" }
  end,
  answers = {
    ["Move to the other region?"] = drills.says("approve"),
    ["Make sure the old API is off"] = drills.says("Its machine is off."),
  },
  probe = drills.probe,
  simulated = drills.simulated(drills.elsewhere),
  mark = { target = "database/primary", survivor = "database/elsewhere", name = "database",
    every = "500ms" },
  guard = { outage = "3m" },
  check = function(on)
    drills.ensure_told(on, "datacenter-outage")
    drills.ensure_serves(on, "bbbbbbb")
    ensure(drills.leads_to(on) == on.service("api-elsewhere").address,
      "The API's name must lead to the other region, but leads to %s.", drills.leads_to(on))
    drills.ensure_rows(on, "psql-elsewhere")
    ensure(drills.curl(on, "/shared/photos/1").photo == "picture 1",
      "The API there must show the copies of photos.")
  end,
}

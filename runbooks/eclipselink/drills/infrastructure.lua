-- The first site is gone: Railway, the machine of its application, and its database.
local clinic_drill = require "clinic_drill"
local drilling = require "drilling"

return drill {
  summary = "Everything of the first site dies: the backup project serves, with the newest dump",
  runbook = "infrastructure-failure", environment = "drill",
  prepare = function(on)
    clinic_drill.open(on)
    local standby = on.deploy("app-backup")
    step("Let the backup project stand ready", function()
      standby:set_env { values = clinic_drill.variables(on, "second") }
    end)
  end,
  before = function() run_runbook("backup") end,
  disaster = function(on)
    on.service("primary"):kill()
    on.service("app"):kill()
    on.service("railway"):kill()
  end,
  parameters = function()
    return { version = "bbbbbbb", least_handoffs = clinic_drill.handoffs }
  end,
  answers = {
    ["Move to the backup project?"] = { answer = "approve", after = "1s", by = "sre-lead" },
    ["Make sure the old application is off"] = { answer = "Its machine is off.", after = "1s",
      by = "sre-lead" },
  },
  probe = clinic_drill.probe,
  simulated = clinic_drill.simulated,
  mark = { target = "database/clinic", survivor = "database/clinic-backup", name = "clinic" },
  guard = { outage = "2m" },
  check = function(on)
    clinic_drill.ensure_rows(on, "psql-second")
    clinic_drill.ensure_serves(on, "bbbbbbb")
    clinic_drill.ensure_sessions(on)
    clinic_drill.ensure_told(on, "infrastructure-failure", "cloudflare")
    local app = on.service("app")
    ensure(not try(drilling.client, on, "curl", { "-sS", "--max-time", "2",
      ("http://%s:%s/api/docs"):format(app.address, app.port) }), "The first site must be dead.")
    local names = on.service("names")
    local led = drilling.client(on, "dig", { "@127.0.0.1", "-p", names.port, "+short",
      "origin-app.clinic.example", "A" })
    ensure(led:find(on.service("app-backup").address, 1, true) ~= nil,
      "The proxy must be led to the backup project, but it is led to: " .. led)
  end,
  put_back = function(on)
    on.service("primary"):start()
    on.service("app"):start()
    on.service("railway"):start()
    local app = on.deploy("app")
    step("Serve from the first site again", function()
      app:start {}
      app:wait_healthy { within = "20s", healthy_for = "1s" }
      on.dns("clinic"):upsert { name = "app", type = "CNAME", value = "app-1.clinic.example.",
        proxied = true }
    end)
  end,
}

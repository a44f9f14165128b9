-- A release that passes its first checks and then runs out of connections.
local clinic_drill = require "clinic_drill"
local drilling = require "drilling"

return drill {
  summary = "A bad release: the one before serves again",
  runbook = "application-failure", environment = "drill",
  prepare = clinic_drill.open,
  disaster = function(on) on.deploy("app"):release { version = "ccccccc" } end,
  -- Somebody has to notice: it is well at first.
  notice = "5s",
  parameters = function() return { last_good = "aaaaaaa" } end,
  probe = clinic_drill.probe,
  simulated = clinic_drill.simulated,
  guard = { outage = "60s" },
  check = function(on)
    clinic_drill.ensure_serves(on, "bbbbbbb")
    clinic_drill.ensure_rows(on, "psql-first")
    clinic_drill.ensure_sessions(on)
    clinic_drill.ensure_told(on, "application-failure", "railway", "cloudflare")
  end,
  put_back = function(on) drilling.release(on.deploy("app"), "aaaaaaa") end,
}

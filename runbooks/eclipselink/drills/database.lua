-- The primary database is destroyed; what its provider gives instead is empty.
local clinic_drill = require "clinic_drill"
local drilling = require "drilling"

return drill {
  summary = "The database is destroyed: the newest dump is restored, proved, and served from",
  runbook = "database-failure", environment = "drill",
  prepare = clinic_drill.open,
  before = function() run_runbook("backup") end,
  disaster = function(on)
    on.service("primary"):destroy()
    on.service("primary"):start()
  end,
  parameters = function() return { least_handoffs = clinic_drill.handoffs } end,
  answers = { ["Restore the database?"] = { answer = "approve", after = "1s", by = "sre-lead" } },
  probe = clinic_drill.probe,
  simulated = clinic_drill.simulated,
  mark = { target = "database/clinic", name = "clinic" },
  guard = { outage = "90s" },
  check = function(on)
    clinic_drill.ensure_rows(on, "psql-first")
    clinic_drill.ensure_serves(on, "bbbbbbb")
    clinic_drill.ensure_sessions(on)
    clinic_drill.ensure_told(on, "database-failure", "railway", "cloudflare")
    local kept = drilling.client(on, "rclone", { "lsf", "s3:backups" })
    ensure(kept:find(date("db_%Y%m%d"), 1, true) ~= nil, "The dump must be there still: " .. kept)
  end,
  put_back = clinic_drill.take_marks_away,
}

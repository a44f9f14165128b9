-- A migration drops every table of production while the clinic works.
local clinic_drill = require "clinic_drill"
local drilling = require "drilling"

return drill {
  summary = "Every table is dropped: back to just before that, from the archived WAL, and proved",
  runbook = "database-failure", environment = "drill",
  prepare = clinic_drill.open,
  -- People have worked for a while since the base backup and since the last dump.
  before = function() sleep("3s") end,
  disaster = function(on)
    on.database("clinic"):execute { sql = "drop table sbar_reports, handoffs, perilune_mark" }
  end,
  parameters = function(on)
    return { source = "platform", bad_at = drilling.disaster_at(on), margin = "500ms",
      least_handoffs = clinic_drill.handoffs }
  end,
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
    -- Who went back in time writes a history of its own from there on.
    local history = drilling.client(on, "psql-first", { "-XAtqc",
      "select timeline_id > 1 from pg_control_checkpoint()" })
    ensure(history == "t\n", "The server was not brought to a moment: %s", history)
  end,
  put_back = clinic_drill.take_marks_away,
}

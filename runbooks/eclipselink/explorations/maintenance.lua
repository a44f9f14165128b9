-- The nightly upkeep under every fault.
local clinic_world = require "clinic_world"

return explore {
  runbook = "maintenance",
  world = function()
    local w = clinic_world.open(world "production")
    w.database.staging:execute { sql = [[
      create table handoffs (id integer primary key, created_at text);
      create table sbar_reports (id integer primary key, handoff_id integer references handoffs,
        created_at text);
      create table voice_recordings (id integer primary key, created_at text);
      insert into handoffs values (1, '2025-01-01'), (2, '2025-12-31');]] }
    w.database.clinic:materialize { view = "handoff_stats",
      sql = "select status, count(*) as handoffs from handoffs group by status" }
    w.database.clinic:execute { sql = "update handoffs set status = 'done' where id = 1" }
    w:prepared()
    return w
  end,
  finally = {
    ["a done run has computed the dashboard's view anew"] = function(w, run)
      return run.outcome ~= "done" or #w.database.clinic.tables.handoff_stats == 2
    end,
  },
  always = {
    ["production keeps every hand-off"] = function(w)
      return w.database.clinic.rows.handoffs == 40
    end,
    ["staging keeps what is newer than 90 days"] = function(w)
      return w.database.staging.rows.handoffs >= 1
    end,
  },
}

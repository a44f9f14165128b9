-- The weekly upkeep under every fault: no audit log is lost on its way to the archive.
local vibelog_world = require "vibelog_world"

return explore {
  runbook = "maintenance",
  world = function()
    local w = vibelog_world.open(world "production")
    w.database.main:execute { sql = [[
      create index idx_vibelogs_created_at on vibelogs (created_at);
      insert into sessions values (1, 1, '2025-11-01'), (2, 2, '2025-12-20');
      insert into audit_logs values (2, 'old', '2024-06-01'), (3, 'older', '2023-06-01');]] }
    w:prepared()
    return w
  end,
  always = {
    ["every audit log is in one of the two tables"] = function(w)
      return w.database.main:query({ sql = [[select count(*) as n from (
        select id from audit_logs union select id from audit_logs_archive)]] })[1].n == 3
    end,
    ["a session that is not old stays"] = function(w) return w.database.main.rows.sessions >= 1 end,
  },
  finally = {
    ["a done run has moved what is old"] = function(w, run)
      return run.outcome ~= "done" or w.database.main.rows.audit_logs == 1
        and w.database.main.rows.audit_logs_archive == 2
    end,
  },
}

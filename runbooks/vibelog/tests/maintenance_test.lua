-- maintenance: what is old goes, what is deleted lies in the archive, and one part stops no other.
local vibelog_world = require "vibelog_world"

describe("maintenance", function()
  local w
  before_each(function()
    w = vibelog_world.open(world "production")
    w.database.main:execute { sql = [[
      create index idx_vibelogs_created_at on vibelogs (created_at);
      insert into sessions values (1, 1, '2025-11-01'), (2, 2, '2025-12-20'), (3, 3, '2026-02-01');
      insert into audit_logs values (2, 'old', '2024-06-01'), (3, 'older', '2023-06-01'),
        (4, 'not yet', '2025-01-02');
      insert into audit_logs_archive values (3, 'older', '2023-06-01')]] }
    w:prepared()
  end)
  local function count(sql) return w.database.main:query({ sql = sql })[1].n end

  it("clears sessions, and archives audit logs before it deletes them", function()
    local run = w:run("maintenance")
    assert.equal("done", run.outcome)
    assert.same({ sessions = 1, archived = 1, deleted = 2 }, run.value)
    assert.equal(2, w.database.main.rows.sessions)
    assert.equal(2, w.database.main.rows.audit_logs)
    assert.equal(2, w.database.main.rows.audit_logs_archive)
    assert.equal(1, w:times "database/main:analyze")
    assert.equal(1, w:times "database/main:reindex")
  end)

  it("finds nothing the second time", function()
    w:run("maintenance")
    assert.same({ sessions = 0, archived = 0, deleted = 0 }, w:run("maintenance").value)
  end)

  it("deletes no log that is not in the archive", function()
    w:fails("database/main:execute_batches", { how = "failed", skip = 1 })
    local run = w:run("maintenance")
    assert.equal("failed", run.outcome)
    assert.contains("Archive audit logs", run.reason)
    assert.equal(4, w.database.main.rows.audit_logs)
  end)

  it("leaves an old log that comes while others are deleted for the next time", function()
    w.database.main:execute { sql = "create trigger late after delete on audit_logs "
      .. "when old.id = 2 begin insert into audit_logs values (99, 'late', '2020-01-01'); end" }
    w:run("maintenance")
    assert.equal(1, count "select count(*) as n from audit_logs where id = 99")
    assert.equal("done", w:run("maintenance").outcome)
    assert.equal(1, count "select count(*) as n from audit_logs_archive where id = 99")
  end)

  it("does the other parts where one fails, names it, and tells the team", function()
    w:fails("database/main:reindex", { how = "failed" })
    local run = w:run("maintenance")
    assert.equal("failed", run.outcome)
    assert.contains("Rebuild indexes", run.reason)
    assert.equal(2, w.database.main.rows.audit_logs)
    assert.contains("Maintenance has failed", w:told "notify/team")
  end)

  it("says which index is invalid after it was rebuilt", function()
    w = world("production", { recorded = { ["database/main:reindex"] = { { at = 0, outcome = "done",
      arguments = { indexes = { "idx_vibelogs_created_at" }, concurrently = "yes" },
      value = { invalid = { "idx_vibelogs_created_at_ccnew" } } } } } })
    vibelog_world.open(w)
    local run = w:run("maintenance")
    assert.equal("failed", run.outcome)
    assert.contains("invalid now: [\"idx_vibelogs_created_at_ccnew\"]", run.reason)
  end)

  it("stops before it would move far too much", function()
    w.database.main:execute { sql = [[
      with recursive n(x) as (select 10 union all select x + 1 from n where x < 60)
      insert into sessions select x, 1, '2025-01-01' from n]] }
    local run = w:run("maintenance", { rows_max = 20 })
    assert.equal("failed", run.outcome)
    assert.contains("Clear sessions", run.reason)
    assert.is_true(w.database.main.rows.sessions > 20)
  end)
end)

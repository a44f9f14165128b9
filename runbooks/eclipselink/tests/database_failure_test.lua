-- database-failure: what is restored, behind closed doors, and what stops it.
local clinic_world = require "clinic_world"

local how_many = "How many hand-offs must be there at least?"
local yes = { answers = { ["Restore the database?"] = "approve", [how_many] = 1 } }
local short = { source = "dump", watch_for = "10s" }

describe("database-failure from our dumps", function()
  local w
  before_each(function()
    w = clinic_world.back_up(clinic_world.open(world "production"), 2)
    w.database.clinic:damage { table = "handoffs" }
  end)

  it("restores the newest dump, proves its rows and resumes the application", function()
    local run = w:run("database-failure", short, yes)
    assert.equal("done", run.outcome)
    assert.same({ handoffs = 42, sbar_reports = 30 }, run.value.rows)
    assert.equal(2, w.deploy.app.instances_healthy)
    assert.equal("resolved", w.notify.team.incidents["database-failure"].state)
    assert.contains("Everything written after 2026-01-02", w:told())
  end)

  it("shows what the database's own log says of the failure, and goes on without it", function()
    w.database.platform:log { text = "LOG:  checkpoint starting: time", source = "postgres" }
    w.database.platform:log { text = "FATAL:  No space left on device", source = "postgres" }
    w.deploy.app:log { text = "the database has refused 3 requests", source = "app" }
    local run = w:run("database-failure", short, yes)
    local said = table.concat(run.log, "\n")
    assert.contains("The database's log: FATAL:  No space left on device", said)
    assert.contains("The application's log: the database has refused 3 requests", said)
    assert.does_not.contains("checkpoint", said)
    w = clinic_world.back_up(clinic_world.open(world "production"), 1)
    w:fails("database/platform:logs", { how = "failed", code = "not_supported" })
    run = w:run("database-failure", short, yes)
    assert.equal("done", run.outcome)
    assert.contains("The database's log cannot be read", table.concat(run.log, "\n"))
  end)

  it("is quick enough for its objective", function()
    assert.is_true(w:run("database-failure", short, yes).took_s < duration("4h"))
  end)

  it("passes over a damaged dump", function()
    w.database.clinic:corrupt_backup { key = date("db_%Y%m%d", w:now() - duration("1d")) }
    local run = w:run("database-failure", short, yes)
    assert.equal(41, run.value.rows.handoffs)
  end)

  it("takes a dump from before the bad moment", function()
    local run = w:run("database-failure", { source = "dump", watch_for = "10s",
      bad_at = w:now() - duration("30h") }, yes)
    assert.equal(41, run.value.rows.handoffs)
  end)

  it("wants what the dump's note counted, without being told", function()
    local key = "db_20260102.note.json"
    local note = json.decode(w.storage.backups.objects[key].body)
    note.rows.handoffs = { min = 50, max = 50 }
    w.storage.backups:put { key = key, body = json.encode(note) }
    local run = w:run("database-failure", short, yes)
    assert.equal("Verify the data", run.asks[1].name)
    assert.equal(0, w.deploy.app.instances_healthy)
  end)

  it("asks for the number where the dump has no note", function()
    w.storage.backups:delete { key = "db_20260102.note.json" }
    local run = w:run("database-failure", short, { answers = {
      ["Restore the database?"] = "approve", [how_many] = 100 } })
    assert.equal("Verify the data", run.asks[1].name)
  end)

  it("restores nothing with too few hand-offs", function()
    local run = w:run("database-failure", { source = "dump", least_handoffs = 100 }, yes)
    assert.equal("waits", run.outcome)
    assert.equal("Choose what to restore", run.asks[1].name)
    assert.equal(0, w:times "database/clinic:restore")
  end)

  it("changes nothing but the incident where a person refuses", function()
    local run = w:run("database-failure", short, { answers = {
      ["Restore the database?"] = { decision = "reject", reason = "wait for Supabase" } } })
    assert.equal("waits", run.outcome)
    assert.equal(0, w:times "deploy/app:scale")
    assert.equal(0, w:times "database/clinic:restore")
  end)

  it("keeps users away while the data is not proved", function()
    w:fails("database/clinic:verify", { how = "failed", code = "check_failed" })
    local run = w:run("database-failure", short, yes)
    assert.equal("Verify the data", run.asks[1].name)
    assert.equal(0, w.deploy.app.instances_healthy)
  end)

  it("lets nobody start the application while it is closed: neither cron nor a person", function()
    w:fails("database/clinic:verify", { how = "failed", code = "check_failed" })
    assert.equal("waits", w:run("database-failure", short, yes).outcome)
    for name, given in pairs { scale = {}, rollback = { reason = "x" } } do
      assert.has_error(function() w:run(name, given) end, "The lock deploy/app is held")
    end
    assert.equal(0, w.deploy.app.instances)
  end)

  it("keeps the incident open while the application is not healthy", function()
    w.http.app:answer { path = "/api/health", status = 503 }
    local run = w:run("database-failure", short, yes)
    assert.equal("waits", run.outcome)
    assert.equal("open", w.notify.team.incidents["database-failure"].state)
  end)

  it("is undone without the damaged data coming back", function()
    local run = w:undo(w:run("database-failure", short, yes))
    assert.equal(42, w.database.clinic.rows.handoffs)
    assert.equal(2, w.deploy.app.instances)
    assert.is_not.equal("waits", run.outcome)
  end)
end)

describe("database-failure by Supabase", function()
  local w
  before_each(function()
    w = clinic_world.open(world "production")
    w.database.platform:execute { sql =
      "delete from handoffs where id > 2; delete from sbar_reports where handoff_id > 2" }
    w.database.platform:snapshot { name = "nightly" }
    w:advance("1h")
    w.database.platform:execute { sql = "insert into handoffs (id) values (3)" }
    w.database.platform:snapshot { name = "noon" }
    w:advance("1h")
    w.database.platform:execute { sql = "delete from handoffs" }
    w:prepared()
  end)

  it("restores the newest backup", function()
    local run = w:run("database-failure", { watch_for = "10s" }, yes)
    assert.equal("done", run.outcome)
    assert.equal(3, w.database.platform.rows.handoffs)
    assert.equal(0, w:times "database/clinic:restore")
  end)

  it("waits until the database takes connections before it looks at its data", function()
    w:fails("database/clinic:wait_ready", { how = "failed", code = "timed_out" })
    local run = w:run("database-failure", { watch_for = "10s" }, yes)
    assert.equal("Wait until it takes connections", run.asks[1].name)
    assert.equal(0, w.deploy.app.instances_healthy)
  end)

  it("asks how many hand-offs there must be, and says what the newest dump had", function()
    local run = w:run("database-failure", {}, { answers = { [how_many] = 7,
      ["Restore the database?"] = "approve" } })
    assert.equal("Verify the data", run.asks[1].name)
    w = clinic_world.back_up(clinic_world.open(world "production"), 1)
    w.database.platform:snapshot { name = "nightly" }
    run = w:run("database-failure")
    assert.equal(how_many, run.asks[1].name)
    assert.contains("The dump of 2026-01-01 10:00 UTC has 41.", run.asks[1].detail)
  end)

  it("restores a chosen backup", function()
    local older = w.database.platform:list_backups {}[2]
    local run = w:run("database-failure", { backup = older.id, watch_for = "10s" }, yes)
    assert.equal("done", run.outcome)
    assert.equal(2, w.database.platform.rows.handoffs)
  end)

  it("says so where there is no such backup", function()
    local run = w:run("database-failure", { backup = "999" }, yes)
    assert.equal("waits", run.outcome)
    assert.contains("Supabase has no such backup", run.reason)
  end)

  it("goes back to just before the bad moment", function()
    local bad_at = w:now() - duration("30m")
    w.database.platform:history { seconds = 86400 }
    local run = w:run("database-failure", { bad_at = bad_at, watch_for = "10s" }, yes)
    assert.equal("done", run.outcome)
    assert.near(bad_at - 60, run.value.shows_at, 1)
    assert.equal(3, w.database.platform.rows.handoffs)
  end)

  it("goes back as near to the bad moment as it is told to", function()
    local bad_at = w:now() - duration("30m")
    w.database.platform:history { seconds = 86400 }
    local run = w:run("database-failure", { bad_at = bad_at, margin = "2s",
      watch_for = "10s" }, yes)
    assert.near(bad_at - 2, run.value.shows_at, 1)
  end)

  it("refuses two ways of choosing at once", function()
    assert.has_error(function()
      w:run("database-failure", { backup = "1", source = "dump" }, yes)
    end, "one of them")
  end)
end)

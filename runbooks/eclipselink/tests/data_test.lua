-- backup, restore-test, migrate and maintenance: the data, its copies, its shape.
local clinic_world = require "clinic_world"

describe("backup", function()
  local w
  before_each(function() w = clinic_world.open(world "production") end)

  it("leaves a dump of the day with size, digest and rows beside it", function()
    local run = w:run("backup")
    assert.equal("done", run.outcome)
    assert.equal("db_20260101", run.value.key)
    assert.is_true(run.value.size_bytes > 0)
    local note = json.decode(w.storage.backups.objects["db_20260101.note.json"].body)
    assert.equal(run.value.digest, note.digest)
    assert.same({ min = 40, max = 40 }, note.rows.handoffs)
    assert.is_table(w.storage["audio-copies"].objects["audio/2025/one.ogg"])
  end)

  it("makes one dump a day", function()
    w:run("backup")
    local run = w:run("backup")
    assert.is_false(run.value.taken)
    assert.equal(1, #w.database.clinic:list_backups {})
  end)

  it("takes another where the day's dump was never read back", function()
    w:fails("database/clinic:verify_backup", { how = "failed", code = "damaged" })
    assert.equal("failed", w:run("backup").outcome)
    w:advance("1h")
    local run = w:run("backup")
    assert.is_true(run.value.taken)
    assert.matches("^db_20260101_11%d%d%d%d$", run.value.key)
    assert.is_table(w.storage.backups.objects[run.value.key .. ".note.json"])
  end)

  it("copies the audio whether or not there is a dump of the day", function()
    w:run("backup")
    w.storage.audio:put { key = "audio/2026/two.ogg", body = "two" }
    assert.equal(1, w:run("backup").value.copied)
    assert.is_table(w.storage["audio-copies"].objects["audio/2026/two.ogg"])
  end)

  it("is in no recovery's way while it copies", function()
    clinic_world.back_up(w, 1)
    assert.has_error(function() w:run("backup", nil, { within = "1s" }) end, "still went on")
    assert.equal("waits", w:run("database-failure", { source = "dump" }).outcome)
  end)

  local function kept(pattern)
    local keys = {}
    for place, one in ipairs(w.database.clinic:list_backups {}) do
      keys[place] = one.key:match(pattern)
    end
    return keys
  end

  it("keeps seven days, then weeks, then months", function()
    for _ = 1, 45 do
      assert.equal("done", w:run("backup").outcome)
      w:advance("1d")
    end
    -- The newest of each of seven days, five weeks (to Sunday) and two months; some are shared.
    assert.same({ "0214", "0213", "0212", "0211", "0210", "0209", "0208", "0201", "0131", "0125",
      "0118" }, kept "^db_2026(%d+)$")
  end)

  it("keeps months for seven years", function()
    for _ = 1, 86 do
      assert.equal("done", w:run("backup").outcome)
      w:advance("31d")
    end
    assert.equal(84, #kept "^db_(%d+)$")
  end)

  it("keeps no dump of staging's for longer than 90 days", function()
    w = clinic_world.open(world "staging")
    for _ = 1, 40 do
      assert.equal("done", w:run("backup").outcome)
      w:advance("3d")
    end
    local dumps = w.database.clinic:list_backups {}
    assert.is_true(#dumps > 7)
    assert.is_true(dumps[#dumps].at > w:now() - duration("90d"))
  end)

  it("tells the team where it fails", function()
    w.storage.backups:fail()
    local run = w:run("backup")
    assert.equal("failed", run.outcome)
    assert.contains("Backup failed", w:told())
  end)

  it("does not call a dump a backup that cannot be read back", function()
    w:fails("database/clinic:verify_backup", { how = "failed", code = "damaged" })
    assert.equal("failed", w:run("backup").outcome)
    assert.is_nil(w.storage.backups.objects["db_20260101.note.json"])
  end)
end)

describe("restore-test", function()
  local w
  before_each(function() w = clinic_world.back_up(clinic_world.open(world "production"), 2) end)

  local function copy_is_gone() return w.database["restore-test"].absent == true end

  it("restores the newest dump into a copy, and records rows and time", function()
    local run = w:run("restore-test")
    assert.equal("done", run.outcome)
    assert.is_true(run.value.passed)
    assert.equal(42, run.value.found.handoffs)
    assert.is_true(run.value.took_s > 0)
    assert.is_table(w.storage.backups.objects["restore-tests/2026-01-03.json"])
    assert.contains("all rows are there", w:told())
  end)

  it("fails where rows are missing, says which, and records that too", function()
    local key = "db_20260102.note.json"
    local note = json.decode(w.storage.backups.objects[key].body)
    note.rows.handoffs = { min = 50, max = 50 }
    w.storage.backups:put { key = key, body = json.encode(note) }
    local run = w:run("restore-test")
    assert.equal("failed", run.outcome)
    assert.contains("handoffs", run.reason)
    assert.contains("\"passed\":false",
      w.storage.backups.objects["restore-tests/2026-01-03.json"].body)
  end)

  it("fails where the newest backup is too old", function()
    w:advance("3d")
    local run = w:run("restore-test")
    assert.equal("failed", run.outcome)
    assert.contains("None of the backups here can be restored", run.reason)
  end)

  it("leaves no patient's record behind, whatever becomes of it", function()
    assert.equal("done", w:run("restore-test").outcome)
    assert.is_true(copy_is_gone())
    w:fails("database/restore-test:verify", { how = "failed", code = "check_failed" })
    assert.equal("failed", w:run("restore-test").outcome)
    assert.is_true(copy_is_gone())
  end)

  it("puts nothing into staging", function()
    assert.equal("done", w:run("restore-test").outcome)
    for _, effect in ipairs(w.effects) do
      assert.is_not.equal("database/staging", effect.target)
      assert.is_not.equal("deploy/staging", effect.target)
    end
  end)

  it("fails where the backup has no note to compare with", function()
    w.storage.backups:delete { key = "db_20260102.note.json" }
    local run = w:run("restore-test")
    assert.equal("failed", run.outcome)
    assert.contains("has no note", run.reason)
  end)

  it("fails where the restored database does not become ready", function()
    w:fails("database/restore-test:wait_ready", { how = "failed", code = "timed_out" })
    assert.equal("failed", w:run("restore-test").outcome)
  end)

  it("says so where the restore fails", function()
    w:fails("database/restore-test:clone", { how = "failed" })
    assert.equal("failed", w:run("restore-test").outcome)
    assert.contains("Restore test failed", w:told())
  end)

  it("does not touch production", function()
    local before = #w.effects
    assert.equal("done", w:run("restore-test").outcome)
    assert.is_true(#w.effects > before)
    for place = before + 1, #w.effects do
      assert.is_not.equal("database/clinic", w.effects[place].target)
    end
  end)
end)

describe("maintenance", function()
  local w
  before_each(function()
    w = clinic_world.open(world "production")
    w.database.staging:execute { sql = [[
      create table handoffs (id integer primary key, created_at text);
      create table sbar_reports (id integer primary key, handoff_id integer references handoffs,
        created_at text);
      create table voice_recordings (id integer primary key, created_at text);
      insert into handoffs values (1, '2025-01-01'), (2, '2025-12-31');
      insert into sbar_reports values (1, 1, '2025-01-01');
      insert into voice_recordings values (1, '2025-01-01'), (2, '2025-12-31');]] }
    w.database.clinic:materialize { view = "handoff_stats",
      sql = "select status, count(*) as handoffs from handoffs group by status" }
    w:prepared()
  end)

  local function ids(name)
    local found = {}
    for place, row in ipairs(w.database.staging.tables[name]) do found[place] = row.id end
    table.sort(found)
    return found
  end

  it("is done where all parts are, and the view shows what is there now", function()
    clinic_world.hand_off(w)
    assert.equal(40, w.database.clinic.tables.handoff_stats[1].handoffs)
    assert.equal("done", w:run("maintenance").outcome)
    assert.equal(41, w.database.clinic.tables.handoff_stats[1].handoffs)
  end)

  it("does the other parts where some fail, and names each that did", function()
    w:fails("database/clinic:refresh_views", { how = "failed", message = "no such view" })
    local run = w:run("maintenance")
    assert.equal("failed", run.outcome)
    assert.contains("Refresh the dashboard's view: no such view", run.reason)
    assert.contains("create unique index on handoff_stats", run.reason)
    assert.equal(3, w:times "database/clinic:create_index")
    assert.equal(1, w:times "database/clinic:analyze")
    assert.equal(1, w.database.staging.rows.handoffs)
    assert.equal(0, w.database.staging.rows.sbar_reports)
  end)

  it("makes the indexes that the application's queries need, beside readers", function()
    w:run("maintenance")
    local made = {}
    for _, change in ipairs(w.changes) do
      if change[1] == "database/clinic:create_index" then
        made[#made + 1] = change[2].sql .. ", " .. change[2].concurrently
      end
    end
    assert.same({
      "create index if not exists idx_handoffs_patient_created on handoffs "
        .. "(patient_id, created_at desc), yes",
      "create index if not exists idx_handoffs_staff_status on handoffs "
        .. "(from_staff_id, status) where status in ('assigned', 'ready'), yes",
      "create index if not exists idx_voice_recordings_status on voice_recordings "
        .. "(status, created_at desc) where status <> 'completed', yes" }, made)
  end)

  it("lets staging's audio go after 90 days, and never production's", function()
    w.storage["audio-staging"]:put { key = "audio/2025/old.ogg", body = "old" }
    w:run("maintenance")
    w:advance("89d")
    assert.is_table(w.storage["audio-staging"].objects["audio/2025/old.ogg"])
    w:advance("2d")
    assert.is_nil(w.storage["audio-staging"].objects["audio/2025/old.ogg"])
    assert.is_table(w.storage.audio.objects["audio/2025/one.ogg"])
  end)

  it("leaves nothing to undo", function()
    local run = w:run("maintenance")
    assert.has_error(function() w:undo(run) end, "nothing left of this run to undo")
  end)

  it("clears only what is older than 90 days, and only in staging", function()
    local run = w:run("maintenance")
    assert.contains("{\"handoffs\":1,\"sbar_reports\":1,\"voice_recordings\":1}",
      table.concat(run.log, "\n"))
    run = w:run("maintenance")
    assert.equal("done", run.outcome)
    assert.contains("{\"handoffs\":0,\"sbar_reports\":0,\"voice_recordings\":0}",
      table.concat(run.log, "\n"))
    assert.equal(40, w.database.clinic.rows.handoffs)
  end)

  it("keeps an old hand-off that a younger report is about", function()
    w.database.staging:execute { sql = [[
      insert into handoffs values (3, '2025-02-01');
      insert into sbar_reports values (3, 3, '2025-12-31')]] }
    assert.equal("done", w:run("maintenance").outcome)
    assert.same({ 2, 3 }, ids "handoffs")
    assert.same({ 3 }, ids "sbar_reports")
  end)

  it("keeps what is 90 days old to the day, and clears what is older", function()
    -- 2026-01-01 less 90 days is 2025-10-03.
    w.database.staging:execute { sql =
      "insert into handoffs values (4, '2025-10-03'), (5, '2025-10-02')" }
    local run = w:run("maintenance")
    assert.equal("2025-10-03", run.value.before)
    assert.same({ 2, 4 }, ids "handoffs")
  end)

  it("stops before it would delete far too much", function()
    w.database.staging:execute { sql = [[
      with recursive n(x) as (select 10 union all select x + 1 from n where x < 60)
      insert into handoffs select x, '2025-01-01' from n]] }
    local run = w:run("maintenance", { rows_max = 20 })
    assert.equal("failed", run.outcome)
    assert.contains("Clear staging's old handoffs", run.reason)
    assert.is_true(w.database.staging.rows.handoffs > 20)
  end)
end)

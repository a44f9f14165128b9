-- backup: each part when it is due, read back, restored once a week, and told where it fails.
local vibelog_world = require "vibelog_world"

describe("backup", function()
  local w
  before_each(function()
    w = vibelog_world.open(world "production")
  end)

  it("dumps, archives and tests a restore on its first day", function()
    local run = w:run("backup")
    assert.equal("done", run.outcome)
    assert.is_table(w.storage.backups.objects["daily-20260101.db.zst"])
    assert.is_table(w.storage.archive.objects["weekly-20260101.db.zst"])
    assert.equal(40, run.value.restore_test.rows.vibelogs)
    assert.equal(40, w.database["restore-test"].rows.vibelogs)
    assert.is_table(w.storage.backups.objects["restore-tests/2026-01-01.json"])
  end)

  it("has nothing to do an hour later", function()
    w:run("backup")
    w:advance("1h")
    assert.same({ uploads = 0 }, w:run("backup").value)
  end)

  it("copies uploads that are new, and only those", function()
    w.storage.uploads:put { key = "u1/one.webm", body = "one" }
    assert.equal(1, w:run("backup").value.uploads)
    w.storage.uploads:delete { key = "u1/one.webm" }
    w.storage.uploads:put { key = "u1/two.webm", body = "two" }
    assert.equal(1, w:run("backup").value.uploads)
    assert.is_table(w.storage["uploads-copies"].objects["u1/one.webm"])
    assert.equal("two", w.storage["uploads-copies"].objects["u1/two.webm"].body)
  end)

  it("dumps also where uploads cannot be copied, and says so", function()
    w.storage["uploads-copies"]:fail()
    local run = w:run("backup")
    assert.equal("failed", run.outcome)
    assert.contains("uploads:", run.reason)
    assert.is_table(w.storage.backups.objects["daily-20260101.db.zst"])
    assert.contains("Backup failed", w:told "notify/team")
  end)

  it("dumps once a day and archives once a week", function()
    local dumps, archives, tests = 0, 0, 0
    for _ = 1, 15 do
      local value = w:run("backup").value
      dumps = dumps + (value.daily and 1 or 0)
      archives = archives + (value.weekly and 1 or 0)
      tests = tests + (value.restore_test and 1 or 0)
      w:advance("1d")
    end
    assert.same({ 15, 3, 3 }, { dumps, archives, tests })
  end)

  it("dumps only from two o'clock on", function()
    w:run("backup")
    w:advance("15h")
    assert.is_nil(w:run("backup").value.daily)
    w:advance("2h")
    assert.is_string(w:run("backup").value.daily)
  end)

  it("keeps thirty days", function()
    for _ = 1, 34 do
      assert.equal("done", w:run("backup").outcome)
      w:advance("1d")
    end
    assert.equal(30, #w.database.main:list_backups {})
  end)

  it("removes an archive after a year, and not before", function()
    w:run("backup")
    w:advance("364d")
    w:run("backup")
    assert.is_table(w.storage.archive.objects["weekly-20260101.db.zst"])
    w:advance("8d")
    w:run("backup")
    assert.is_nil(w.storage.archive.objects["weekly-20260101.db.zst"])
  end)

  it("does the other parts where the archive cannot be written, and tells the team", function()
    w.storage.archive:fail()
    local run = w:run("backup")
    assert.equal("failed", run.outcome)
    assert.contains("weekly:", run.reason)
    assert.is_table(w.storage.backups.objects["restore-tests/2026-01-01.json"])
    assert.contains("Backup failed", w:told "notify/team")
  end)

  it("does not call an archive one whose content differs", function()
    w:fails("storage/archive:digest", { how = "failed" })
    assert.contains("weekly:", w:run("backup").reason)
    w = vibelog_world.open(world("production", { recorded = {
      ["storage/archive:digest"] = { { at = 0,
        arguments = { algorithm = "sha256", key = "weekly-20260101.db.zst" },
        value = "another", times = 9 } } } }))
    local run = w:run("backup")
    assert.equal("failed", run.outcome)
    assert.contains("has not the content of", run.reason)
  end)

  it("does not call a dump a backup that cannot be read back", function()
    w:fails("database/main:verify_backup", { how = "failed", code = "damaged" })
    local run = w:run("backup")
    assert.equal("failed", run.outcome)
    assert.is_nil(w.storage.backups.objects["daily-20260101.db.zst.note.json"])
  end)

  it("records no restore test whose rows differ", function()
    w:run("backup")
    w:advance("7d")
    w:fails("database/restore-test:verify", { how = "failed", code = "check_failed" })
    local run = w:run("backup")
    assert.contains("restore_test:", run.reason)
    assert.is_nil(w.storage.backups.objects["restore-tests/2026-01-08.json"])
  end)

  it("tests no restore of a dump whose rows nobody noted", function()
    w:run("backup")
    w:advance("6d")
    w:run("backup")
    w.storage.backups:delete { key = "daily-20260107.db.zst.note.json" }
    w:advance("23h")
    assert.contains("has no note of its rows", w:run("backup", { daily_at = 23 }).reason)
  end)

  it("compares the rows of a restore with those that were counted for the dump", function()
    w:run("backup")
    w:advance("6d")
    w:run("backup")
    local key = "daily-20260107.db.zst.note.json"
    local note = json.decode(w.storage.backups.objects[key].body)
    note.rows.vibelogs = { min = 41, max = 41 }
    w.storage.backups:put { key = key, body = json.encode(note) }
    w:advance("23h")
    local run = w:run("backup", { daily_at = 23 })
    assert.equal("failed", run.outcome)
    assert.contains("The restored rows differ", run.reason)
  end)

  it("touches the users' database in no way but reading", function()
    w:run("backup")
    for _, effect in ipairs(w.effects) do
      assert.is_true(effect.target ~= "database/main" or effect.operation == "backup"
        or effect.operation == "prune_backups", effect.operation)
    end
  end)
end)

-- backup: a dump that can be read, copies that are never spoiled, thirty days kept.
local vera_world = require "vera_world"

describe("backup", function()
  local w
  before_each(function() w = vera_world.open(world "production") end)

  it("dumps the database, copies the photos, and notes what it did", function()
    local run = w:run("backup", { kind = "full" })
    assert.equal("done", run.outcome)
    assert.is_true(run.value.dump.taken)
    assert.equal(12, run.value.photos_copied)
    local note = json.decode(w.storage.backups.objects[run.value.dump.key .. ".note.json"].body)
    assert.equal(run.value.dump.digest, note.digest)
    assert.same({ min = 50, max = 50 }, note.rows.photos)
    assert.equal("picture 7", w.storage.copies.objects["photos/7"].body)
    assert.contains("Full backup", w:told())
  end)

  it("is full in the hour after 01:00 UTC and incremental at other times", function()
    w.database.recovery:history { seconds = 86400 * 7 }
    assert.is_true(w:run("backup").value.full)
    for _, hour in ipairs { 19, 25, 31, 37, 43, 49 } do
      local now_hour = tonumber(date("%H", w:now()))
      w:advance(((hour - now_hour) % 24) .. "h")
      assert.equal(hour % 24 == 1, w:run("backup").value.full, hour .. ":00")
    end
  end)

  it("is full where the one of 01:00 comes late", function()
    w.database.recovery:history { seconds = 86400 * 7 }
    w:run("backup", { kind = "full" })
    w:advance("19h")
    assert.is_false(w:run("backup").value.full)
    w:advance("2h")
    assert.is_not.equal("01", date("%H", w:now()))
    assert.is_true(w:run("backup").value.full)
  end)

  it("copies only what is new between full ones, and dumps nothing", function()
    w.database.recovery:history { seconds = 86400 * 7 }
    w:run("backup", { kind = "full" })
    w.storage.photos:put { key = "photos/13", body = "picture 13" }
    local run = w:run("backup", { kind = "incremental" })
    assert.equal("done", run.outcome)
    assert.is_false(run.value.dump.taken)
    assert.equal(1, run.value.photos_copied)
  end)

  it("dumps after all, and says so, where nobody knows how far the WAL goes", function()
    w:fails("database/recovery:restore_window", { how = "failed" })
    local run = w:run("backup", { kind = "incremental" })
    assert.is_true(run.value.dump.taken)
    assert.contains("No moments can be restored", w:told())
  end)

  it("spoils no copy by a photo that has changed in place", function()
    w:run("backup", { kind = "full" })
    w.storage.photos:put { key = "photos/1", body = "rubbish" }
    local run = w:run("backup", { kind = "full" })
    assert.equal("failed", run.outcome)
    assert.contains("Start bucket-corrupted", run.reason)
    assert.equal("picture 1", w.storage.copies.objects["photos/1"].body)
    assert.contains("Backup failed", w:told())
  end)

  it("keeps the copy of a photo that was deleted", function()
    w:run("backup", { kind = "full" })
    w.storage.photos:delete { key = "photos/2" }
    assert.equal("done", w:run("backup", { kind = "full" }).outcome)
    assert.equal("picture 2", w.storage.copies.objects["photos/2"].body)
  end)

  it("does not call a dump a backup that cannot be read back", function()
    w:fails("database/primary:verify_backup", { how = "failed", code = "damaged" })
    local run = w:run("backup", { kind = "full" })
    assert.equal("failed", run.outcome)
    assert.contains("Backup failed", w:told())
  end)

  it("says which store does not encrypt as it must, and backs up all the same", function()
    w.storage.backups:encrypts { with = "AES256" }
    local run = w:run("backup", { kind = "full", encryption = "AES256" })
    assert.equal("done", run.outcome)
    assert.contains("Not with AES256: the copies with nothing.", w:told())
    assert.is_not.contains("the dumps", w:told())
  end)

  it("says nothing where all is encrypted as it must be, or that nobody can tell", function()
    w.storage.backups:encrypts { with = "AES256" }
    w.storage.copies:encrypts { with = "AES256" }
    w:run("backup", { kind = "full", encryption = "AES256" })
    assert.is_not.contains("not encrypted", w:told())
    w:fails("storage/copies:settings", { how = "failed", code = "permission_denied" })
    w:run("backup", { kind = "full", encryption = "AES256" })
    assert.contains("the copies with nobody knows what", w:told())
  end)

  it("keeps thirty days, and no more", function()
    for _ = 1, 40 do
      assert.equal("done", w:run("backup", { kind = "full" }).outcome)
      w:advance("1d")
    end
    local kept = #w.database.primary:list_backups {}
    assert.is_true(kept >= 30 and kept <= 31, "kept " .. kept)
  end)
end)

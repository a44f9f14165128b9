-- New uploads, and what is due of: a dump a day, an archive and a restore test a week.
local assume = require "patterns.assume"
local backup = require "patterns.backup"
local restore = require "patterns.restore"
local uploads = require "uploads"
local vibelog = require "vibelog"

-- Each part gives whether it was done, and what it made.

-- Whether a store has no object under the prefix that is a week old or younger.
local function is_due(store, prefix, what)
  local objects, age = store:list { prefix = prefix }, duration("7d") - duration("1h")
  return assume.holds(function()
    for _, object in ipairs(objects) do
      if now() - object.modified_at < age then return false end
    end
    return true
  end, "%s of this week is there already.", what)
end

local function dump_a_day(db, store, params)
  local key = date("daily-%Y%m%d.db.zst")
  local due = assume.holds(function()
    return tonumber(date("%H")) >= params.daily_at and not store:head { key = key }
  end, "It is not %d o'clock yet, or the day's dump is there already.", params.daily_at)
  if not due then return false end
  local taken = backup.take(db, { to = store, key = key, tables = vibelog.tables })
  backup.thin_out(db, { keep = { daily = 30 }, keep_at_least = 7,
    delete_at_most = params.delete_at_most })
  return true, taken.backup.id
end

-- The newest dump that can be restored, into a bucket that turns cold; what is older than a year
-- goes. A dump is its file, its manifest and the note of its rows.
local function archive_a_week(db, store, params)
  local archive = storage("archive")
  if not is_due(archive, "weekly-", "The archive") then return false end
  local good = backup.newest_good(db, { no_older_than = "36h" })
  local key = date("weekly-%Y%m%d.db.zst")
  step("Copy it to the archive", { timeout = "1h", undo = false }, function()
    for _, part in ipairs { ".note.json", ".manifest.json", "" } do
      store:copy { key = good.key .. part, to_key = key .. part, to = archive }
    end
    ensure(function() return archive:digest { key = key } == store:digest { key = good.key } end,
      "The archive %s has not the content of %s.", key, good.key)
  end)
  local kept, old = archive:list { prefix = "weekly-" }, {}
  local young = assume.holds(function()
    for _, object in ipairs(kept) do
      if now() - object.modified_at > duration("366d") then old[#old + 1] = object.key end
    end
    return #old == 0
  end, "Archives are older than a year.")
  if not young then
    step("Remove archives older than a year", function()
      archive:delete_many { keys = old, delete_at_most = params.delete_at_most * 3 }
    end)
  end
  return true, key
end

-- The newest dump, really restored, where nobody is: its rows are those that were counted then.
local function test_a_restore(store)
  local db = database("restore-test")
  if not is_due(store, "restore-tests/", "The restore test") then return false end
  local good = step("Find the newest good dump", function()
    return backup.newest_good(db, { no_older_than = "36h" })
  end)
  local note = ensure(backup.note(store, good.key or good.id),
    "The dump %s has no note of its rows beside it.", good.id)
  local began = now()
  step("Restore it beside", { timeout = "4h", undo = false }, function()
    db:clone { from = database("main"), backup = good.id }
    db:wait_ready { within = "10m" }
  end)
  local took_s = now() - began
  local rows = restore.verify(db, { queries = vibelog.truths, counts = vibelog.least(0) })
  ensure(function()
    local different = restore.differences(note.rows, rows)
    return ensure(#different == 0, "The restored rows differ from those of the dump: %s",
      json.encode(different))
  end, "The restored rows differ from those of the dump.")
  step("Record the restore test", { undo = false }, function()
    store:put { key = date("restore-tests/%Y-%m-%d.json"), content_type = "application/json",
      body = json.encode { backup = good.id, took_s = took_s, rows = rows, passed = true } }
  end)
  return true, { backup = good.id, took_s = took_s, rows = rows }
end

return runbook {
  summary = "Copy new uploads; dump, archive and test a restore: each when it is due",
  targets = {
    ["database/main"] = { "backup", "prune_backups" },
    ["database/restore-test"] = { "clone" },
    ["storage/backups"] = { "put", "copy" },
    ["storage/archive"] = { "delete_many" },
    ["storage/uploads"] = {},
    ["storage/uploads-copies"] = { "sync" },
    ["notify/team"] = { "send" },
  },
  parameters = {
    daily_at = { type = "integer", default = 2, min = 0, max = 23, help = "hour in UTC" },
    delete_at_most = { type = "integer", default = 3, min = 0,
      help = "more old backups than this are never removed at once" },
  },
  locks = { "storage/backups" },
  on_failure = "stop",

  run = function(params)
    local db, store, done, problems = database("main"), storage("backups"), {}, {}
    -- A part that fails leaves the others to be done: one lost bucket is not four lost backups.
    local function part(name, work)
      local went, was_due, result = try(work)
      if not went then
        problems[#problems + 1] = ("%s: %s"):format(name, was_due.message)
      elseif was_due then
        done[name] = result
      end
      return went and was_due
    end
    part("uploads", function() return true, uploads.copy() end)
    local dumped = part("daily", function() return dump_a_day(db, store, params) end)
    local archived = part("weekly", function() return archive_a_week(db, store, params) end)
    part("restore_test", function() return test_a_restore(store) end)
    log("Done: " .. json.encode(done))
    ensure(#problems == 0, table.concat(problems, "\n"))
    if dumped then
      local text = done.daily
      if archived then text = text .. "; archived as " .. done.weekly end
      notify("team"):send { title = "Backup", text = text }
    end
    return done
  end,

  ended = function(_, result)
    if result.outcome == "done" then return end
    notify("team"):send { severity = "critical", title = "Backup failed",
      text = tostring(result.reason) }
  end,
}

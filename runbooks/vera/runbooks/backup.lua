-- Backups in another region: a dump and every photo at 01:00 UTC, what is new every six hours.
--
-- A dump is never incremental. Between dumps the increments are the WAL that the recovery server is
-- sent, and the photos that have no copy yet; where that WAL is late, a dump is made after all.
local backup = require "patterns.backup"
local photos_of = require "photos"
local vera = require "vera"

-- A run of 01:00 that comes late must not wait for the next night's.
local function is_full(kind, db)
  if kind ~= "auto" then return kind == "full" end
  local newest = db:list_backups { kind = "dump" }[1]
  return date("%H", run.started_at) == "01" or not newest or now() - newest.at > duration("20h")
end

-- How late the WAL is that the recovery server has, in seconds; nil where nobody knows.
local function wal_late_s(recovery)
  local asked, window = try(function() return recovery:restore_window() end)
  return asked and window and math.max(0, now() - window.to_at) or nil
end

-- The stores that do not say that they encrypt what is written with this; nil where all do.
local function unencrypted(wanted, stores)
  local found = {}
  for name, store in pairs(stores) do
    local asked, settings = try(function() return store:settings() end)
    local with = asked and (settings.encryption or "nothing") or "nobody knows what"
    if with ~= wanted then found[#found + 1] = ("%s with %s"):format(name, with) end
  end
  table.sort(found)
  return found[1] and table.concat(found, ", ")
end

local function copy_photos(photos, copies, changed_at_most)
  step("See that no copy would be spoiled", { timeout = "1h" }, function()
    photos_of.ensure_copies_stay_good(photos, copies, photos_of.prefix, changed_at_most)
  end)
  return step("Copy photos that have no copy yet", { timeout = "4h" }, function()
    return copies:sync { from = photos, prefix = photos_of.prefix }
  end)
end

return runbook {
  summary = "Dump the database, copy photos to another region, keep 30 days",
  objectives = { rpo = "1d" },
  targets = {
    ["database/primary"] = { "backup", "prune_backups" },
    ["database/recovery"] = {},
    ["storage/backups"] = { "put" },
    ["storage/photos"] = {},
    ["storage/copies"] = { "sync" },
    ["notify/team"] = { "send" },
  },
  parameters = {
    kind = { type = "string", enum = { "auto", "full", "incremental" }, default = "auto",
      help = "auto is full in the hour after 01:00 UTC and after 20 h without a dump" },
    delete_at_most = { type = "integer", default = 8, min = 0,
      help = "more old dumps than this are never removed at once" },
    changed_at_most = { type = "integer", default = 0, min = 0,
      help = "photos that may have changed in place; more of them are damage" },
    encryption = { type = "string", default = "",
      help = "what dumps and copies must be encrypted with, such as AES256; empty: not asked" },
  },
  locks = { "backups" },
  on_failure = "stop",

  run = function(params)
    local db, store, team = database("primary"), storage("backups"), notify("team")
    local late_s = wal_late_s(database("recovery"))
    local full = is_full(params.kind, db)
    local wal_is_good = late_s and late_s <= duration("1h")

    local done = parallel {
      ["Database"] = function()
        if not full and wal_is_good then return { taken = false } end
        local made = backup.take(db, { to = store, key = date("db/%Y%m%d_%H%M%S"),
          tables = vera.tables })
        return { taken = true, key = made.backup.key, size_bytes = made.backup.size_bytes,
          digest = made.backup.digest, rows = made.rows, took_s = made.took_s }
      end,
      ["Photos"] = function()
        return copy_photos(storage("photos"), storage("copies"), params.changed_at_most)
      end,
    }
    local dump, photos = done["Database"], done["Photos"]
    local removed = full and backup.thin_out(db, { keep = vera.retention, keep_at_least = 7,
      delete_at_most = params.delete_at_most }).removed or {}

    if not wal_is_good then
      team:send { severity = "warning", title = "No moments can be restored",
        text = late_s and ("The WAL of the recovery server is %.0f min late."):format(late_s / 60)
          or "The recovery server does not say how far its WAL goes." }
    end
    local open = params.encryption ~= "" and unencrypted(params.encryption,
      { ["the dumps"] = store, ["the copies"] = storage("copies") })
    if open then
      team:send { severity = "critical", title = "Backups are not encrypted as they must be",
        text = ("Not with %s: %s."):format(params.encryption, open) }
    end
    team:send { title = full and "Full backup" or "Incremental backup",
      text = ("%s, %d photos copied, %d old dumps removed."):format(dump.taken
        and ("A dump of %d bytes in %.0f s"):format(dump.size_bytes, dump.took_s)
        or "WAL up to date", photos.copied, #removed) }
    return { full = full, dump = dump, photos_copied = photos.copied, removed = #removed,
      wal_late_s = late_s }
  end,

  ended = function(_, result)
    if result.outcome == "done" then return end
    notify("team"):send { severity = "critical", title = "Backup failed",
      text = tostring(result.reason) }
  end,
}

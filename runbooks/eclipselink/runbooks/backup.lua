-- The nightly dump: streamed, read back, noted, old ones removed; and the audio copied elsewhere.
local assume = require "patterns.assume"
local backup = require "patterns.backup"
local clinic = require "clinic"

return runbook {
  summary = "Dump the database as db_YYYYMMDD, copy the audio, keep what must be kept",
  objectives = { rpo = "24h" },
  targets = {
    ["database/clinic"] = { "backup", "prune_backups" },
    ["storage/backups"] = { "put" },
    ["storage/audio"] = {},
    ["storage/audio-copies"] = { "sync" },
    ["notify/team"] = { "send" },
  },
  parameters = {
    delete_at_most = { type = "integer", default = 3, min = 0,
      help = "more old backups than this are never removed at once" },
    months = { type = "integer", default = clinic.months_kept, min = 1,
      help = "for how many months one dump of each is kept" },
  },
  -- Not the database's: copying audio takes hours, and a recovery does not wait for it.
  locks = { "backups/clinic" },
  on_failure = "stop",

  run = function(params)
    local db, store, team = database("clinic"), storage("backups"), notify("team")
    local key = date("db_%Y%m%d")
    -- Only the note proves that a dump was read back; one without it is no backup, and is left.
    local is_due = assume.holds(function()
      return store:head { key = key .. ".note.json" } == nil
    end, "%s is there already, and proved.", key)
    local is_free = not is_due or assume.holds(function()
      return store:head { key = key } == nil
    end, "%s is there already, and was not proved.", key)
    if not is_free then key = date("db_%Y%m%d_%H%M%S") end

    local done = parallel {
      ["Database"] = function()
        if not is_due then
          log(("%s is there already, and proved."):format(key))
          return false
        end
        return backup.take(db, { to = store, key = key, tables = clinic.tables })
      end,
      ["Audio"] = function()
        return step("Copy the audio to a bucket that keeps versions", { timeout = "4h" }, function()
          return storage("audio-copies"):sync { from = storage("audio") }
        end)
      end,
    }
    local thinned = backup.thin_out(db, { keep = clinic.retention(params.months), keep_at_least = 7,
      delete_at_most = params.delete_at_most })

    local taken = done["Database"]
    if not taken then return { key = key, taken = false, copied = done["Audio"].copied } end
    team:send { title = "Backup", text = ("%s: %d bytes in %.0f s, %d audio files copied, %d old "
      .. "backups removed."):format(key, taken.backup.size_bytes, taken.took_s,
      done["Audio"].copied, #thinned.removed) }
    return { key = key, taken = true, size_bytes = taken.backup.size_bytes,
      digest = taken.backup.digest, rows = taken.rows, removed = #thinned.removed }
  end,

  ended = function(_, result)
    if result.outcome == "done" then return end
    notify("team"):send { severity = "critical", title = "Backup failed",
      text = tostring(result.reason) }
  end,
}

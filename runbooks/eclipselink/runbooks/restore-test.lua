-- Once a month: can the newest backup be restored? Into a copy, rows compared, time recorded.
--
-- The copy is a database of its own, which no application serves, and is gone afterwards: what is
-- in it are patients' real records, and staging is to have none.
local assume = require "patterns.assume"
local backup = require "patterns.backup"
local clinic = require "clinic"
local restore = require "patterns.restore"

return runbook {
  summary = "Restore the newest backup into a copy, compare its rows, record the time",
  objectives = { rto = "4h" },
  targets = {
    ["database/clinic"] = {},
    ["database/restore-test"] = { "clone", "drop" },
    ["storage/backups"] = { "put" },
    ["notify/team"] = { "send" },
  },
  parameters = {
    no_older_than = { type = "duration", default = "36h",
      help = "an older newest backup is a failure of its own" },
  },
  locks = { "database/restore-test" },
  on_failure = "stop",

  run = function(params)
    local db, copy = database("clinic"), database("restore-test")
    local store, team = storage("backups"), notify("team")
    local good = step("Find the newest good backup", function()
      return backup.newest_good(db, { no_older_than = params.no_older_than })
    end)
    local note = ensure(backup.note(store, good.key or good.id),
      "The backup %s has no note of its rows beside it.", good.id)

    local began = now()
    local restored, rows, took_s = try(function()
      step("Restore into a copy", { timeout = "4h" }, function()
        copy:clone { from = db, backup = good.id }
        copy:wait_ready { within = "10m" }
      end)
      local seconds = now() - began
      return restore.verify(copy, { queries = clinic.truths, counts = clinic.least(0) }), seconds
    end)
    step("Remove the copy", { retries = 3, undo = false }, function() copy:drop() end)
    if not restored then error(rows, 0) end

    local different = {}
    local record = { backup = good.id, shows_at = good.at, took_s = took_s, expected = note.rows,
      found = rows, passed = assume.holds(function()
        different = restore.differences(note.rows, rows)
        return #different == 0
      end, "The restored rows differ from those of the backup.") }
    step("Record the result", function()
      store:put { key = date("restore-tests/%Y-%m-%d.json"), body = json.encode(record),
        content_type = "application/json" }
    end)
    ensure(record.passed, "The restored rows differ from those of the backup: %s",
      json.encode(different))
    team:send { title = "Restore test",
      text = ("%s restored in %.0f s: all rows are there."):format(good.id, took_s) }
    return record
  end,

  ended = function(_, result)
    if result.outcome == "done" then return end
    notify("team"):send { severity = "critical", title = "Restore test failed",
      text = tostring(result.reason) }
  end,
}

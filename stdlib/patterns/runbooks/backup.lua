-- Takes a backup and thins out the old ones; for the tests of the pattern.
local backup = require "patterns.backup"

return runbook {
  summary = "Take a backup, and remove what is too old",
  targets = {
    ["database/main"] = { "backup", "prune_backups" },
    ["storage/backups"] = { "put" },
  },
  parameters = { key = { type = "string", required = true }, at_most = { type = "integer",
    default = 5 } },
  on_failure = "stop",
  run = function(params)
    local db, store = database("main"), storage("backups")
    local taken = backup.take(db, { to = store, key = params.key, tables = { "orders" } })
    local thinned = backup.thin_out(db, { keep = { daily = 2 }, keep_at_least = 2,
      delete_at_most = params.at_most })
    return { id = taken.backup.id, rows = taken.rows, removed = #thinned.removed,
      note = backup.note(store, params.key) }
  end,
}

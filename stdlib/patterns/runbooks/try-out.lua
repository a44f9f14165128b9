-- Tries a backup where no user is; for the tests of the pattern.
local backup = require "patterns.backup"
local restore = require "patterns.restore"

return runbook {
  summary = "Try the newest backup, or a named one, beside what serves",
  targets = { ["database/main"] = {}, ["database/copy"] = { "clone", "execute" },
    ["deploy/web"] = { "scale" } },
  parameters = { id = { type = "string" }, before = { type = "time" },
    kind = { type = "string", enum = { "dump", "snapshot" } },
    least = { type = "integer", default = 1 }, clean = { type = "string", help = "SQL" } },
  on_failure = "stop",
  run = function(params)
    local main, beside = database("main"), database("copy")
    local found = backup.find(main, { id = params.id, before = params.before,
      kind = params.kind })
    if not found then return { none = true } end
    local rows, took_s = restore.try_out(beside, { app = deploy("web"), name = "the copy",
      counts = { orders = { min = params.least } },
      bring = function() beside:clone { from = main, backup = found.id } end,
      clean = params.clean and function() beside:execute { sql = params.clean } end or nil })
    return { id = found.id, rows = rows, took_s = took_s }
  end,
}

-- Data that is in no backup of production's: files on the host, and moments of the recovery server.
local backup = require "patterns.backup"
local point_in_time = require "patterns.point_in_time"
local restore = require "patterns.restore"
local vera = require "vera"

local M = {}

---The recovery server is brought to the moment, looked at, and dumped; the dump is restored.
---@return table chosen { backup, from, shows_at, rows }
function M.moment(at, least)
  local recovery, store = database("recovery"), storage("backups")
  local window = recovery:restore_window()
  ensure(window, "The recovery server has nothing to bring a moment back from.")
  local moment = point_in_time.moment(at, { margin = "0s", window = window })
  step("Bring the moment back on the recovery server", { timeout = "2h", undo = false }, function()
    recovery:restore { at = moment }
    recovery:wait_ready { within = "10m" }
  end)
  restore.verify(recovery, { counts = vera.least(least), queries = vera.truths,
    name = "Verify the recovery server" })
  local taken = backup.take(recovery, { to = store, key = date("moments/%Y%m%d_%H%M%S"),
    tables = vera.tables })
  return { backup = taken.backup.id, from = store, shows_at = moment, rows = taken.rows }
end

---A dump that lies in a file, with its rows where a note beside it has them.
---@return table chosen { backup, from, shows_at, rows? }
function M.file(file)
  local files = storage("files")
  local object = ensure(files:head { key = file }, "There is no file %s.", file)
  local note = backup.note(files, file)
  return { backup = file, from = files, shows_at = object.modified_at, rows = note and note.rows }
end

---Dumps production to a file, reads it back, and notes its rows beside it.
---@return table dumped { file, size_bytes, digest, rows }
function M.to_file(file)
  local db, files = database("primary"), storage("files")
  local rows = db:counts { tables = vera.tables }
  local made = step("Dump to a file", { timeout = "2h", undo = false }, function()
    return db:backup { to = files, key = file }
  end)
  step("Read the file back", { timeout = "1h" }, function()
    local digest = files:digest { key = file }
    ensure(digest == made.digest, "The file is not what was written: %s, not %s.", digest,
      tostring(made.digest))
  end)
  step("Note its rows beside it", { undo = false }, function()
    local least = {}
    for name, count in pairs(rows) do least[name] = { min = count } end
    files:put { key = file .. ".note.json", content_type = "application/json",
      body = json.encode { digest = made.digest, rows = least } }
  end)
  return { file = file, size_bytes = made.size_bytes, digest = made.digest, rows = rows }
end

return M

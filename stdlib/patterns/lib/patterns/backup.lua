-- Backups: taken, read back, noted, thinned out; and the newest one that can really be restored.
local assume = require "patterns.assume"
local options = require "patterns.options"

local M = {}

local take_shape = {
  to = { "target", required = true }, key = { "text", required = true },
  tables = { "list" }, format = { one_of = { "custom", "plain" }, default = "custom" },
  compression = { one_of = { "zstd", "gzip", "none" }, default = "zstd" },
  within = { "duration", default = "2h" },
}

---Streams a backup into a storage target, reads it back as a restore would, and keeps a note beside
---it (KEY.note.json: size, digest, rows of `tables`, seconds taken).
---
---The rows are counted before and after, because writers go on meanwhile: the note has the range.
---Backup and note are meant to stay: undoing the run takes neither away.
---Options: to (storage), key (required), tables, format, compression, within = 2 h.
---@return table { backup, took_s, rows } `rows` maps each table to { min, max }.
function M.take(db, given)
  options.target(db, "database", "backup.take")
  local read = options.read(given, take_shape, "backup.take")
  local began = now()
  local before = read.tables and db:counts { tables = read.tables } or {}
  local backup = step("Back up", { timeout = read.within, undo = false }, function()
    return db:backup { to = read.to, key = read.key, format = read.format,
      compression = read.compression }
  end)
  local after = read.tables and db:counts { tables = read.tables } or {}
  local rows = {}
  for name, count in pairs(before) do
    rows[name] = { min = math.min(count, after[name]), max = math.max(count, after[name]) }
  end
  step("Read the backup back", { timeout = read.within }, function()
    db:verify_backup { backup = backup.id, counts = read.tables and rows or nil }
  end)
  local taken = { backup = backup, took_s = now() - began, rows = rows }
  step("Note its size and digest beside it", { undo = false }, function()
    read.to:put { key = read.key .. ".note.json", content_type = "application/json",
      body = json.encode { id = backup.id, at = backup.at, size_bytes = backup.size_bytes,
        digest = backup.digest, rows = rows, took_s = taken.took_s } }
  end)
  return taken
end

---The note that `take` left beside a backup, or nil.
function M.note(store, key)
  options.target(store, "storage", "backup.note")
  local object = store:get { key = key .. ".note.json" }
  return object and json.decode(object.body) or nil
end

local find_shape = { id = { "text" }, kind = { "text" }, before = { "any" } }

---The newest complete backup, as list_backups gives it; nil where there is none. It is not read:
---newest_good does that, where the provider can.
---
---Options: id (only this one), kind ("dump", "snapshot", "continuous"), before (a time: only those
---that show an earlier moment).
---@return table? backup
function M.find(db, given)
  options.target(db, "database", "backup.find")
  local read = options.read(given, find_shape, "backup.find")
  for _, one in ipairs(db:list_backups { kind = read.kind, before = read.before }) do
    if one.state == "complete" and (not read.id or one.id == read.id) then return one end
  end
  return nil
end

local good_shape = { counts = { "table" }, kind = { "text", default = "dump" },
  before = { "any" }, no_older_than = { "duration" } }

-- Errors that say something about the backup itself; any other says nothing about it.
local faults = { check_failed = true, damaged = true, not_found = true }

---The newest complete backup that passes verify_backup, and what was no use: each is read whole,
---from the newest on. Raises `no_good_backup`.
---
---Options: counts (of each table { min, max }), kind = "dump", before (a time), no_older_than (a
---duration: an older one is not good enough).
---@return table backup, table[] rejected List of { id, at, problem }.
function M.newest_good(db, given)
  options.target(db, "database", "backup.newest_good")
  local read = options.read(given, good_shape, "backup.newest_good")
  local rejected = {}
  for _, backup in ipairs(db:list_backups { kind = read.kind, before = read.before }) do
    local young = not read.no_older_than or assume.holds(function()
      return now() - backup.at <= read.no_older_than
    end, "The backup %s is too old.", backup.id)
    if not young then break end
    local problem = backup.state ~= "complete" and "it is " .. backup.state or nil
    if not problem then
      local whole, failure = pcall(function()
        db:verify_backup { backup = backup.id, counts = read.counts }
      end)
      if whole then return backup, rejected end
      if not faults[failure.code] then error(failure, 0) end
      problem = failure.message
    end
    rejected[#rejected + 1] = { id = backup.id, at = backup.at, problem = problem }
    log(("The backup %s is no use: %s"):format(backup.id, problem))
  end
  options.fail("no_good_backup", ("None of the backups here can be restored; %d were read. Ask for "
    .. "the copies that are kept elsewhere."):format(#rejected), "never")
end

local thin_shape = {
  keep = { "table", required = true }, keep_at_least = { "count", required = true },
  delete_at_most = { "count", required = true },
}

---Removes the backups that a retention does not keep; nothing where more than `delete_at_most`
---would go. Options, all required: keep (last, daily, weekly, monthly, yearly), keep_at_least,
---delete_at_most.
---@return table { removed, kept } Lists of ids.
function M.thin_out(db, given)
  options.target(db, "database", "backup.thin_out")
  local read = options.read(given, thin_shape, "backup.thin_out")
  return step("Thin out old backups", function()
    local pruned = db:prune_backups { keep = read.keep, keep_at_least = read.keep_at_least,
      delete_at_most = read.delete_at_most }
    log(("%d old backups removed, %d kept."):format(#pruned.removed, #pruned.kept))
    return pruned
  end)
end

return M

-- Snapshots of the database: made before what may go wrong, kept for 90 days, and found again.
local M = {}

-- What a restore has kept is the data that were damaged: listed as a snapshot, never one to take.
local function is_kept(backup)
  return backup.id:find("^instance:") ~= nil or backup.id:find("^previous:") ~= nil
end

---The newest complete snapshot; nil where there is none. Options: before (Unix seconds: it shows an
---earlier moment), automated (only those that RDS makes by itself).
---@return table? backup As of database:list_backups.
function M.newest(db, given)
  for _, one in ipairs(db:list_backups { kind = "snapshot", before = given.before }) do
    local fits = not given.automated or one.id:find("rds:", 1, true)
    if one.state == "complete" and fits and not is_kept(one) then return one end
  end
end

---Makes a snapshot and waits until it is whole. It is meant to stay, whatever is undone later.
---@return table backup As of database:snapshot.
function M.take(db, name)
  return step("Keep the database as it is", { undo = false, timeout = "2h" }, function()
    return db:snapshot { name = name, keep = "90d" }
  end)
end

---Removes manual snapshots whose 90 days are over; at least three always stay.
function M.thin_out(db, delete_at_most)
  return step("Remove snapshots older than 90 days", { undo = false }, function()
    return db:prune_backups { keep = { last = 3 }, keep_at_least = 3,
      delete_at_most = delete_at_most }
  end)
end

return M

-- The database's data brought back: tried on staging first, then behind closed doors.
local backup = require "patterns.backup"
local maintenance = require "patterns.maintenance"
local restore = require "patterns.restore"
local vera = require "vera"

local M = {}

---What is restored: a backup by its id, or the newest good one. Raises where there is none.
---@return table chosen { backup, shows_at }
function M.choose(id, least)
  local db = database("primary")
  local found = id and ensure(backup.find(db, { id = id }), "There is no complete backup %s.", id)
    or backup.newest_good(db, { counts = vera.least(least) })
  return { backup = found.id, shows_at = found.at }
end

-- Staging writes to its users: none of them may be one of production's.
local anonymous = "update users set email = 'user-' || id || '@staging.invalid'"

---Restores into staging, whose application is off meanwhile, and proves the data there. What stays
---there has no user's address.
---@return table rows
function M.try_on_staging(chosen, least)
  local staging = database("staging")
  local rows = restore.try_out(staging, { app = deploy("staging"), counts = vera.least(least),
    queries = vera.truths, clean = function() staging:execute { sql = anonymous } end,
    bring = function()
      if chosen.from then
        staging:restore { backup = chosen.backup, from = chosen.from, keep_previous = 0 }
      else
        staging:clone { from = database("primary"), backup = chosen.backup }
      end
    end })
  local different = restore.differences(chosen.rows or {}, rows)
  ensure(#different == 0, "The rows differ from those noted beside the dump: %s",
    json.encode(different))
  return rows
end

---Restores production with no API in front of it, proves the data, and lets users in.
---@return table rows
function M.put_back(chosen, least)
  local db = database("primary")
  local closed = maintenance.close(deploy("api"), { how = "scale" })
  restore.put_back(db, { backup = chosen.backup, from = chosen.from })
  local rows = restore.verify(db, { counts = vera.least(least), queries = vera.truths })
  maintenance.open(closed)
  return rows
end

return M

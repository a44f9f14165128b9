-- Restores: put back what was chosen, and prove that the data is what it should be.
local options = require "patterns.options"

local M = {}

local put_shape = {
  backup = { "text" }, at = { "any" }, from = { "target" },
  keep_previous = { "duration", default = "7d" }, within = { "duration", default = "4h" },
  ready_within = { "duration", default = "10m" }, stays = { "boolean", default = true },
}

---Restores a backup, or a moment, and waits until the database takes connections.
---
---By default it stays: undoing the run must not bring damaged data back; what was there is kept for
---`keep_previous`. Options: backup (an id) or at (a time), from (storage), keep_previous = 7 d,
---within = 4 h, ready_within = 10 m, stays = true.
---@return table restore As of database:restore.
function M.put_back(db, given)
  options.target(db, "database", "restore.put_back")
  local read = options.read(given, put_shape, "restore.put_back")
  if not read.backup == not read.at then
    error("restore.put_back needs either backup or at.", 2)
  end
  local of_step = { timeout = read.within + read.ready_within }
  if read.stays then of_step.undo = false end
  return step("Restore", of_step, function()
    local restored = db:restore { backup = read.backup, at = read.at, from = read.from,
      keep_previous = read.keep_previous }
    db:wait_ready { within = read.ready_within }
    return restored
  end)
end

local verify_shape = { counts = { "table" }, queries = { "table" }, digests = { "table" },
  integrity = { one_of = { "none", "quick", "full" }, default = "quick" },
  name = { "text", default = "Verify the data" } }

---Verifies the data: structure, rows (of each table { min, max }), digests, and queries that must
---give true. Raises check_failed, listing everything that is wrong.
---Options: counts, queries, digests, integrity = "quick" ("none", "full"), name.
---@return table<string, number> rows Of each table in `counts`.
function M.verify(db, given)
  options.target(db, "database", "restore.verify")
  local read = options.read(given, verify_shape, "restore.verify")
  local tables = {}
  for name in pairs(read.counts or {}) do tables[#tables + 1] = name end
  return step(read.name, function()
    if read.integrity ~= "none" then db:check_integrity { level = read.integrity } end
    if read.counts or read.queries or read.digests then
      db:verify { counts = read.counts, queries = read.queries, digests = read.digests }
    end
    if #tables == 0 then return {} end
    return db:counts { tables = tables }
  end)
end

local try_shape = { bring = { "function", required = true }, app = { "target", required = true },
  counts = { "table" }, queries = { "table" }, name = { "text", default = "staging" },
  within = { "duration", default = "4h" }, ready_within = { "duration", default = "10m" },
  clean = { "function" } }

---Tries a restore where no user is: `bring()` restores into `db`, whose application is off
---meanwhile, and the data is proved there. What was brought stays. Whatever became of it, the
---application is started again; then a failure is raised. `clean()` takes away what may not be seen
---there, such as users' addresses: it is executed in any case before that, and where it fails, the
---application stays off.
---
---Options: bring and app (deploy; both required), clean, counts and queries (as verify takes them),
---name = "staging" (of the place, in the steps), within = 4 h, ready_within = 10 m.
---@return table<string, number> rows, number took_s Until `db` took connections.
function M.try_out(db, given)
  options.target(db, "database", "restore.try_out")
  local read = options.read(given, try_shape, "restore.try_out")
  options.target(read.app, "deploy", "restore.try_out")
  -- One that was found stopped is started too: somebody was interrupted while it was.
  local instances, took_s = math.max(1, read.app:status().instances), nil
  local brought, rows = try(function()
    step("Stop " .. read.name, { retries = 2 }, function() read.app:scale { instances = 0 } end)
    local began = now()
    step("Restore into " .. read.name, { timeout = read.within + read.ready_within, undo = false },
      function()
        read.bring()
        db:wait_ready { within = read.ready_within }
      end)
    took_s = now() - began
    return M.verify(db, { counts = read.counts, queries = read.queries,
      name = "Verify " .. read.name })
  end)
  if read.clean then step("Clean " .. read.name, { undo = false }, function() read.clean() end) end
  step(("Start %s again"):format(read.name), { retries = 2 }, function()
    read.app:scale { instances = instances }
    read.app:wait_healthy { instances = instances, within = "10m" }
  end)
  if not brought then error(rows, 0) end
  return rows, took_s
end

---Which tables differ between two counts, as { { table, expected, found } }, sorted by name;
---`expected` may hold numbers or { min?, max? }.
function M.differences(expected, found)
  local names, different = {}, {}
  for name in pairs(expected) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    local wanted, rows = expected[name], found[name]
    local least, most = wanted, wanted
    if type(wanted) == "table" then least, most = wanted.min, wanted.max end
    if not rows or least and rows < least or most and rows > most then
      different[#different + 1] = { table = name, expected = wanted, found = rows }
    end
  end
  return different
end

return M

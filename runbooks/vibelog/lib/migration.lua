-- Migrating: staging, its proof, a review, a backup, production, its proof.
local backup = require "patterns.backup"
local vibelog = require "vibelog"

local M = {}

local function names(pending)
  local ids = {}
  for place, one in ipairs(pending) do
    ids[place] = one.id .. (one.revertible and "" or " (cannot be reverted)")
  end
  return table.concat(ids, ", ")
end

---A backup that was read back, named after what comes behind it.
function M.take_backup(production, word)
  return backup.take(production, { to = storage("backups"), tables = vibelog.tables,
    key = date("before-" .. word .. "-%Y%m%d-%H%M%S.db.zst") }).backup
end

---Smoke tests as a step. What OpenAI does has nothing to do with a migration.
function M.prove(name, page)
  step(name, { retries = 2, backoff = "10s" }, function()
    vibelog.smoke(page, { "openai" })
  end)
end

---Applies what is pending: production only behind staging, a review and a backup.
---`params` has folder, ask_first (false leaves the review out) and decide_within (nil: for ever).
---`is_staged`: staging was migrated and proved just before.
---@return table { applied, backup? } Ids in order, and the backup's id.
function M.apply(params, is_staged)
  local staging, production = database("staging"), database("main")
  local at_staging = is_staged and {} or staging:pending_migrations { folder = params.folder }
  local at_production = production:pending_migrations { folder = params.folder }
  if #at_staging > 0 then
    step("Migrate staging", function()
      staging:migrate { folder = params.folder }
      ensure(function() return #staging:pending_migrations { folder = params.folder } == 0 end,
        "Staging still has pending migrations.")
    end)
    M.prove("Prove staging", http("staging"))
  end
  if #at_production == 0 then return { applied = {} } end

  approve("Migrate production?", { role = "release-manager", detail = names(at_production),
    within = params.decide_within, otherwise = params.decide_within and "fail" or nil,
    when = function() return params.ask_first end })
  local taken = M.take_backup(production, "migration")
  local done = step("Migrate production", function()
    return production:migrate { folder = params.folder }
  end)
  M.prove("Prove production", http("site"))
  notify("team"):send { title = "Migrated",
    text = ("%s; the backup before is %s."):format(names(at_production), taken.id) }
  return { applied = done.applied, backup = taken.id }
end

return M

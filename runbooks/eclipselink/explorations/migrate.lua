-- Migrating under every fault: production is never migrated before staging, nor without a backup.
local clinic_world = require "clinic_world"

local both = { { id = "001_sbar_versions" }, { id = "002_sbar_versions_index" } }
local looked = { folder = "migrations" }

-- A simulator opens no folder, so what the databases say of migrations/ is given.
local function said()
  return { { arguments = looked, at = 0, value = both },
    { arguments = looked, at = 0, value = {}, times = 99 } }
end

local function migrated()
  return { { arguments = { folder = "migrations", lock_timeout = 5 }, at = 0, outcome = "done",
    value = { applied = { "001_sbar_versions", "002_sbar_versions_index" } } } }
end

return explore {
  runbook = "migrate",
  answers = { ["Migrate production?"] = "approve" },
  world = function()
    return clinic_world.open(world("production", { recorded = {
      ["database/staging:pending_migrations"] = said(),
      ["database/clinic:pending_migrations"] = said(),
      ["database/staging:migrate"] = migrated(), ["database/clinic:migrate"] = migrated(),
    } }))
  end,
  -- What was recorded cannot be looked for, as a database's own marker row can: where the host
  -- dies, a migration seems to happen twice here.
  without = { ["no change is repeated without leave"] = true },
  always = {
    ["production is migrated after staging, and after a backup"] = function(w)
      if w:times "database/clinic:migrate" == 0 then return true end
      return w:times "database/staging:migrate" > 0
        and #w.database.clinic:list_backups {} > 0
    end,
  },
}

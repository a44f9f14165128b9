-- Migrating under every fault: production is never migrated before staging, nor without a backup.
local vibelog_world = require "vibelog_world"

return explore {
  runbook = "migrate",
  answers = { ["Migrate production?"] = "approve" },
  world = function()
    return vibelog_world.open(vibelog_world.migrated(world, "production", { pending = true }))
  end,
  -- What was recorded cannot be looked for, as a database's own marker row can: where the host
  -- dies, a migration seems to happen twice here.
  without = { ["no change is repeated without leave"] = true },
  always = {
    ["production is migrated after staging, and after a backup"] = function(w)
      if w:times "database/main:migrate" == 0 then return true end
      return w:times "database/staging:migrate" > 0
        and #w.database.main:list_backups {} > 0
    end,
  },
}

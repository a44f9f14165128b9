-- Pending migrations: staging first, then a backup, then production. Each in its own transaction.
local backup = require "patterns.backup"
local clinic = require "clinic"

local function names(pending)
  local ids = {}
  for place, one in ipairs(pending) do ids[place] = one.id end
  return table.concat(ids, ", ")
end

return runbook {
  summary = "Apply pending migrations: staging, backup, production",
  targets = {
    ["database/staging"] = { "migrate" },
    ["database/clinic"] = { "backup", "migrate" },
    ["storage/backups"] = { "put" },
    ["http/staging"] = {},
    ["http/app"] = {},
    ["notify/team"] = { "send" },
  },
  parameters = {
    folder = { type = "string", default = "migrations", help = "where NNN_name.sql are" },
    ask_first = { type = "boolean", default = true, help = "ask before production" },
  },
  locks = { "database/clinic" },

  run = function(params)
    local staging, production = database("staging"), database("clinic")
    local at_staging = staging:pending_migrations { folder = params.folder }
    local at_production = production:pending_migrations { folder = params.folder }
    if #at_production == 0 and #at_staging == 0 then
      log("Nothing is pending.")
      return { applied = {} }
    end

    step("Migrate staging", function()
      staging:migrate { folder = params.folder }
      ensure(function() return #staging:pending_migrations { folder = params.folder } == 0 end,
        "Staging still has pending migrations.")
    end)
    step("Prove staging", function() clinic.smoke(http("staging")) end)
    if #at_production == 0 then return { applied = {} } end

    -- No longer than that, and no question afterwards: who waits holds the lock that a recovery
    -- of the database needs.
    step("Ask for production", { on_failure = "stop" }, function()
      approve("Migrate production?", { role = "release-manager", detail = names(at_production),
        within = "30m", otherwise = "fail", when = function() return params.ask_first end })
    end)
    local taken = backup.take(production, { to = storage("backups"), tables = clinic.tables,
      key = date("db_%Y%m%d_before_migration_%H%M%S") })
    local done = step("Migrate production", function()
      return production:migrate { folder = params.folder }
    end)
    step("Prove production", function() clinic.smoke(http("app")) end)

    notify("team"):send { title = "Migrated",
      text = ("%s; the backup before is %s."):format(names(at_production), taken.backup.id) }
    return { applied = done.applied, backup = taken.backup.id }
  end,
}

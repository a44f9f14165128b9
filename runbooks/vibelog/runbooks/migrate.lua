-- Migrations: staging first, a review, a backup, production. And back again, by two other people.
local approvals = require "patterns.approvals"
local migration = require "migration"

-- Reverting may throw data away that users have written since.
local function revert(params, production)
  local detail = ("The newest %d: %s"):format(params.count, params.reason)
  if params.people >= 2 then
    approvals.two_people("Revert migrations?", { role = "release-manager", detail = detail,
      people = params.people })
  else
    approve("Revert migrations?", { role = "release-manager", detail = detail,
      when = function() return params.people == 1 end })
  end
  local taken = migration.take_backup(production, "revert")
  local done = step("Revert migrations", function()
    return production:revert_migrations { folder = params.folder, count = params.count }
  end)
  migration.prove("Prove production", http("site"))
  notify("team"):send { severity = "warning", title = "Migrations reverted",
    text = ("%s: %s; the backup before is %s."):format(table.concat(done.reverted, ", "),
      params.reason, taken.id) }
  return { reverted = done.reverted, backup = taken.id }
end

return runbook {
  summary = "Apply pending migrations, or take the newest back",
  targets = {
    ["database/staging"] = { "migrate" },
    ["database/main"] = { "backup", "migrate", "revert_migrations" },
    ["storage/backups"] = { "put" },
    ["http/staging"] = {},
    ["http/site"] = {},
    ["notify/team"] = { "send" },
  },
  parameters = {
    direction = { type = "string", enum = { "apply", "revert" }, default = "apply" },
    folder = { type = "string", default = "migrations", help = "where NNN_name.sql are" },
    count = { type = "integer", default = 1, min = 1, help = "how many are reverted" },
    reason = { type = "string", default = "", help = "why they are reverted; everybody is told" },
    ask_first = { type = "boolean", default = true, help = "have migrations reviewed" },
    people = { type = "integer", default = 2, min = 0,
      help = "how many others must approve a revert" },
  },
  locks = { "database/main" },
  refuse = function(params)
    if params.direction == "revert" and params.reason == "" then
      return "Say why the migrations are reverted: reason=\"…\"."
    end
  end,

  run = function(params)
    ensure(run.environment ~= "production" or params.people >= 2 and params.ask_first,
      "In production a review, and of a revert two other people, are never left out.")
    if params.direction == "revert" then return revert(params, database("main")) end
    return migration.apply(params)
  end,
}

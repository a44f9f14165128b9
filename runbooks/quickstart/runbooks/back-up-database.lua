-- Back the shop's database up, with digests of its tables beside it: what a restore is compared to.
local tables = { "customers", "orders" }

return runbook {
  summary = "Back the shop's database up",
  targets = {
    ["database/shop"] = { "backup" },
    ["storage/backups"] = { "put" },
  },
  parameters = {
    name = { type = "string", required = true, pattern = "^[%w-]+$", max = 60,
      help = "what the backup is called, such as 2025-11-20-evening" },
  },
  locks = { "database/shop" },

  run = function(params)
    local db, backups = database("shop"), storage("backups")
    local key = params.name .. ".db.zst"

    local before = db:digests { tables = tables }
    local backup = step("Back up", { timeout = "30m" }, function()
      return db:backup { to = backups, key = key }
    end)
    step("Read it back", function()
      db:verify_backup { backup = backup.id }
    end)

    -- Digests belong to the backup only where nobody wrote while it was made.
    local after = db:digests { tables = tables }
    for name, digest in pairs(before) do
      if after[name] ~= digest then
        log(("%s changed meanwhile, so no digests are kept with %s."):format(name, key))
        return { key = key }
      end
    end
    step("Note the digests beside it", function()
      backups:put { key = key .. ".digests.json", body = json.encode(before),
        content_type = "application/json" }
    end)
    return { key = key }
  end,
}
